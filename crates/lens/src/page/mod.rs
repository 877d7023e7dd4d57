//! A page per policy that anyone can read, in Dutch and English, and a calendar of its dates.
//!
//! What a page says is what a policy file says, in the words of [`crate::plain`]: nothing is concluded, what is disputed is shown with who
//! says what, and what is unknown is called so. Pages need no script, fetch nothing from elsewhere, and read well on a phone.

mod calendar;
mod frame;
mod uses;
mod words;

use std::collections::BTreeSet;
use std::fmt::Write;

use bezwaar_core::policy::{Dispute, Policy, PolicySet, Source, Version, When};
use bezwaar_core::time::Day;

pub use calendar::{FOLD_BYTES, calendar};
pub use frame::{frame, safe_link};
pub use words::Words;

use crate::plain::{Language, Texts};
use crate::timeline::{svg, timeline};

pub(crate) use crate::timeline::escape;

/// Most bytes of a page that ships with the program's own policies; a test holds it.
pub const PAGE_BYTES_MAX: usize = 50_000;

/// Where something already escaped goes into a text: of private use, so that no text has it.
pub(crate) const MARK: &str = "\u{e000}";
const SECOND_MARK: &str = "\u{e001}";

/// A file of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path within the site.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What pages are made with.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Today.
    pub today: Day,
    /// Whom to write to when something is wrong: a mail address, a link or a sentence.
    pub contact: Option<&'a str>,
}

/// Texts of a language, and the words of its translators.
#[derive(Clone, Debug)]
pub struct Speech {
    /// The language.
    pub language: Language,
    /// The texts that come with the program.
    pub texts: Texts,
    /// What the policies' own texts are in this language, as far as somebody wrote it down.
    pub words: Words,
}

/// All files of a site: for each language a list, and for each policy a page, a chart and a calendar.
pub fn site(policies: &PolicySet, speeches: &[Speech], options: Options<'_>) -> Vec<File> {
    let mut files = Vec::new();
    for speech in speeches {
        let folder = speech.language.code();
        let mut entries = String::new();
        for policy in policies.policies.values() {
            let Some(version) = shown_version(policy, options.today) else { continue };
            let page = Page { policy, version, speech, options };
            let name = file_name(&policy.id);
            files.push(File { path: format!("{folder}/{name}.html"), text: page.html(speeches.len() > 1) });
            files.push(File {
                path: format!("{folder}/{name}.svg"),
                text: svg(&timeline(policy, options.today).said(|text| speech.words.say(text)), &speech.texts),
            });
            files.push(File { path: format!("{folder}/{name}.ics"), text: calendar(policy, speech, options.today) });
            let uses = version.uses.len().to_string();
            let key = if is_text(version) { "index-line" } else { "index-line-practice" };
            let line = speech.texts.page(key, &[("date", &speech.texts.day(version.effective)), ("uses", &uses)]);
            put(&mut entries, format_args!("<li><a href=\"{name}.html\">{}</a><br>{}</li>", page.title(), escape(&line)));
        }
        let title = speech.texts.page("site", &[]);
        let mut body = format!("<h1>{}</h1>\n<p class=\"lead\">{}</p>\n", escape(&title), escape(&speech.texts.page("index-lead", &[])));
        if speeches.len() > 1 {
            body.push_str(&other_language(speech, "index"));
        }
        put(&mut body, format_args!("<main><ul class=\"index\">\n{entries}</ul></main>"));
        files.push(File { path: format!("{folder}/index.html"), text: frame(folder, &title, "", &body) });
    }
    files.extend(entrance(speeches));
    files
}

/// A policy's page in one language, for who has a frame of their own.
#[derive(Clone, Debug)]
pub struct Article {
    /// The name its chart and calendar go by in links: `NAME.svg`, `NAME.ics`.
    pub name: String,
    /// What the policy is called, escaped.
    pub title: String,
    /// Who decides, a sentence, as plain text.
    pub controller: String,
    /// A list of uses, each with what silence means; links lead to places within the page (`#use`).
    pub short: String,
    /// The whole page without its frame: no `<main>` of its own, and headings from `<h1>`.
    pub html: String,
    /// The chart.
    pub svg: String,
    /// The calendar of dates.
    pub calendar: String,
    /// What each use is called, escaped, by its id, in the order of the policy.
    pub uses: Vec<(String, String)>,
}

