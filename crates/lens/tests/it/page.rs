//! Pages and calendars: everything said, nothing unsafe, the same in both languages.

use std::collections::{BTreeMap, BTreeSet};

use bezwaar_core::policy::PolicySet;
use bezwaar_lens::page::{FOLD_BYTES, File, Options, PAGE_BYTES_MAX, Speech, Words, calendar, safe_link, site};
use bezwaar_lens::plain::{Language, Texts};

use crate::{club, day, shipped};

fn speech(language: Language, words: Words) -> Speech {
    Speech { language, texts: Texts::of(language).unwrap(), words }
}

fn shipped_words(language: Language) -> Words {
    let path = format!("{}/../../policies/words.{}.toml", env!("CARGO_MANIFEST_DIR"), language.code());
    Words::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn made(policies: &PolicySet, contact: Option<&str>) -> BTreeMap<String, String> {
    let speeches = Language::ALL.map(|language| speech(language, shipped_words(language)));
    let files = site(policies, &speeches, Options { today: day("2026-11-22"), contact });
    let found: BTreeMap<String, String> = files.iter().map(|File { path, text }| (path.clone(), text.clone())).collect();
    assert_eq!(found.len(), files.len(), "no path stands twice");
    found
}

fn of_club(dates: [&str; 4], more: &str) -> PolicySet {
    let mut set = PolicySet::default();
    set.policies.insert("club".into(), club(dates, more));
    set
}

/// Tags in their order: every one that is opened is closed, in the right order.
fn assert_nested(path: &str, html: &str) {
    let mut open: Vec<&str> = Vec::new();
    for part in html.split('<').skip(1) {
        let (tag, _) = part.split_once('>').unwrap_or_else(|| panic!("{path}: {part}"));
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{path}: {tag}");
        } else if !["!DOCTYPE", "meta", "br", "img"].contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{path}: {open:?}");
}

/// The values of an attribute.
fn values<'h>(html: &'h str, name: &str) -> BTreeSet<&'h str> {
    html.split(&format!(" {name}=\"")).skip(1).filter_map(|part| part.split('"').next()).collect()
}

#[test]
fn the_shipped_pages_are_small_safe_and_lead_somewhere() {
    let files = made(&shipped(), Some("fouten@example.org"));
    for (path, html) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        assert!(html.len() < PAGE_BYTES_MAX, "{path}: {}", html.len());
        assert_nested(path, html);
        for word in ["<script", "javascript:", "onclick", "<iframe", "@import", "{title}", "{date}", "\u{e000}", "\u{e001}"] {
            assert!(!html.contains(word), "{path}: {word}");
        }
        assert!(html.contains("default-src 'none'") && html.contains("<html lang=\"") && html.contains("width=device-width"), "{path}");
        assert_eq!(html.matches("<h1>").count(), 1, "{path}");
        let ids = values(html, "id");
        assert_eq!(html.matches(" id=\"").count(), ids.len(), "{path}: an id stands twice");
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in values(html, "href").into_iter().chain(values(html, "src")) {
            let elsewhere = ["https://", "http://", "mailto:"].iter().any(|start| link.starts_with(start));
            let inside = link.strip_prefix('#').map(|id| ids.contains(id));
            let beside = match link.strip_prefix("../") {
                Some(rest) => rest.to_owned(),
                None if folder.is_empty() => link.to_owned(),
                None => format!("{folder}/{link}"),
            };
            assert!(elsewhere || inside.unwrap_or_else(|| files.contains_key(&beside)), "{path}: {link}");
        }
    }
    assert!(files["nl/x.html"].contains("href=\"mailto:fouten@example.org\""));
}

