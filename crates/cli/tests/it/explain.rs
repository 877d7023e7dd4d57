use insta::assert_snapshot;

use crate::bezwaar::{Bench, args};

const CHOICES: &str = r#"{"id":"o-1","person":"club:1001","act":"object","uses":["club/*"],"received_at":"2026-02-01T23:30:00Z","channel":"form"}
{"id":"l-1","person":"club:1001","act":"link","to":"choir:Noor","received_at":"2026-01-15T00:00:00Z"}
{"id":"s-1","person":"club:5","act":"set","control":"club/switch","to":"off","received_at":"2026-03-08T08:00:00Z"}
{"id":"g-1","person":"club:5","act":"signal","signal":"gpc","received_at":"2026-03-09T08:00:00Z"}
{"id":"e-1","person":"club:6","act":"erase","items":["p-6"],"by":"parent","received_at":"2026-04-01T08:00:00Z"}
"#;
pub(crate) const FACTS: &str = r#""created_at":"2024-01-01T00:00:00Z","collected_at":"2024-02-01T00:00:00Z","author_age":40,"region":"BE""#;

fn explain(lang: &str, use_id: &str, reading: &str, item: &str) -> String {
    let bench = Bench::new();
    bench.write("choices.jsonl", CHOICES);
    let question =
        ["--policies", "policies", "--choices", "choices.jsonl", "--use", use_id, "--recipient", "lab", "--at", "2026-06-01T00:00:00Z"];
    bench.run_with(&args("explain", &question, &["--lang", lang, "--reading", reading]), item)
}

pub(crate) fn both(use_id: &str, reading: &str, item: &str) -> String {
    format!("{}\n\n{}", explain("nl", use_id, reading, item), explain("en", use_id, reading, item))
}

