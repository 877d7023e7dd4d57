//! `bezwaar demo`: the two-minute proof. It prints the ordinary subcommands it runs, and what came of them.

mod cheats;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bezwaar_gate::job::Job;
use bezwaar_gate::{Engine, Manifest};
use serde_json::Value;

use crate::commands::gate::run_job;
use crate::error::{Error, Kind, grouped};
use crate::printer::Printer;
use crate::report::{Run, page};

/// See what it does, in two minutes
///
/// Run four proofs with the ordinary subcommands: two real policies over one post, the day before and the day after; a real corpus
/// under real policies and under a good one; one objection, with exactly what leaves because of it; and a register whose operator
/// cheats four ways, with who catches each. Start it in the project's folder.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Find policies and examples in this folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
    /// Write everything into this folder, which is emptied first
    #[arg(long, value_name = "DIR", default_value = "out/demo")]
    out: PathBuf,
}

/// Marks a folder as ours to empty.
const MARK: &str = ".bezwaar-demo";

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let demo = Demo { project: &args.project, out: &args.out };
    demo.begin()?;
    demo.articles(printer)?;
    let mut runs = demo.corpus(printer)?;
    runs.extend(demo.one_objection(printer)?);
    demo.cheats(printer)?;
    let shown: Vec<Run<'_>> =
        runs.iter().map(|(name, manifest)| Run { name: name.clone(), manifest: manifest.value(), tally: manifest.tally() }).collect();
    let report = args.out.join("report.html");
    let intro = "300 public mailing-list posts under three policies and three readings, and a made corpus before and after one objection.";
    std::fs::write(&report, page("Bezwaar: the demo", intro, &shown)).map_err(|error| Error::cannot_write(&report, &error))?;
    printer.line("")?;
    printer.line(&format!("Report, with charts: {}", report.display()))?;
    printer.line(&format!("Next: bezwaar gate --check {}", args.out.join("mails-meta-protective.toml").display()))
}

struct Demo<'a> {
    project: &'a Path,
    out: &'a Path,
}

/// A use on the two days around a date of its own.
struct Turn {
    what: &'static str,
    use_id: &'static str,
    recipient: &'static str,
    days: [(&'static str, &'static str); 2],
}

/// Noon in UTC is the same legal day in Dublin and Amsterdam.
const TURNS: [Turn; 4] = [
    Turn {
        what: "X, third parties",
        use_id: "x/third-parties",
        recipient: "third:lab",
        days: [("14 Nov 2024", "2024-11-14T12:00:00Z"), ("15 Nov 2024", "2024-11-15T12:00:00Z")],
    },
    Turn {
        what: "X, Grok",
        use_id: "x/grok-posts",
        recipient: "xai",
        days: [("14 Nov 2024", "2024-11-14T12:00:00Z"), ("15 Nov 2024", "2024-11-15T12:00:00Z")],
    },
    Turn {
        what: "Meta, public content",
        use_id: "meta/public-content",
        recipient: "meta-ai",
        days: [("26 May 2025", "2025-05-26T12:00:00Z"), ("27 May 2025", "2025-05-27T12:00:00Z")],
    },
    Turn {
        what: "WhatsApp, Meta AI",
        use_id: "whatsapp/meta-ai",
        recipient: "meta-ai",
        days: [("19 Mar 2025", "2025-03-19T12:00:00Z"), ("20 Mar 2025", "2025-03-20T12:00:00Z")],
    },
];

/// One public post of an adult in the Netherlands, made before any of it and collected outside X's undertaking.
const POST: &str = r#"{"id":"post-1","author":"facebook:1001","category":"post","audience":"public","created_at":"2019-03-01T10:00:00Z","collected_at":"2024-10-01T00:00:00Z","author_age":34,"region":"NL","registered":true}"#;

const READINGS: [&str; 3] = ["stated", "protective", "consent"];