#[test]
fn both_languages_have_the_same_parts() {
    let files = made(&shipped(), None);
    for (path, dutch) in files.iter().filter(|(path, _)| path.starts_with("nl/") && path.ends_with(".html")) {
        let english = &files[&path.replace("nl/", "en/")];
        for tag in ["<h2", "<h3", "<dt>", "<dd>", "<li", "class=\"alarm\"", "class=\"control\""] {
            assert_eq!(dutch.matches(tag).count(), english.matches(tag).count(), "{path} {tag}");
        }
        assert!(dutch.contains("<html lang=\"nl\">") && english.contains("<html lang=\"en\">"));
        // What nobody translated says so to a screen reader.
        assert!(!english.contains("<span lang=\"en\">"));
    }
}

#[test]
fn what_the_file_says_is_on_the_page() {
    let files = made(&shipped(), None);
    let page = &files["nl/x.html"];
    for said in [
        "70 dagen zonder een manier om nee te zeggen (men is het niet eens: D1)",
        "Het verzamelen begon: 7 mei 2024",
        "Nee zeggen kan: 16 juli 2024",
        "Het bedrijf biedt geen manier om hier nee tegen te zeggen.",
        "Kon je al voor 16 juli 2024 bezwaar maken? (D1)",
        "X, bij de rechter: Vanaf mei konden mensen bezwaar maken",
        "Mensen van 18 jaar en ouder",
        "https://x.com/settings/grok_settings",
        "artikel 21 lid 1 van de AVG",
    ] {
        assert!(page.contains(said), "{said}");
    }
    let promised = &files["en/whatsapp.html"];
    assert!(promised.contains("It has been promised that this does not happen.") && promised.contains("You do not have to do anything."));
    let disputed = &files["en/x.html"];
    assert!(disputed.contains("Good sources differ on whether there is a way to say no to this."));
}

#[test]
fn what_is_disputed_is_not_said_as_known() {
    let files = made(&shipped(), None);
    let line = |page: &str, id: &str| {
        let head = files[page].split("</header>").nth(1).unwrap();
        let line = head.lines().find(|line| line.starts_with("<li>") && line.contains(&format!("href=\"#{id}\"")));
        line.unwrap_or_else(|| panic!("{page} {id}")).to_owned()
    };
    let whatsapp = line("nl/whatsapp.html", "whatsapp-meta-ai");
    assert!(whatsapp.contains("Men is het er niet over eens of dit gebeurt en of je nee kunt zeggen."), "{whatsapp}");
    assert!(whatsapp.contains("Omstreden: <a href=\"#D4\">D4</a>, <a href=\"#D5\">D5</a>."), "{whatsapp}");
    assert!(!files["nl/whatsapp.html"].contains("Je doet mee, tenzij je nee zegt."));
    let third = line("en/x.html", "x-third-parties");
    assert!(third.contains("You are included. Good sources differ on whether you can say no.") && third.contains("Disputed: "), "{third}");
    // A dispute about some people, some records or an old date leaves the answer and is named beside it.
    let posts = line("nl/x.html", "x-grok-posts");
    assert!(posts.contains("Je doet mee, tenzij je nee zegt.") && posts.contains("#D1") && posts.contains("#D2"), "{posts}");
    let meta = line("nl/meta.html", "meta-ai-interactions");
    assert!(meta.contains("Je doet mee, tenzij je nee zegt.") && meta.contains("#D5") && meta.contains("#D8"), "{meta}");
    let unknown = made(&of_club(["unknown", "2026-01-01", "unknown", "unknown"], ""), None);
    assert!(unknown["nl/club.html"].contains("Je doet mee. Het is niet duidelijk of je nee kunt zeggen."));
}

#[test]
fn only_a_quotation_from_its_own_text_is_in_a_companys_words() {
    let files = made(&shipped(), None);
    assert!(files["nl/meta.html"].contains("Waar het over gaat, in de woorden van het bedrijf: "));
    let whatsapp = &files["nl/whatsapp.html"];
    assert!(whatsapp.contains("Waar het over gaat, in onze woorden: ") && !whatsapp.contains("in de woorden van het bedrijf"));
    assert!(
        files["en/slack.html"].contains("What it covers, as described by others: ") || files["en/slack.html"].contains("in its own words")
    );
    let x = &files["en/x.html"];
    assert!(x.contains("What it covers, as described by others: ") && x.contains("(Press or another second-hand source)"));
}