/// The page of a policy as parts, by the version in force; nothing for a policy without versions.
pub fn article(policy: &Policy, speech: &Speech, options: Options<'_>) -> Option<Article> {
    let version = shown_version(policy, options.today)?;
    let page = Page { policy, version, speech, options };
    let html = page
        .inner(None)
        .replace("<main>", "<div>")
        .replace("</main>", "</div>")
        .replace("<footer>", "<div>")
        .replace("</footer>", "</div>");
    let html = html.replace("<header>", "<div>").replace("</header>", "</div>");
    Some(Article {
        name: file_name(&policy.id),
        title: page.title(),
        controller: page.say("controller", &[("controller", &version.controller)]),
        short: page.short(),
        html,
        svg: svg(&timeline(policy, options.today).said(|text| speech.words.say(text)), &speech.texts),
        calendar: calendar(policy, speech, options.today),
        uses: version.uses.iter().map(|one| (one.id.clone(), uses::title(&page, one))).collect(),
    })
}

/// The page that leads to the languages.
fn entrance(speeches: &[Speech]) -> Option<File> {
    let first = speeches.first()?;
    let mut body = format!("<h1>{}</h1>\n<ul class=\"index\">\n", escape(&first.texts.page("choose", &[])));
    for speech in speeches {
        let code = speech.language.code();
        let title = escape(&speech.texts.page("site", &[]));
        put(&mut body, format_args!("<li><a lang=\"{code}\" hreflang=\"{code}\" href=\"{code}/index.html\">{title}</a></li>"));
    }
    body.push_str("</ul>\n");
    let text = frame(first.language.code(), &first.texts.page("site", &[]), "", &body);
    Some(File { path: "index.html".to_owned(), text })
}

/// The version in force, or the first when none is yet.
fn shown_version(policy: &Policy, today: Day) -> Option<&Version> {
    policy.versions.iter().rev().find(|version| version.effective <= today).or(policy.versions.first())
}

/// Whether a version is a text. One that was never published is what the company does, written down without a text of its own.
pub(crate) fn is_text(version: &Version) -> bool {
    version.published != When::Never
}

/// A policy's id as a file name: ids are words of letters, digits and hyphens, and anything else becomes one.
fn file_name(id: &str) -> String {
    id.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '-' }).collect()
}

fn other_language(speech: &Speech, name: &str) -> String {
    let (code, other) = match speech.language {
        Language::Nl => ("en", "other-language"),
        Language::En => ("nl", "other-language"),
    };
    let words = escape(&speech.texts.page(other, &[]));
    format!("<p><a lang=\"{code}\" hreflang=\"{code}\" href=\"../{code}/{name}.html\">{words}</a></p>\n")
}

pub(crate) fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{line}");
}

/// One policy in one language.
pub(crate) struct Page<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) version: &'a Version,
    pub(crate) speech: &'a Speech,
    options: Options<'a>,
}