impl Demo<'_> {
    /// Empties the folder, if it is ours, and writes the post.
    fn begin(&self) -> Result<(), Error> {
        let failed = |error: std::io::Error| Error::cannot_write(self.out, &error);
        if self.out.exists() {
            let ours = self.out.join(MARK).exists() || self.out.read_dir().map_err(failed)?.next().is_none();
            if !ours {
                let error = Error::user(format!("`{}` was not made by the demo", self.out.display()));
                return Err(error.with_help("name another folder with --out; the demo empties its folder first"));
            }
            std::fs::remove_dir_all(self.out).map_err(failed)?;
        }
        for needed in ["policies", "examples/real/mails.jsonl", "examples/community/policies"] {
            if !self.project.join(needed).exists() {
                let error = Error::user(format!("there is no `{needed}` in `{}`", self.project.display()));
                return Err(error.with_help("start the demo in the project's folder, or name it with --project"));
            }
        }
        std::fs::create_dir_all(self.out).map_err(failed)?;
        self.write(MARK, "")?;
        self.write("post.jsonl", &format!("{POST}\n"))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.out.join(name);
        std::fs::write(&path, text).map_err(|error| Error::cannot_write(&path, &error))
    }

    /// Runs a subcommand of this very program.
    fn start(&self, arguments: &[&str]) -> Result<Output, Error> {
        let program =
            std::env::current_exe().map_err(|error| Error::new(Kind::Internal, format!("the program cannot find itself: {error}")))?;
        let output = Command::new(program).args(arguments).output();
        output.map_err(|error| Error::new(Kind::Internal, format!("the program cannot start itself: {error}")))
    }

    /// Runs a subcommand that must succeed, and gives what it printed.
    fn call(&self, arguments: &[&str]) -> Result<String, Error> {
        let output = self.start(arguments)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            let first = arguments.first().copied().unwrap_or_default();
            return Err(Error::user(format!("`bezwaar {first}` failed")).with_parts(said.lines().map(str::to_owned).collect()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a subcommand that may fail: its exit code, and all it printed.
    fn ends(&self, arguments: &[&str]) -> Result<(Option<i32>, String), Error> {
        let output = self.start(arguments)?;
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Ok((output.status.code(), said))
    }

    fn path(&self, name: &str) -> String {
        self.out.join(name).display().to_string()
    }

    /// (a) The two articles as a table.
    fn articles(&self, printer: &mut Printer) -> Result<(), Error> {
        printer.line("1  One public post of an adult in the Netherlands, who said nothing: the day before, and the day itself.")?;
        printer.line(
            "   $ bezwaar decide --policies policies --choices none --use USE --recipient WHO --at DAY --reading READING post.jsonl",
        )?;
        printer.line(&format!("   {:<22}{:<13}{:<21}{:<36}{}", "", "", "stated", "protective", "consent"))?;
        let (policies, post) = (self.project.join("policies").display().to_string(), self.path("post.jsonl"));
        for turn in &TURNS {
            for (place, (day, at)) in turn.days.iter().enumerate() {
                let mut cells = Vec::new();
                let mut before: Vec<String> = Vec::new();
                for reading in READINGS {
                    let arguments = [
                        "decide",
                        "--policies",
                        &policies,
                        "--choices",
                        "none",
                        "--use",
                        turn.use_id,
                        "--recipient",
                        turn.recipient,
                        "--at",
                        at,
                        "--reading",
                        reading,
                        &post,
                    ];
                    let codes = codes_of(&self.call(&arguments)?);
                    let fresh: Vec<String> = codes.iter().filter(|code| !before.contains(code)).cloned().collect();
                    cells.push(match (codes.is_empty(), before.is_empty()) {
                        (true, _) => "KEEP".to_owned(),
                        (false, true) => codes.join(" "),
                        (false, false) if fresh.is_empty() => "the same".to_owned(),
                        (false, false) => format!("+ {}", fresh.join(" ")),
                    });
                    before = codes;
                }
                let what = if place == 0 { turn.what } else { "" };
                let [stated, protective, consent] = cells.as_slice() else { continue };
                printer.line(format!("   {what:<22}{day:<13}{stated:<21}{protective:<36}{consent}").trim_end())?;
            }
        }
        printer.line("   stated: the controller's own text. protective: where law or facts are disputed, no. consent: silence is no.")?;
        printer.line("")
    }

    /// A job file of the demo, opened and run.
    fn gate(&self, name: &str, text: &str, printer: &mut Printer) -> Result<Manifest, Error> {
        self.write(&format!("{name}.toml"), text)?;
        let engine = Engine::open(Job::open(&self.out.join(format!("{name}.toml")))?)?;
        run_job(&engine, printer)
    }

    fn extract(&self, policies: &str, choices: &str, key: &str, new: bool, through: &str, output: &str) -> Result<(), Error> {
        let (key, output) = (self.path(key), self.path(output));
        let mut arguments =
            vec!["extract", "--policies", policies, "--choices", choices, "--key", &key, "--through", through, "--output", &output];
        if new {
            arguments.push("--new-key");
        }
        self.call(&arguments).map(|_| ())
    }

    /// (b) Real input under real policies and a good one.
    fn corpus(&self, printer: &mut Printer) -> Result<Vec<(String, Manifest)>, Error> {
        printer.line("2  300 real posts to public mailing lists, under two real policies and under one of a community that asks first.")?;
        printer
            .line("   $ bezwaar extract …; bezwaar gate mails-POLICY-READING.toml                kept of 300, and what holds back most")?;
        let real = self.project.join("policies").display().to_string();
        let community = self.project.join("examples/community/policies").display().to_string();
        let choices = self.project.join("examples/real/choices.jsonl").display().to_string();
        let mut runs = Vec::new();
        let mut first = true;
        for (what, policies, use_id, recipient, short) in [
            ("X, own models", &real, "x/own-ml", "x", "x"),
            ("Meta, public content", &real, "meta/public-content", "meta-ai", "meta"),
            ("community, asks first", &community, "community/open-model", "community-lab", "community"),
        ] {
            let extract = format!("mails-{short}.extract");
            self.extract(policies, &choices, "mails.key", first, "2026-02-01T00:00:00Z", &extract)?;
            first = false;
            let mut cells = Vec::new();
            let mut why = String::new();
            for reading in READINGS {
                let name = format!("mails-{short}-{reading}");
                let text =
                    mails_job(&name, policies, use_id, recipient, reading, &extract, &self.project.join("examples/real/mails.jsonl"));
                let manifest = self.gate(&name, &text, printer)?;
                cells.push(grouped(manifest.tally().kept));
                if reading == "protective" {
                    let mut codes = manifest.tally().codes();
                    codes.sort_by_key(|(_, count)| std::cmp::Reverse(count.any));
                    why = codes.iter().take(2).map(|(code, count)| format!("{code} {}", grouped(count.any))).collect::<Vec<_>>().join(", ");
                }
                runs.push((format!("{what}: {reading}"), manifest));
            }
            let [stated, protective, consent] = cells.as_slice() else { continue };
            printer.line(&format!("   {what:<22}stated {stated:>3}   protective {protective:>3}   consent {consent:>3}     {why}"))?;
        }
        printer.line("   X names no way to say no to this use; Meta's text asks for adults in the EEA, and a mailing list knows neither age nor place.")?;
        printer.line("   The objections and consents here are made up, the posts are not: see examples/real/README.md.")?;
        printer.line("")?;
        Ok(runs)
    }

    /// (c) One objection: exactly her records leave, and what quotes her.
    fn one_objection(&self, printer: &mut Printer) -> Result<Vec<(String, Manifest)>, Error> {
        let policies = self.project.join("policies").display().to_string();
        let (made, at) = (self.path("made"), "2025-05-27T00:00:00Z");
        let absolute = std::path::absolute(self.project.join("policies")).unwrap_or_default().display().to_string();
        self.call(&[
            "generate",
            "--seed",
            "526",
            "--people",
            "400",
            "--items",
            "8000",
            "--through",
            at,
            "--policies",
            &absolute,
            "--out",
            &made,
        ])?;
        let choices = self.path("made/choices.jsonl");
        self.extract(&policies, &choices, "made.key", true, at, "before.extract")?;
        let before = self.gate("made-before", &items_job("before", &absolute), printer)?;
        let items = self.read_items("made/items.jsonl")?;
        let kept_before = self.read_items("gated-before/items.jsonl")?;
        let acted: BTreeSet<String> = self
            .lines("made/choices.jsonl")?
            .iter()
            .flat_map(|act| ["person", "to"].map(|key| act.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()))
            .collect();
        let Some(her) = chosen(&kept_before, &acted) else {
            return Err(Error::new(Kind::Internal, "the made corpus has nobody who posts and is quoted"));
        };
        let old = std::fs::read_to_string(self.out.join("made/choices.jsonl")).map_err(|error| Error::cannot_read(self.out, &error))?;
        let act = serde_json::json!({"id": "her-1", "person": her, "act": "object", "uses": ["meta/public-content"], "received_at": "2025-05-26T21:50:00Z", "channel": "form", "by": "self"});
        self.write("choices-after.jsonl", &format!("{old}{act}\n"))?;
        self.extract(&policies, &self.path("choices-after.jsonl"), "made.key", false, at, "after.extract")?;
        let after = self.gate("made-after", &items_job("after", &absolute), printer)?;
        let kept_after = self.read_items("gated-after/items.jsonl")?;
        let gone: Vec<&String> = kept_before.keys().filter(|id| !kept_after.contains_key(*id)).collect();
        let came: usize = kept_after.keys().filter(|id| !kept_before.contains_key(*id)).count();
        let by_her = gone.iter().filter(|id| items.get(**id).is_some_and(|item| author_is(item, &her))).count();
        let about_her = gone.iter().filter(|id| items.get(**id).is_some_and(|item| !author_is(item, &her) && is_about(item, &her))).count();
        let hers = kept_before.values().filter(|item| author_is(item, &her) || is_about(item, &her)).count();
        printer
            .line("3  One objection. On 26 May 2025 at 23:50 in Amsterdam one person, of 400, objects to Meta's use of public content.")?;
        printer.line("   $ bezwaar generate …; bezwaar extract …; bezwaar gate made-before.toml; bezwaar gate made-after.toml")?;
        printer.line(&format!(
            "   {} records: {} pass without her objection, {} with it.",
            grouped(before.tally().read),
            grouped(before.tally().kept),
            grouped(after.tally().kept)
        ))?;
        printer.line(&format!(
            "   Gone: {by_her} written by her, {about_her} by others that quote, tag or show her. Everything else that moved: {}.",
            gone.len() - by_her - about_her + came
        ))?;
        if by_her + about_her != gone.len() || came != 0 || gone.len() != hers {
            return Err(
                Error::new(Kind::Integrity, "one objection moved other records than hers").with_help("this is a bug: please report it")
            );
        }
        Ok(vec![("before her objection".to_owned(), before), ("after her objection".to_owned(), after)])
    }

    fn lines(&self, name: &str) -> Result<Vec<Value>, Error> {
        let path = self.out.join(name);
        let text = std::fs::read_to_string(&path).map_err(|error| Error::cannot_read(&path, &error))?;
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    fn read_items(&self, name: &str) -> Result<BTreeMap<String, Value>, Error> {
        let items = self.lines(name)?.into_iter();
        Ok(items.filter_map(|item| Some((item.get("id")?.as_str()?.to_owned(), item))).collect())
    }
}

/// The codes of the one decision a subcommand printed.
fn codes_of(printed: &str) -> Vec<String> {
    let decision: Value = serde_json::from_str(printed.trim()).unwrap_or_default();
    let reasons = decision.get("reasons").and_then(Value::as_array);
    reasons.into_iter().flatten().filter_map(|reason| reason.get("code")?.as_str().map(str::to_owned)).collect()
}

fn author_is(item: &Value, person: &str) -> bool {
    item.get("author").is_some_and(|author| author == person || author.as_array().is_some_and(|list| list.iter().any(|one| one == person)))
}

/// Whether a record quotes, tags or shows a person, in the ways that count for Meta in the protective reading.
fn is_about(item: &Value, person: &str) -> bool {
    let about = item.get("about").and_then(Value::as_array);
    about.into_iter().flatten().any(|one| match one.get("person") {
        Some(named) => {
            named == person && matches!(one.get("as").and_then(Value::as_str), Some("mention" | "quote" | "depict" | "forwarder"))
        }
        None => one == person,
    })
}

/// Somebody who said nothing yet, posts several times, and stands in what others posted: the first in the order of names.
fn chosen(kept: &BTreeMap<String, Value>, acted: &BTreeSet<String>) -> Option<String> {
    let mut posts: BTreeMap<&str, usize> = BTreeMap::new();
    for author in kept.values().filter_map(|item| item.get("author")?.as_str()) {
        *posts.entry(author).or_default() += 1;
    }
    let named = posts.into_iter().filter(|(person, count)| (3..=40).contains(count) && !acted.contains(*person));
    let mut quoted = named.filter(|(person, _)| kept.values().any(|item| !author_is(item, person) && is_about(item, person)));
    quoted.next().map(|(person, _)| person.to_owned())
}

/// A path as a TOML text, absolute: the job lies in another folder.
fn quoted(path: &str) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
    // A JSON text is a TOML basic string too.
    serde_json::Value::from(absolute.display().to_string()).to_string()
}

fn mails_job(name: &str, policies: &str, use_id: &str, recipient: &str, reading: &str, extract: &str, mails: &Path) -> String {
    format!(
        r#"# Made by `bezwaar demo`; the same map as examples/real/mails.job.toml.
[job]
name = "{name}"
[question]
policies = {policies}
use = "{use_id}"
recipient = "{recipient}"
reading = "{reading}"
[extract]
path = "{extract}"
key = "mails.key"
allow_unsigned = true
[[input]]
paths = [{mails}]
format = "jsonl"
[input.map]
id = {{ column = "id" }}
author = {{ column = "from", service = "list", kind = "opaque" }}
about = [ {{ column = ["quoted", "[]"], service = "list", kind = "opaque", as = "quote" }} ]
category = {{ const = "post", because = "a post to a public mailing list" }}
audience = {{ const = "public", because = "the headers of these lists name an archive that anyone can read" }}
created_at = {{ column = "date" }}
[output]
path = "{name}"
[expect]
matched_min = 0
"#,
        policies = quoted(policies),
        mails = quoted(&mails.display().to_string()),
    )
}

fn items_job(when: &str, policies: &str) -> String {
    format!(
        r#"# Made by `bezwaar demo`.
[job]
name = "made corpus, {when} her objection"
[question]
policies = {policies}
use = "meta/public-content"
recipient = "meta-ai"
[extract]
path = "{when}.extract"
key = "made.key"
allow_unsigned = true
[[input]]
paths = ["made/items.jsonl"]
format = "items"
[output]
path = "gated-{when}"
"#,
        policies = quoted(policies),
    )
}