#[test]
fn a_practice_is_no_text() {
    let policies = shipped();
    let text =
        calendar(&policies.policies["x"], &speech(Language::En, shipped_words(Language::En)), day("2026-11-22")).replace("\r\n ", "");
    let event = |uid: &str| text.split("BEGIN:VEVENT").find(|event| event.contains(uid)).unwrap();
    assert!(event("UID:x-2024-05-07").contains("X (EU\\, EEA): done from this day without a new text"));
    assert!(event("UID:x-2024-11-15").contains("X (EU\\, EEA): a new text is in force"));
    let setting = event("UID:x-grok-posts.control");
    assert!(setting.contains("DTSTART;VALUE=DATE:20240716") && setting.contains("you can say no from now on (disputed: D1)"), "{setting}");
    assert!(!event("UID:x-grok-posts.collection").contains("disputed"));
    let found = made(&policies, None);
    let chart = &found["nl/x.svg"];
    assert!(chart.contains("Gedaan zonder nieuwe tekst sinds: 7 mei 2024"));
    assert!(!chart.split("Versies van de tekst").nth(1).unwrap().split('<').next().unwrap().contains("7 mei 2024"));
}

#[test]
fn messages_are_named_for_what_they_are() {
    let files = made(&shipped(), None);
    let whatsapp = &files["nl/whatsapp.html"];
    assert!(whatsapp.contains("Berichten aan de AI in een chat en wat je een AI vraagt"));
    assert!(whatsapp.contains("Chatberichten, wie het ook kon zien"), "the promise is about chats between people");
    assert!(files["nl/reddit.html"].contains("berichten in open chats"));
}

#[test]
fn a_page_as_text() {
    let files = made(&of_club(["unknown", "2026-01-01", "2026-02-01", "never"], ""), None);
    let html = &files["nl/club.html"];
    let main = html.split("<main>").nth(1).unwrap().split("</main>").next().unwrap();
    let mut text = String::new();
    for part in main.split('<') {
        text.push_str(part.split_once('>').map_or("", |(_, text)| text));
    }
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(
        lines.join("\n"),
        "In het kort
The model &amp; &lt;more&gt;: Je doet mee. Het bedrijf biedt geen manier om nee te zeggen.
The model &amp; &lt;more&gt;
Wat
Berichten, als iedereen het kon zien.
Van wie
Mensen van elke leeftijd, waar ze ook wonen.
Wie het gebruikt
lab.
Waarvoor
Train.
Sinds wanneer
Al 294 dagen zonder een manier om nee te zeggen.
Aangekondigd: onbekend
De tekst geldt: 1 januari 2026
Het verzamelen begon: 1 februari 2026
Geen eigen knop of formulier bekend
Als je niets zegt
Je doet mee. Het bedrijf biedt geen manier om nee te zeggen.
Hoe je nee zegt
Het bedrijf biedt geen manier om hier nee tegen te zeggen.
Tot wanneer
Je kunt op elk moment bezwaar maken. Dat staat in artikel 21 lid 1 van de AVG. Hoe eerder, hoe beter. Voor zover bekend gaat wat een model heeft geleerd er niet meer uit.
Waarom het dit mag, volgens het bedrijf
Een eigen gerechtvaardigd belang. Daarom kun je bezwaar maken.
Hoe lang het wordt bewaard
Onbekend.
Als je het verwijdert
Onbekend.
Bronnen
[1]
Wat gebeurde wanneer
Zet deze datums in je agenda
Bronnen
S &amp; &lt;T&gt;. 1 december 2025. De tekst van het bedrijf zelf."
    );
    assert!(html.contains("<a href=\"https://club.example/?a&amp;b\">"));
}

