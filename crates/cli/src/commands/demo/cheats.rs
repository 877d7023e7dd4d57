//! (d) The operator cheats four ways. Each cheat is carried out with the real keys on real files, and each is caught by an ordinary subcommand.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use bezwaar_core::Holdings;
use bezwaar_core::time::DAY_MICROS;
use bezwaar_ledger::entry::EntryKind;
use bezwaar_ledger::extract::{ExtractOptions, Signer, write_signed_extract};
use bezwaar_ledger::opening::document_hash;
use bezwaar_ledger::receipt::{Claim, Receipt};
use bezwaar_ledger::tlog::proof_file::ProofFile;
use bezwaar_register::release::SealOrder;
use serde_json::{Value, json};

use super::{Demo, POST};
use crate::clock::now;
use crate::commands::register::extract::{read_extract, threads};
use crate::error::{Error, Kind};
use crate::files::{Readers, write_file};
use crate::inputs::load_choices;
use crate::printer::Printer;
use crate::site::{Site, SiteArgs};

/// The person of the first part objects, and so does somebody else.
const OBJECTIONS: [&str; 3] = [
    r#"{"id":"hers","person":"facebook:1001","act":"object","uses":["meta/*"],"received_at":"2025-05-26T21:50:00Z","channel":"form"}"#,
    r#"{"id":"anothers","person":"facebook:1002","act":"object","received_at":"2025-05-26T22:50:00Z","channel":"form"}"#,
    r#"{"id":"made-up","person":"facebook:1003","act":"object","received_at":"2025-05-26T22:55:00Z","channel":"form"}"#,
];

/// Everything the operator and those who check have, in the demo's folder.
struct Scene<'a> {
    demo: &'a Demo<'a>,
    register: String,
    trust: String,
    operator: String,
}

impl Demo<'_> {
    /// (d) Four cheats of an operator who has all the keys, and who catches each.
    pub(super) fn cheats(&self, printer: &mut Printer) -> Result<(), Error> {
        printer.line("")?;
        printer
            .line("4  The operator of a register, who has all its keys, cheats her four ways. Each is really done, and each is caught.")?;
        printer
            .line("   $ bezwaar register init …; register import …; prove inclusion …; register extract …; gate …; release subjects …")?;
        let scene = Scene {
            demo: self,
            register: self.path("cheats/register"),
            trust: self.path("cheats/register/public/trust.policy"),
            operator: self.path("cheats/register/public/operator.vkey"),
        };
        scene.begin()?;
        scene.drops_it(printer)?;
        scene.dates_it_later(printer)?;
        scene.puts_a_record_back(printer)?;
        scene.shows_another_ledger(printer)
    }
}