#[test]
fn an_own_objection() {
    let item = format!(r#"{{"id":"p-1","author":"club:1001","category":"comment","audience":"public",{FACTS}}}"#);
    assert_snapshot!(both("club/model", "protective", &item), @"
    exit code 0
    --- stdout
    Deze reactie gaat niet mee.

    De vraag was: mag lab op 1 juni 2026 deze reactie krijgen voor ‘The club's model’?
    We keken in het beleid ‘The reading club’, de versie van 1 januari 2026.
    Bij twijfel gaat iets niet mee.

    Waarom
    - Je hebt op 2 februari 2026 bezwaar gemaakt. Daarom gaat deze reactie niet mee.

    Wat je kunt doen
    - Je bezwaar blijft gelden. Bedenk je je? Dan kun je het intrekken.

    De dagen zijn geteld volgens de klok in Europe/Amsterdam.
    Dat iets meegaat, betekent alleen dat we niets weten wat ertegen pleit. Het is geen wettelijke grondslag.

    exit code 0
    --- stdout
    This comment is left out.

    The question was: may lab have this comment for “The club's model” on 1 June 2026?
    We looked it up in “The reading club”, the version of 1 January 2026.
    When there is doubt, it is left out.

    Why
    - You objected on 2 February 2026. That is why this comment is left out.

    What you can do
    - Your objection keeps counting. If you change your mind, you can take it back.

    The days are counted by the clock in Europe/Amsterdam.
    Keep means that nothing we know speaks against it; it is not a legal basis.
    ");
}

#[test]
fn let_through() {
    let item = format!(r#"{{"id":"p-1","author":"club:1","category":"photo","audience":"public",{FACTS}}}"#);
    assert_snapshot!(both("club/model", "stated", &item), @"
    exit code 0
    --- stdout
    Deze foto gaat mee. We weten niets wat ertegen pleit.

    De vraag was: mag lab op 1 juni 2026 deze foto krijgen voor ‘The club's model’?
    We keken in het beleid ‘The reading club’, de versie van 1 januari 2026.
    We keken alleen naar de tekst van het bedrijf zelf.

    Wat je kunt doen
    - Wil je dit niet? Dan kun je op elk moment bezwaar maken. Je hoeft niet uit te leggen waarom.
    - Zo doe je dat: ‘Objection form’, https://club.example/object

    De dagen zijn geteld volgens de klok in Europe/Amsterdam.
    Dat iets meegaat, betekent alleen dat we niets weten wat ertegen pleit. Het is geen wettelijke grondslag.

    exit code 0
    --- stdout
    This photo is let through. We know of nothing that speaks against it.

    The question was: may lab have this photo for “The club's model” on 1 June 2026?
    We looked it up in “The reading club”, the version of 1 January 2026.
    We went by the company's own text and nothing else.

    What you can do
    - If you do not want this, you can object at any time. You do not have to say why.
    - The way to do it: “Objection form”, https://club.example/object

    The days are counted by the clock in Europe/Amsterdam.
    Keep means that nothing we know speaks against it; it is not a legal basis.
    ");
}

#[test]
fn much_at_once() {
    let item = r#"{"id":"p-1","author":"choir:Noor","category":"post","audience":"restricted","created_at":"2025-03-10","author_age":"15-20",
        "region":"NL","about":[{"person":"club:1001","as":"quote"}],"deleted_at":"2026-05-01"}"#;
    assert_snapshot!(both("club/model", "consent", &item.replace('\n', "")), @"
    exit code 0
    --- stdout
    Dit bericht gaat niet mee.

    De vraag was: mag lab op 1 juni 2026 dit bericht krijgen voor ‘The club's model’?
    We keken in het beleid ‘The reading club’, de versie van 1 januari 2026.
    Zonder een ja van jou gaat er niets mee.

    Waarom
    - Je hebt op 2 februari 2026 bezwaar gemaakt met een ander account van jou. Dat telt hier ook.
    - Dit gaat ook iemand anders aan, en die heeft nee gezegd.
    - Je hebt dit op 1 mei 2026 verwijderd.
    - Dit bericht was niet openbaar. Alleen wat openbaar is, mag worden gebruikt.
    - Het valt onder ‘The pause of March’. Dat geldt sinds 1 januari 2026. Daarom gaat dit bericht niet mee.
    - Hiervoor is een ja nodig, en dat hebben we niet gevonden.
    - We weten niet zeker of je al 16 was toen dit werd verzameld.
    - Niet iedereen is het eens over deze vraag: May chats of people under 18 be used? Volgens The club: Yes, from 16. Volgens Its members: No. Misschien gaat dat over jou: we weten niet zeker hoe oud je was.

    Wat je kunt doen
    - Je bezwaar blijft gelden. Bedenk je je? Dan kun je het intrekken.
    - Dit verandert alleen als je zelf toestemming geeft voor precies dit gebruik.
    - We zeggen niet wie die ander is. Het nee van die ander telt even zwaar als dat van jou.
    - Zolang dit niet duidelijk is, gaat het niet mee.

    De dagen zijn geteld volgens de klok in Europe/Amsterdam.
    Dat iets meegaat, betekent alleen dat we niets weten wat ertegen pleit. Het is geen wettelijke grondslag.

    exit code 0
    --- stdout
    This post is left out.

    The question was: may lab have this post for “The club's model” on 1 June 2026?
    We looked it up in “The reading club”, the version of 1 January 2026.
    Without a yes of your own, it is left out.

    Why
    - You objected on 2 February 2026 under another account that belongs to you. That counts here too.
    - It concerns somebody else too, and that person said no.
    - You deleted it on 1 May 2026.
    - This post was not public. Only what is public may be used.
    - It falls under “The pause of March”. That has applied since 1 January 2026, and it keeps this post out.
    - This needs a yes, and we have not found one.
    - We do not know for sure that you were 16 or older when it was collected.
    - Not everybody agrees on this question: May chats of people under 18 be used? According to The club: Yes, from 16. According to Its members: No. It may be about you: we do not know for sure how old you were.

    What you can do
    - Your objection keeps counting. If you change your mind, you can take it back.
    - Only a yes of your own to this very use changes that.
    - We do not say who the other person is. Their no weighs as much as yours.
    - As long as this is not settled, it stays out.

    The days are counted by the clock in Europe/Amsterdam.
    Keep means that nothing we know speaks against it; it is not a legal basis.
    ");
}

#[test]
fn a_setting_and_a_signal() {
    let item = format!(r#"{{"id":"p-1","author":"club:5","category":"post","audience":"public",{FACTS}}}"#);
    assert_snapshot!(both("club/model", "protective", &item), @"
    exit code 0
    --- stdout
    Dit bericht gaat niet mee.

    De vraag was: mag lab op 1 juni 2026 dit bericht krijgen voor ‘The club's model’?
    We keken in het beleid ‘The reading club’, de versie van 1 januari 2026.
    Bij twijfel gaat iets niet mee.

    Waarom
    - Je hebt ‘Training switch’ op 8 maart 2026 uitgezet.
    - Je browser of app gaf op 9 maart 2026 het signaal ‘gpc’ af. Dat telt als nee.

    Wat je kunt doen
    - De instelling blijft uit tot je die zelf weer aanzet.
    - Het signaal blijft tellen tot je zelf ja zegt tegen precies dit gebruik.

    De dagen zijn geteld volgens de klok in Europe/Amsterdam.
    Dat iets meegaat, betekent alleen dat we niets weten wat ertegen pleit. Het is geen wettelijke grondslag.

    exit code 0
    --- stdout
    This post is left out.

    The question was: may lab have this post for “The club's model” on 1 June 2026?
    We looked it up in “The reading club”, the version of 1 January 2026.
    When there is doubt, it is left out.

    Why
    - You switched “Training switch” off on 8 March 2026.
    - Your browser or app sent the signal “gpc” on 9 March 2026. We count it as a no.

    What you can do
    - The setting stays off until you switch it on yourself.
    - The signal keeps counting until you say yes to this very use yourself.

    The days are counted by the clock in Europe/Amsterdam.
    Keep means that nothing we know speaks against it; it is not a legal basis.
    ");
}

#[test]
fn another_persons_no_is_not_told() {
    let item = format!(
        r#"{{"id":"p-1","author":"club:1","category":"post","audience":"public","about":[{{"person":"club:1001","as":"mention"}}],{FACTS}}}"#
    );
    let shown = both("club/model", "protective", &item);
    assert!(!shown.contains("o-1") && !shown.contains("februari") && !shown.contains("1001"), "{shown}");
    assert_snapshot!(shown, @"
    exit code 0
    --- stdout
    Dit bericht gaat niet mee.

    De vraag was: mag lab op 1 juni 2026 dit bericht krijgen voor ‘The club's model’?
    We keken in het beleid ‘The reading club’, de versie van 1 januari 2026.
    Bij twijfel gaat iets niet mee.

    Waarom
    - Dit gaat ook iemand anders aan, en die heeft nee gezegd.

    Wat je kunt doen
    - We zeggen niet wie die ander is. Het nee van die ander telt even zwaar als dat van jou.
    - Je kunt ook zelf bezwaar maken. Dan hangt het niet meer af van deze regels. Je hoeft niet uit te leggen waarom.
    - Zo doe je dat: ‘Objection form’, https://club.example/object

    De dagen zijn geteld volgens de klok in Europe/Amsterdam.
    Dat iets meegaat, betekent alleen dat we niets weten wat ertegen pleit. Het is geen wettelijke grondslag.

    exit code 0
    --- stdout
    This post is left out.

    The question was: may lab have this post for “The club's model” on 1 June 2026?
    We looked it up in “The reading club”, the version of 1 January 2026.
    When there is doubt, it is left out.

    Why
    - It concerns somebody else too, and that person said no.

    What you can do
    - We do not say who the other person is. Their no weighs as much as yours.
    - You can object yourself too. Then it no longer depends on these rules. You do not have to say why.
    - The way to do it: “Objection form”, https://club.example/object

    The days are counted by the clock in Europe/Amsterdam.
    Keep means that nothing we know speaks against it; it is not a legal basis.
    ");
    let joint = format!(r#"{{"id":"p-1","author":["club:1","club:1001"],"category":"post","audience":"public",{FACTS}}}"#);
    let shown = both("club/model", "protective", &joint);
    assert!(!shown.contains("februari") && !shown.contains("February"), "{shown}");
    assert_snapshot!(shown, @"
    exit code 0
    --- stdout
    Dit bericht gaat niet mee.

    De vraag was: mag lab op 1 juni 2026 dit bericht krijgen voor ‘The club's model’?
    We keken in het beleid ‘The reading club’, de versie van 1 januari 2026.
    Bij twijfel gaat iets niet mee.

    Waarom
    - Jij, of iemand met wie je dit maakte, heeft bezwaar gemaakt.

    Wat je kunt doen
    - Je kunt ook zelf bezwaar maken. Dan hangt het niet meer af van deze regels. Je hoeft niet uit te leggen waarom.
    - Zo doe je dat: ‘Objection form’, https://club.example/object

    De dagen zijn geteld volgens de klok in Europe/Amsterdam.
    Dat iets meegaat, betekent alleen dat we niets weten wat ertegen pleit. Het is geen wettelijke grondslag.

    exit code 0
    --- stdout
    This post is left out.

    The question was: may lab have this post for “The club's model” on 1 June 2026?
    We looked it up in “The reading club”, the version of 1 January 2026.
    When there is doubt, it is left out.

    Why
    - You, or somebody you made it with, objected.

    What you can do
    - You can object yourself too. Then it no longer depends on these rules. You do not have to say why.
    - The way to do it: “Objection form”, https://club.example/object

    The days are counted by the clock in Europe/Amsterdam.
    Keep means that nothing we know speaks against it; it is not a legal basis.
    ");
}

#[test]
fn erased_by_a_parent() {
    let item = format!(r#"{{"id":"p-6","author":"club:6","category":"post","audience":"public",{FACTS}}}"#);
    assert_snapshot!(both("club/model", "stated", &item), @"
    exit code 0
    --- stdout
    Dit bericht gaat niet mee.

    De vraag was: mag lab op 1 juni 2026 dit bericht krijgen voor ‘The club's model’?
    We keken in het beleid ‘The reading club’, de versie van 1 januari 2026.
    We keken alleen naar de tekst van het bedrijf zelf.

    Waarom
    - Iemand heeft dit op 1 april 2026 namens jou laten wissen.

    Wat je kunt doen
    - Je hoeft niets te doen.

    De dagen zijn geteld volgens de klok in Europe/Amsterdam.
    Dat iets meegaat, betekent alleen dat we niets weten wat ertegen pleit. Het is geen wettelijke grondslag.

    exit code 0
    --- stdout
    This post is left out.

    The question was: may lab have this post for “The club's model” on 1 June 2026?
    We looked it up in “The reading club”, the version of 1 January 2026.
    We went by the company's own text and nothing else.

    Why
    - Somebody had it erased on your behalf on 1 April 2026.

    What you can do
    - You do not have to do anything.

    The days are counted by the clock in Europe/Amsterdam.
    Keep means that nothing we know speaks against it; it is not a legal basis.
    ");
}

fn find(more: &[&str], items: &str) -> String {
    let question =
        ["--policies", "policies", "--choices", "none", "--use", "club/model", "--recipient", "lab", "--at", "2026-06-01T00:00:00Z"];
    let shown = Bench::new().run_with(&args("explain", &question, more), items);
    shown.lines().filter(|line| !line.starts_with('-') || line.starts_with("---")).take(4).collect::<Vec<_>>().join("\n")
}

#[test]
fn which_item() {
    let items = "{\"id\":\"p-1\"}\n{\"id\":\"p-2\",\"category\":\"photo\"}\n{\"id\":\"p-1\"}\nnot json\n";
    assert_snapshot!(find(&["--item", "p-2"], items), @"
    exit code 0
    --- stdout
    This photo is left out.
    ");
    assert_snapshot!(find(&[], items), @"
    exit code 2
    --- stderr
    error: `stdin` holds more than one item
    help: say which one with `--item ID`
    ");
    assert_snapshot!(find(&["--item", "p-1"], items), @"
    exit code 1
    --- stderr
    error: lines 1 and 3 of `stdin` have this id
    help: give every item an id of its own, or pass the line that is meant alone
    ");
    assert_snapshot!(find(&["--item", "p-3"], items), @"
    exit code 1
    --- stderr
    note: 1 line of `stdin` could not be read, nor its id told
    error: no item in `stdin` has this id
    ");
    assert_snapshot!(find(&[], ""), @"
    exit code 1
    --- stderr
    error: `stdin` holds no item
    ");
}

#[test]
fn the_language_of_the_environment() {
    let bench = Bench::new();
    bench.write("items.jsonl", "{\"id\":\"p-1\"}");
    let question =
        ["--policies", "policies", "--choices", "none", "--use", "club/model", "--recipient", "lab", "--at", "2026-06-01T00:00:00Z"];
    for (name, value, expect) in [("LANG", "nl_NL.UTF-8", "Dit stuk"), ("LC_ALL", "nl_BE", "Dit stuk"), ("LANG", "fr_FR", "This record")] {
        let output = bench.command(&args("explain", &question, &["items.jsonl"])).env(name, value).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with(expect), "{name}={value}: {text}");
    }
}