#[test]
fn hostile_texts_stay_texts() {
    let promise = "promise = \"\\u001b<b onclick=x>\\u0022'&\"\ndeclared = \"non-use\"";
    let files = made(&of_club(["unknown", "2026-01-01", "never", "never"], promise), Some("<i>me</i> javascript:alert(1) a@b"));
    for (path, text) in &files {
        assert!(!text.contains("<b ") && !text.contains("<i>") && !text.contains('\u{1b}'), "{path}");
        assert!(!text.contains("href=\"javascript") && !text.contains("mailto:a@b"), "{path}");
    }
    for bad in ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://a b", "HTTPS:/x", ""] {
        assert_eq!(safe_link(bad), None, "{bad}");
    }
}

#[test]
fn colours_can_be_read() {
    let files = made(&of_club(["unknown", "unknown", "unknown", "never"], ""), None);
    let style = files["nl/club.html"].split("<style>").nth(1).unwrap();
    let luminance = |hex: &str| -> f64 {
        let full = if hex.len() == 3 { hex.chars().flat_map(|one| [one, one]).collect::<String>() } else { hex.to_owned() };
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(full.get(at..at + 2).unwrap(), 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
    };
    for theme in style.split(":root{").skip(1).take(2) {
        let colour = |name: &str| luminance(theme.split(&format!("--{name}:#")).nth(1).unwrap().split([';', '}']).next().unwrap());
        for (front, back) in [("ink", "paper"), ("soft", "paper"), ("link", "paper"), ("alarm", "paper"), ("ink", "box"), ("link", "box")] {
            let (left, right) = (colour(front), colour(back));
            let contrast = (left.max(right) + 0.05) / (left.min(right) + 0.05);
            assert!(contrast >= 4.5, "{front} on {back}: {contrast:.2}");
        }
    }
}

#[test]
fn calendars_keep_to_the_standard() {
    let policies = shipped();
    let mut events = 0;
    for policy in policies.policies.values() {
        for language in Language::ALL {
            let text = calendar(policy, &speech(language, shipped_words(language)), day("2026-11-22"));
            assert!(text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n") && text.ends_with("END:VCALENDAR\r\n"));
            assert!(text.split("\r\n").all(|line| line.len() <= FOLD_BYTES && !line.contains('\n')), "{}", policy.id);
            let unfolded = text.replace("\r\n ", "");
            let ids: Vec<&str> = unfolded.lines().filter(|line| line.starts_with("UID:")).collect();
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{}", policy.id);
            assert_eq!(ids.len(), text.matches("DTSTART;VALUE=DATE:").count());
            events += ids.len();
        }
    }
    assert!(events > 100, "{events}");
}

#[test]
fn an_event_moves_with_its_day_and_texts_are_escaped() {
    let of = |control: &str| {
        let mut policy = club(["unknown", "2026-01-01", "2026-02-01", control], "");
        policy.versions[0].uses[0].title = "A; b, c\\d".to_owned();
        calendar(&policy, &speech(Language::En, Words::default()), day("2026-11-22"))
    };
    let ids = |text: &str| text.lines().filter(|line| line.starts_with("UID:")).map(str::to_owned).collect::<Vec<_>>();
    let (first, second) = (of("2026-03-01"), of("2026-04-01"));
    assert_eq!(ids(&first), ids(&second));
    assert!(first.contains("DTSTART;VALUE=DATE:20260301\r\n") && second.contains("DTSTART;VALUE=DATE:20260401\r\n"));
    assert!(first.contains("SUMMARY;LANGUAGE=en:A\\; b\\, c\\\\d: collection began\r\n"), "{first}");
    assert_eq!(ids(&of("unknown")).len(), ids(&first).len() - 1, "an unknown day is no event");
}

#[test]
fn words_belong_to_a_text_and_errors_have_a_place() {
    let words = Words::parse("[text]\n\"The club\" = \"De club\"\n").unwrap();
    assert_eq!((words.lookup("The club"), words.lookup("The Club")), (Some("De club"), None));
    assert!(Words::parse("[texts]\na = \"b\"\n").unwrap_err().span().is_some());
}