impl Page<'_> {
    pub(crate) fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.speech.texts.page(key, values)
    }

    /// A text of the policy file, which is in English, or what somebody wrote for it in this language.
    pub(crate) fn own(&self, text: &str) -> String {
        self.own_as(text, str::to_owned)
    }

    /// As [`Page::own`], with a change to the text in whichever language it is.
    pub(crate) fn own_as(&self, text: &str, change: impl Fn(&str) -> String) -> String {
        match (self.speech.words.lookup(text), self.speech.language) {
            (Some(words), _) => escape(&change(words)),
            (None, Language::En) => escape(&change(text)),
            (None, Language::Nl) => format!("<span lang=\"en\">{}</span>", escape(&change(text))),
        }
    }

    fn title(&self) -> String {
        self.own(&self.version.title)
    }

    fn html(&self, both: bool) -> String {
        let name = file_name(&self.policy.id);
        let (title, inner) = (self.plain_title(), self.inner(both.then(|| other_language(self.speech, &name)).as_deref()));
        let back = format!("<p><a href=\"index.html\">{}</a></p>\n", escape(&self.say("back", &[])));
        let body = inner.replacen("<header>\n", &format!("<header>\n{back}"), 1);
        frame(self.speech.language.code(), &title, "", &body)
    }

    fn plain_title(&self) -> String {
        let plain_title = self.speech.words.say(&self.version.title);
        self.speech.texts.page("title", &[("title", &plain_title)])
    }

    /// The page without the frame around it.
    fn inner(&self, after_back: Option<&str>) -> String {
        let texts = &self.speech.texts;
        let name = file_name(&self.policy.id);
        let mut body = "<header>\n".to_owned();
        body.push_str(after_back.unwrap_or_default());
        put(&mut body, format_args!("<h1>{}</h1>", escape(&self.plain_title())));
        put(&mut body, format_args!("<p class=\"lead\">{}</p>", escape(&self.say("lead", &[("today", &texts.day(self.options.today))]))));
        put(&mut body, format_args!("<p>{}</p>", escape(&self.say("controller", &[("controller", &self.version.controller)]))));
        body.push_str(&self.versions());
        if self.speech.language != Language::En {
            put(&mut body, format_args!("<p>{}</p>", escape(&self.say("english", &[]))));
        }
        body.push_str("</header>\n<main>\n");
        body.push_str(&self.short());
        for one in &self.version.uses {
            body.push_str(&uses::section(self, one));
        }
        body.push_str(&self.chart(&name));
        body.push_str(&self.claims());
        body.push_str(&self.disputes());
        if let Some(contact) = &self.version.contact {
            put(&mut body, format_args!("<h2 id=\"company\">{}</h2>\n<p>{}</p>", escape(&self.say("company", &[])), linked(contact)));
        }
        body.push_str(&self.sources());
        body.push_str("</main>\n<footer>\n");
        let wrong = match self.options.contact {
            Some(contact) => {
                let mark = MARK;
                escape_around(&self.say("wrong-contact", &[("contact", mark)]), mark, &linked(contact))
            }
            None => escape(&self.say("wrong-plain", &[])),
        };
        put(&mut body, format_args!("<h2>{}</h2>\n<p>{wrong}</p>", escape(&self.say("wrong", &[]))));
        put(&mut body, format_args!("<p>{}</p>\n</footer>", escape(&self.say("foot", &[]))));
        body
    }

    fn versions(&self) -> String {
        let texts = &self.speech.texts;
        let mark = MARK;
        let ahead = self.version.effective > self.options.today;
        let key = match is_text(self.version) {
            false => "version-practice",
            true if ahead => "version-ahead",
            true => "version",
        };
        let text = self.say(key, &[("date", &texts.day(self.version.effective)), ("summary", mark)]);
        let summary = self.own(&self.version.summary);
        let mut found = format!("<p>{}</p>\n", escape_around(&text, mark, &summary));
        let next = self.policy.versions.iter().find(|other| other.effective > self.version.effective);
        if let Some(next) = next {
            put(&mut found, format_args!("<p>{}</p>", escape(&self.say("version-next", &[("date", &texts.day(next.effective))]))));
        }
        found
    }

    /// A line for each use, with a link to it.
    fn short(&self) -> String {
        if self.version.uses.is_empty() {
            let empty = escape(&self.speech.texts.timeline("empty", &[]));
            return format!("<p>{empty}.</p>\n");
        }
        let mut found = format!("<h2>{}</h2>\n<ul>\n", escape(&self.say("short", &[])));
        for one in &self.version.uses {
            let silence = escape(&uses::silence(self, one));
            let (title, disputed) = (uses::title(self, one), uses::disputed(self, one));
            put(&mut found, format_args!("<li><a href=\"#{}\">{title}</a>: {silence}{disputed}</li>", file_name(&one.id)));
        }
        found.push_str("</ul>\n");
        found
    }

    fn chart(&self, name: &str) -> String {
        let (head, alt) = (escape(&self.say("chart", &[])), escape(&self.say("chart-alt", &[])));
        let calendar = escape(&self.say("calendar", &[]));
        format!(
            "<h2>{head}</h2>\n<p class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{head}\"><img src=\"{name}.svg\" alt=\"{alt}\" width=\"960\"></p>\n<p><a href=\"{name}.ics\">{calendar}</a></p>\n"
        )
    }

    fn claims(&self) -> String {
        if self.version.claims.is_empty() {
            return String::new();
        }
        let mut found = format!("<h2>{}</h2>\n", escape(&self.say("claims", &[])));
        for claim in &self.version.claims {
            put(&mut found, format_args!("<p>{} {}</p>", self.position(&claim.holder, &claim.says), self.cited(&claim.sources)));
        }
        found
    }

    fn disputes(&self) -> String {
        if self.version.disputes.is_empty() {
            return String::new();
        }
        let mut found = format!("<h2>{}</h2>\n<p>{}</p>\n", escape(&self.say("disputed", &[])), escape(&self.say("disputed-lead", &[])));
        for dispute in &self.version.disputes {
            put(&mut found, format_args!("<h3 id=\"{}\">{}</h3>\n<ul>", file_name(&dispute.id), self.question(dispute, false)));
            for position in &dispute.positions {
                let said = self.position(&position.holder, &position.says);
                put(&mut found, format_args!("<li>{said} {}</li>", self.cited(&position.sources)));
            }
            found.push_str("</ul>\n");
        }
        found
    }

    /// What is disputed, with its id; as a link to who says what, if asked for.
    pub(crate) fn question(&self, dispute: &Dispute, link: bool) -> String {
        let question = self.own(&dispute.question);
        let text = format!("{question} ({})", escape(&dispute.id));
        if link { format!("<a href=\"#{}\">{text}</a>", file_name(&dispute.id)) } else { text }
    }

    fn position(&self, holder: &str, says: &str) -> String {
        let (first, second) = (MARK, SECOND_MARK);
        let text = self.say("position", &[("holder", first), ("says", second)]);
        let (holder, says) = (self.own(holder), self.own(says));
        text.split(second).map(|part| escape_around(part, first, &holder)).collect::<Vec<_>>().join(&says)
    }

    /// Numbers that lead to the sources.
    pub(crate) fn cited(&self, ids: &[String]) -> String {
        let number = |id: &String| self.version.sources.iter().position(|source| source.id == *id).map(|place| place + 1);
        let numbers: BTreeSet<usize> = ids.iter().filter_map(number).collect();
        let links: Vec<String> = numbers.iter().map(|number| format!("<a href=\"#source-{number}\">[{number}]</a>")).collect();
        links.join(" ")
    }

    fn sources(&self) -> String {
        let mut found = format!("<h2>{}</h2>\n<ol>\n", escape(&self.say("sources", &[])));
        for (place, source) in self.version.sources.iter().enumerate() {
            put(&mut found, format_args!("<li id=\"source-{}\">{}</li>", place + 1, self.source(source)));
        }
        found.push_str("</ol>\n");
        found
    }

    fn source(&self, source: &Source) -> String {
        let texts = &self.speech.texts;
        let title = self.own(&source.title);
        let title = match safe_link(&source.url) {
            Some(url) => format!("<a href=\"{}\">{title}</a>", escape(url)),
            None => title,
        };
        let mark = MARK;
        let text = texts.page("source", &[("title", mark), ("date", &texts.when(source.date)), ("grade", &texts.grade(&source.grade))]);
        escape_around(&text, mark, &title)
    }
}

/// Escapes a text and puts what is already escaped in the place of a mark.
pub(crate) fn escape_around(text: &str, mark: &str, inner: &str) -> String {
    let parts: Vec<String> = text.split(mark).map(escape).collect();
    parts.join(inner)
}

/// A text in which links and mail addresses can be followed.
pub(crate) fn linked(text: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_end_matches([',', ';', '.']);
        let rest = word.get(bare.len()..).unwrap_or_default();
        let mail =
            bare.contains('@') && !bare.contains([':', '/', '<', '>']) && bare.split('@').nth(1).is_some_and(|host| host.contains('.'));
        match safe_link(bare) {
            Some(url) => format!("<a href=\"{0}\">{0}</a>{1}", escape(url), escape(rest)),
            None if mail => format!("<a href=\"mailto:{0}\">{0}</a>{1}", escape(bare), escape(rest)),
            None => escape(word),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