impl Scene<'_> {
    fn path(&self, name: &str) -> String {
        self.demo.path(&format!("cheats/{name}"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.demo.out.join("cheats").join(name)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        self.demo.write(&format!("cheats/{name}"), text)
    }

    fn read(&self, name: &str) -> Result<String, Error> {
        let path = self.file(name);
        std::fs::read_to_string(&path).map_err(|error| Error::cannot_read(&path, &error))
    }

    fn site(&self, printer: &mut Printer) -> Result<Site, Error> {
        SiteArgs { register: PathBuf::from(&self.register) }.open(printer)
    }

    /// What the public knows whom to believe by.
    fn believing(&self) -> [&str; 4] {
        ["--trust", &self.trust, "--operator", &self.operator]
    }

    /// An honest register with her objection, her receipt, a release without her, and a copy of the register from before she came.
    fn begin(&self) -> Result<(), Error> {
        let folder = self.file("");
        std::fs::create_dir_all(&folder).map_err(|error| Error::cannot_write(&folder, &error))?;
        let [hers, anothers, made_up] = OBJECTIONS;
        self.write("choices.jsonl", &format!("{hers}\n{anothers}\n"))?;
        self.write("without-her.jsonl", &format!("{anothers}\n"))?;
        self.write("other-choices.jsonl", &format!("{anothers}\n{made_up}\n"))?;
        let (register, choices, receipt) = (&self.register, self.path("choices.jsonl"), self.path("her.tlog-proof"));
        let (anchor, policies) = (self.path("anchor"), self.demo.project.join("policies").display().to_string());
        let call = |arguments: &[&str]| self.demo.call(arguments).map(|_| ());
        call(&["register", "init", register, "--origin", "register.example/demo", "--anchor", &anchor, "--policies", &policies])?;
        self.copy_register()?;
        call(&["register", "import", register, &choices])?;
        call(&["prove", "inclusion", register, "hers", "--output", &receipt])?;
        // The ledger as a friend of hers and a witness are shown it.
        let seen = self.read("register/public/checkpoint")?;
        self.write("friends.checkpoint", &seen)?;
        let vkey = self.demo.call(&["witness", "key", "--name", "witness.example/demo", "--output", &self.path("witness.key")])?;
        self.write("witness.vkey", &vkey)?;
        call(&self.witness(&self.ledger_key()?, "register").iter().map(String::as_str).collect::<Vec<_>>())?;
        // Nobody has seen the ledger but its operator and that witness, whom no policy names: everything is recorded, and holds.
        self.caught(&[&["verify", &receipt], self.believing().as_slice()].concat(), 6, "not witnessed")?;
        call(&["register", "extract", register, "--output", &self.path("people.extract")])?;
        call(&["register", "openings", register, "--output", &self.path("openings.jsonl")])
    }

    /// The whole register once more, under the same keys, with an anchor of its own.
    fn copy_register(&self) -> Result<(), Error> {
        copy_folder(&self.file("register"), &self.file("other-register"))?;
        copy_folder(&self.file("anchor"), &self.file("other-anchor"))?;
        let settings = self.read("register/register.toml")?;
        let (anchor, other) = (quoted(&self.file("anchor")), quoted(&self.file("other-anchor")));
        self.write("other-register/register.toml", &settings.replace(&anchor, &other))
    }

    /// The public key of the ledger, from the trust policy it publishes.
    fn ledger_key(&self) -> Result<String, Error> {
        let policy = self.read("register/public/trust.policy")?;
        let key = policy.lines().find_map(|line| line.strip_prefix("log ")).and_then(|rest| rest.split_whitespace().next());
        key.map(str::to_owned).ok_or_else(|| Error::new(Kind::Internal, "the ledger's trust policy names no ledger"))
    }

    /// The witness looks at what a register publishes.
    fn witness(&self, ledger: &str, register: &str) -> [String; 11] {
        let (state, key, from) = (self.path("witness"), self.path("witness.key"), self.path(&format!("{register}/public")));
        ["witness", "follow", "--state", &state, "--key", &key, "--ledger", ledger, "--from", &from, "--once"].map(str::to_owned)
    }

    /// Whoever checks runs this, and is told so in these words.
    fn caught(&self, arguments: &[&str], code: i32, words: &str) -> Result<(), Error> {
        let (ended, said) = self.demo.ends(arguments)?;
        if ended == Some(code) && said.contains(words) {
            return Ok(());
        }
        let first = arguments.first().copied().unwrap_or_default();
        Err(Error::new(Kind::Integrity, format!("`bezwaar {first}` did not say what it should of a cheat"))
            .with_parts(said.lines().map(str::to_owned).collect())
            .with_help("this is a bug: please report it"))
    }

    /// What the operator does, and who catches it.
    fn told(printer: &mut Printer, what: &str, how: &str, catches: &[(&str, i32, &str)]) -> Result<(), Error> {
        printer.line(&format!("   {what:<22}{how}"))?;
        for (who, code, words) in catches {
            printer.line(&format!("   {:<22}{who}, exit {code}: \"{words}\"", ""))?;
        }
        Ok(())
    }

    /// (1) An extract of this very ledger, signed, in which she is left out.
    fn drops_it(&self, printer: &mut Printer) -> Result<(), Error> {
        let site = self.site(printer)?;
        let policies = site.policies(printer)?;
        let choices = load_choices(&self.file("without-her.jsonl"), &policies, printer)?.choices;
        let honest = read_extract(&self.file("people.extract"))?;
        let header = honest.header().clone();
        let options = ExtractOptions {
            through: header.through,
            expires_at: header.expires_at,
            services: header.services.clone(),
            covers: header.covers.clone(),
        };
        let (Ok(keys), Ok(operator), Some(from)) =
            (site.register.keys().subject_keys(), site.register.keys().operator(), header.checkpoint)
        else {
            return Err(Error::new(Kind::Internal, "the register has just made an extract, and has no keys for one"));
        };
        let mut bytes = Vec::new();
        write_signed_extract(&Holdings::resolve(&choices), &keys, &options, (&from, &Signer::Key(operator)), &mut bytes)
            .map_err(|error| Error::new(Kind::Internal, error.to_string()))?;
        write_file(&self.file("without-her.extract"), &bytes, Readers::Owner)?;
        drop(site);
        let (extract, openings, key) = (self.path("without-her.extract"), self.path("openings.jsonl"), self.path("register/keys/root.key"));
        let ledger = self.path("register/public");
        let words = "a row is missing; somebody was left out";
        let audit = ["audit", "--openings", &openings, "--key", &key, "--ledger", &ledger, "--extract", &extract];
        self.caught(&[audit.as_slice(), &self.believing()].concat(), 5, words)?;
        let how = "signs an extract of the same ledger, without her";
        Self::told(printer, "drops her objection", how, &[("a supervisor: bezwaar audit", 5, words)])
    }

    /// (2) Her receipt, with another date in it.
    fn dates_it_later(&self, printer: &mut Printer) -> Result<(), Error> {
        let receipt = self.read("her.tlog-proof")?;
        let wrong = |error: &dyn std::fmt::Display| Error::new(Kind::Internal, error.to_string());
        let proof = ProofFile::parse(receipt.as_bytes()).map_err(|error| wrong(&error))?;
        let mut claim = Claim::from_bytes(proof.extra()).map_err(|error| wrong(&error))?;
        // The first word of the operator is left out, since it has the right date.
        claim.acceptance = None;
        claim.body = String::from_utf8_lossy(&claim.body).replace("2025-05-26T21:50:00Z", "2025-05-28T21:50:00Z").into_bytes();
        let later = Receipt::recorded(claim, proof).and_then(|later| later.to_bytes()).map_err(|error| wrong(&error))?;
        self.write("later.tlog-proof", &String::from_utf8_lossy(&later))?;
        let words = "the proof leads to another root than the tree has";
        self.caught(&[&["verify", &self.path("later.tlog-proof")], self.believing().as_slice()].concat(), 5, words)?;
        let how = "gives her a receipt dated two days later, under the same signed checkpoint";
        Self::told(printer, "dates it later", how, &[("she: bezwaar verify", 5, words)])
    }

    /// (3) A record that was withheld lies in the release, and the manifest is made to fit before it is sealed.
    fn puts_a_record_back(&self, printer: &mut Printer) -> Result<(), Error> {
        self.release_without_her()?;
        let (job, list) = (self.path("job.toml"), self.path("subjects.jsonl"));
        let record = format!("{}{POST}\n", self.read("release/items.jsonl")?);
        self.write("release/items.jsonl", &record)?;
        let mut manifest: Value = serde_json::from_str(&self.read("release/manifest.json")?).unwrap_or_default();
        let sum: String =
            document_hash(EntryKind::Seal, record.as_bytes()).unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect();
        for (pointer, value) in [
            ("/outputs/0/rows", json!(3)),
            ("/outputs/0/bytes", json!(record.len())),
            ("/outputs/0/sha256", json!(sum)),
            ("/counts/kept", json!(3)),
            ("/counts/withheld", json!(0)),
            ("/counts/reasons", json!({})),
        ] {
            if let Some(place) = manifest.pointer_mut(pointer) {
                *place = value;
            }
        }
        self.write("release/manifest.json", &format!("{manifest}\n"))?;
        // The operator's own program does the sealing: no check of ours stands between him and his keys.
        self.seal(printer)?;
        self.demo.call(&["release", "subjects", &self.register, &job, "--release", "1", "--output", &list])?;
        self.demo.call(&["release", "key", "--name", "lab.example/demo", "--output", &self.path("lab.key")])?;
        let words = "records of 3 people, and the seal is about others: 2 of them";
        let (folder, key, note) = (self.path("release"), self.path("lab.key"), self.path("lab.note"));
        let sign = ["release", "countersign", &folder, "--key", &key, "--as", "recipient", "--output", &note];
        self.caught(&[sign.as_slice(), &self.believing(), &["--subjects", &list, "--job", &job]].concat(), 5, words)?;
        let how = "slips her post into the release after the gate, makes the manifest fit, and seals both";
        Self::told(printer, "puts a record back", how, &[("the recipient: bezwaar release countersign", 5, words)])
    }

    /// The gate keeps two posts of three.
    fn release_without_her(&self) -> Result<(), Error> {
        let of = |number: u32| POST.replace("post-1", &format!("post-{number}")).replace("facebook:1001", &format!("facebook:200{number}"));
        self.write("items.jsonl", &format!("{POST}\n{}\n{}\n", of(2), of(3)))?;
        let key = self.read("register/public/operator.vkey")?;
        self.write(
            "job.toml",
            &format!(
                r#"# Made by `bezwaar demo`.
[job]
name = "three posts"
[question]
policies = "register/policies"
use = "meta/public-content"
recipient = "meta-ai"
[extract]
path = "people.extract"
key = "register/keys/root.key"
signed_by = {key}
[[input]]
paths = ["items.jsonl"]
format = "items"
[output]
path = "release"
subjects = "subjects.txt"
"#,
                key = Value::from(key.trim())
            ),
        )?;
        self.demo.call(&["gate", &self.path("job.toml")]).map(|_| ())
    }

    /// Seals what lies there without looking at it.
    fn seal(&self, printer: &mut Printer) -> Result<(), Error> {
        let (manifest, subjects) = (self.read("release/manifest.json")?, self.read("subjects.txt")?);
        let mut site = self.site(printer)?;
        let order = SealOrder { manifest: manifest.as_bytes(), use_within_micros: 30 * DAY_MICROS, threads: threads() };
        let sealed = site
            .register
            .seal(&order, &mut BufReader::new(subjects.as_bytes()), now(), &mut |_| ())
            .map_err(|error| Error::new(Kind::Internal, error.to_string()))?;
        self.write("release/seal.json", &String::from_utf8_lossy(&sealed.json))?;
        self.write("release/seal.note", &sealed.note.to_string())?;
        write_file(&self.file("release/seal.tlog-proof"), &sealed.proof.to_bytes(), Readers::Anyone)
    }

    /// (4) A second ledger under the same key, as long as the first one, in which she never objected.
    fn shows_another_ledger(&self, printer: &mut Printer) -> Result<(), Error> {
        let other = self.path("other-register");
        self.demo.call(&["register", "import", &other, &self.path("other-choices.jsonl")])?;
        let (public, held) = (self.path("other-register/public"), self.path("friends.checkpoint"));
        // Alone it is without a fault: whoever sees only this one is told that nobody else has.
        self.caught(&[&["verify", &public], self.believing().as_slice()].concat(), 6, "others may be shown another ledger")?;
        let words = "forked: somebody else was shown another ledger";
        self.caught(&[&["verify", &public, "--against", &held], self.believing().as_slice()].concat(), 5, words)?;
        let follow = self.witness(&self.ledger_key()?, "other-register");
        let seen = "the ledger has signed two trees of which neither continues the other";
        self.caught(&follow.iter().map(String::as_str).collect::<Vec<_>>(), 5, seen)?;
        let how = "signed by the same key, without her objection; seen alone it holds (exit 6: not witnessed)";
        let catches =
            [("she, with a friend's checkpoint: bezwaar verify --against", 5, words), ("a witness: bezwaar witness follow", 5, seen)];
        Self::told(printer, "shows another ledger", how, &catches)
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(to).map_err(|error| Error::cannot_write(to, &error))?;
    // A register refuses keys that others may read.
    let rights = from.metadata().map_err(|error| Error::cannot_read(from, &error))?.permissions();
    std::fs::set_permissions(to, rights).map_err(|error| Error::cannot_write(to, &error))?;
    for entry in from.read_dir().map_err(|error| Error::cannot_read(from, &error))? {
        let path = entry.map_err(|error| Error::cannot_read(from, &error))?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_folder(&path, &target)?;
        } else {
            std::fs::copy(&path, &target).map_err(|error| Error::cannot_write(&target, &error))?;
        }
    }
    Ok(())
}

/// A path as it stands in a register's settings.
fn quoted(path: &Path) -> String {
    Value::from(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()).to_string()
}
