//! Random policies, as the text people would write.

use std::fmt::Write as _;

use bezwaar_core::policy::PolicySet;
use bezwaar_core::policy::grammar::{AUDIENCES, CATEGORIES, RELATIONS};
use bezwaar_core::policy::read::{PolicyFile, read_policies};

use super::draw::Draw;

/// The services of random worlds: one of every way to write names.
pub const SERVICES: &str = r#"
[[service]]
id = "club"

[[service]]
id = "guild"
handles = "exact"
sentinels = ["Gone"]

[[service]]
id = "line"
digits = "phone"

[[service]]
id = "key"
digits = "opaque"
other = "opaque"
"#;

const DAYS: [&str; 7] = ["2024-01-10", "2024-02-29", "2024-03-15", "2024-03-31", "2024-04-01", "2024-05-01", "2024-06-20"];
const ZONES: [&str; 4] = ["UTC", "Europe/Dublin", "Asia/Kolkata", "America/New_York"];

/// One row as it is drawn; what it takes is kept when a later version has it again.
#[derive(Clone)]
struct Row {
    name: &'static str,
    recipients: Vec<&'static str>,
    data: String,
}

/// Random policies that can be read, as files and as read.
pub(super) fn policies(draw: &mut Draw) -> (Vec<PolicyFile>, PolicySet) {
    // A drawn set may contradict itself (a use takes what another took and does not say so); then another is drawn.
    for _ in 0..200 {
        let mut files = policy(draw, "club");
        if draw.chance(30) {
            files.extend(policy(draw, "guild"));
        }
        if let Ok(set) = read_policies(&files, Some(("services.toml", SERVICES))) {
            return (files, set);
        }
    }
    (Vec::new(), PolicySet::default())
}

fn policy(draw: &mut Draw, id: &str) -> Vec<PolicyFile> {
    let zone = draw.pick(&ZONES);
    let days = draw.some_or_one(&DAYS, 25);
    let mut rows: Vec<Row> = Vec::new();
    let mut files = Vec::new();
    for day in days.into_iter().take(3) {
        let text = version(draw, id, zone, day, &mut rows);
        files.push(PolicyFile { path: format!("policies/{id}/{day}.toml"), folder: id.to_owned(), stem: day.to_owned(), text });
    }
    files
}

fn version(draw: &mut Draw, policy: &str, zone: &str, day: &str, rows: &mut Vec<Row>) -> String {
    let mut text = format!(
        "format = 1\n\n[policy]\nid = \"{policy}\"\ntitle = \"T\"\ncontroller = \"C\"\nzone = \"{zone}\"\nservices = [\"club\"]\n\n\
         [version]\nid = \"{day}\"\npublished = \"unknown\"\neffective = \"{day}\"\nsummary = \"S\"\nsources = [\"s\"]\n\n\
         [[source]]\nid = \"s\"\ntitle = \"T\"\nurl = \"U\"\ndate = \"unknown\"\ngrade = \"P\"\n\n"
    );
    let protective = draw.some(RELATIONS, 50);
    let stated = draw.some(&protective, 50);
    put(&mut text, format_args!("[about]\nstated = {}\nprotective = {}\nsources = [\"s\"]\n\n", list(&stated), list(&protective)));
    for name in draw.some(&["gpc", "aipref", "tdm", "odd"], 35) {
        let means = draw.pick(&["no", "open", "nothing"]);
        put(&mut text, format_args!("[[signal]]\nname = \"{name}\"\nmeans = \"{means}\"\nsources = [\"s\"]\n\n"));
    }
    let controls: Vec<String> = draw.some(&["x", "y", "z"], 65).iter().map(|name| format!("{policy}/{name}")).collect();
    for control in &controls {
        let offered = early(draw);
        put(
            &mut text,
            format_args!(
                "[[control]]\nid = \"{control}\"\ntitle = \"T\"\nkind = \"form\"\nfirst_offered = \"{offered}\"\nsources = [\"s\"]\n\n"
            ),
        );
    }
    let names = draw.some_or_one(&["a", "b", "c"], 55);
    let mut carved: Vec<(&str, Vec<&str>)> = Vec::new();
    for name in names {
        let row = match rows.iter().find(|row| row.name == name) {
            Some(row) if draw.chance(75) => row.clone(),
            _ => draw_row(draw, name),
        };
        carved.push((name, one_use(draw, policy, &row, &controls, rows, &mut text)));
        rows.retain(|other| other.name != name);
        rows.push(row);
    }
    for id in draw.some(&["d1", "d2"], 40) {
        dispute(draw, policy, id, &carved, &mut text);
    }
    text
}

fn draw_row(draw: &mut Draw, name: &'static str) -> Row {
    let recipients = draw.pick(&[vec!["lab"], vec!["lab", "mill"], vec!["third:*"], vec!["third:one", "lab"]]);
    let mut categories = CATEGORIES.to_vec();
    draw.shuffle(&mut categories);
    let mut data = String::new();
    for _ in 0..=draw.below(3) {
        let most = 1 + draw.below(5);
        let keep = categories.len().saturating_sub(most);
        let own = categories.split_off(keep);
        if !own.is_empty() {
            put(&mut data, format_args!("[[use.data]]\ncategories = {}\n", list(&own)));
            if draw.chance(70) {
                let audience = draw.some_or_one(AUDIENCES, 45);
                put(&mut data, format_args!("audience = {}\n", list(&audience)));
            }
            data.push('\n');
        }
    }
    Row { name, recipients, data }
}

/// Writes a use; gives the ids of its carve-outs.
fn one_use(draw: &mut Draw, policy: &str, row: &Row, controls: &[String], older: &[Row], text: &mut String) -> Vec<&'static str> {
    let declared = draw.pick(&["text", "text", "text", "text", "text", "text", "text", "text", "text", "text", "practice", "non-use"]);
    let default = draw.pick(&["on", "on", "on", "on", "on", "off", "unknown"]);
    let controls = draw.some(controls, 75);
    let continues: Vec<String> = draw.some(older, 45).iter().map(|row| format!("{policy}/{}", row.name)).collect();
    let [announced, effective, offered] = [early(draw), early(draw), early(draw)];
    put(
        text,
        format_args!(
            "[[use]]\nid = \"{policy}/{}\"\ntitle = \"T\"\npurpose = \"P\"\nrecipients = {}\nlegal_basis = \"unknown\"\ndeclared = \"{declared}\"\n\
             default = \"{default}\"\ncontrols = {}\nannounced = \"{announced}\"\neffective = \"{effective}\"\ncollection_began = \"unknown\"\n\
             control_first_offered = \"{offered}\"\ncontinues = {}\nretention = \"R\"\non_deletion = \"D\"\nsources = [\"s\"]\n",
            row.name,
            list(&row.recipients),
            list(&controls),
            list(&continues),
        ),
    );
    if declared == "non-use" {
        text.push_str("promise = \"P\"\n");
    }
    if draw.chance(35) {
        put(text, format_args!("min_age = {}\n", draw.pick(&[13, 16, 18])));
    }
    if draw.chance(35) {
        put(text, format_args!("regions = {}\n", regions(draw)));
    }
    if draw.chance(20) {
        put(text, format_args!("registered = {}\n", draw.chance(60)));
    }
    text.push('\n');
    text.push_str(&row.data);
    let carved = draw.some(&["k1", "k2"], 25);
    for id in &carved {
        put(text, format_args!("[[use.carve_out]]\nid = \"{id}\"\ntitle = \"T\"\nfrom = \"{}\"\nsources = [\"s\"]\n", draw.pick(&DAYS)));
        if draw.chance(60) {
            put(text, format_args!("regions = {}\n", regions(draw)));
        }
        if draw.chance(70) {
            let mut ends = [draw.pick(&DAYS), draw.pick(&DAYS)];
            ends.sort_unstable();
            put(text, format_args!("window = {{ from = \"{}\", through = \"{}\" }}\n", ends[0], ends[1]));
        }
        text.push('\n');
    }
    carved
}

fn dispute(draw: &mut Draw, policy: &str, id: &str, carved: &[(&str, Vec<&str>)], text: &mut String) {
    let touched = match draw.some(carved, 60) {
        none if none.is_empty() => carved.to_vec(),
        some => some,
    };
    let uses: Vec<String> = touched.iter().map(|(name, _)| format!("{policy}/{name}")).collect();
    let handling = draw.pick(&["withhold", "withhold", "note"]);
    put(
        text,
        format_args!(
            "[[dispute]]\nid = \"{id}\"\nquestion = \"Q\"\nprotective = \"{handling}\"\nuses = {}\nsources = [\"s\"]\n",
            list(&uses)
        ),
    );
    if draw.chance(35) {
        put(text, format_args!("age_below = {}\n", draw.pick(&[13, 16, 18, 21])));
    }
    if draw.chance(50) {
        put(text, format_args!("regions = {}\n", regions(draw)));
    }
    let outside = ["k1", "k2"].into_iter().find(|carve| touched.iter().all(|(_, own)| own.contains(carve)));
    if let Some(carve) = outside.filter(|_| draw.chance(80)) {
        put(text, format_args!("outside = \"{carve}\"\n"));
    }
    text.push('\n');
    for holder in ["A", "B"] {
        put(text, format_args!("[[dispute.position]]\nholder = \"{holder}\"\nsays = \"S\"\nsources = [\"s\"]\n\n"));
    }
}

/// A day, mostly an early one, or a word.
fn early(draw: &mut Draw) -> &'static str {
    if draw.chance(75) {
        return draw.pick(&["2023-12-01", "2024-01-10"]);
    }
    draw.pick(&["2024-02-29", "2024-04-01", "2024-06-20", "unknown", "never"])
}

fn regions(draw: &mut Draw) -> &'static str {
    draw.pick(&["[\"EEA\"]", "[\"EU\"]", "[\"NL\", \"US\"]", "[\"GB\"]", "[\"EEA\", \"GB\"]", "[]"])
}

fn list<T: AsRef<str>>(words: &[T]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{}\"", word.as_ref())).collect();
    format!("[{}]", quoted.join(", "))
}

/// Appends to a text, which cannot fail.
fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(what);
}
