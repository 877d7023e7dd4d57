//! The twelve cheats of `docs/threat-model.md`, each played by an operator who has every key and every file, and caught by the check the table names.
//! What an honest operator would have got is asserted too, so that a check that refuses everything does not pass.

use std::num::NonZeroUsize;
use std::path::Path;

use bezwaar_core::account::{Account, Services};
use bezwaar_core::choice::Choice;
use bezwaar_core::time::{DAY_MICROS, Instant};
use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::event::{Event, Void, VoidReason};
use bezwaar_ledger::extract::{Extract, ExtractOptions, Signer, write_signed_extract};
use bezwaar_ledger::opening::{Opening as Opened, Salt, document_hash};
use bezwaar_ledger::receipt::{Claim, Receipt};
use bezwaar_ledger::tlog::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use bezwaar_ledger::tlog::cosignature::{PosixSeconds, cosign};
use bezwaar_ledger::tlog::note::{KeyName, Note, SignatureType, SigningKey};
use bezwaar_ledger::tlog::proof::{MemoryTree, inclusion_proof};
use bezwaar_ledger::tlog::proof_file::ProofFile;
use bezwaar_ledger::tlog::tile::{Bundle, new_tiles, push_entry};
use bezwaar_register::engine::doctor::Health;
use bezwaar_register::engine::{NewRecord, Opening, Parts, Register};
use bezwaar_register::extracts::{EXPIRES_AFTER_MICROS, ExtractOrder, ExtractsError};
use bezwaar_register::folder;
use bezwaar_register::openings::OpeningsError;
use bezwaar_register::randomness::{Randomness, RandomnessError};
use bezwaar_register::release::{EXTRACT_AGE_MICROS_MAX, ManifestProblem, SealError, SealOrder, Sealed, USE_WITHIN_MICROS};
use bezwaar_register::replay::replay;

use crate::register::{CHOICES, Desk, TRUST};
use crate::swapped::Swapped;

const ONE: NonZeroUsize = NonZeroUsize::MIN;
const SECOND: i64 = 1_000_000;
/// A ledger that is not the one she was shown.
const FORKED: &str = "forked: somebody else was shown another ledger";

struct SystemRandom;

impl Randomness for SystemRandom {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
        getrandom::fill(buffer).map_err(|_| RandomnessError)
    }
}

fn parts() -> Parts {
    Parts::on_disk(Box::new(SystemRandom))
}

fn bytes(desk: &Desk, name: &str) -> Vec<u8> {
    std::fs::read(desk.path(name)).unwrap()
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
        for file in std::fs::read_dir(from).unwrap() {
            let name = file.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        std::fs::copy(from, to).unwrap();
    }
}

fn checkpoint(desk: &Desk, name: &str) -> SignedCheckpoint {
    SignedCheckpoint::parse(&bytes(desk, name)).unwrap()
}

/// The entries of a public ledger of less than one bundle.
fn entries(desk: &Desk, public: &str) -> Vec<Entry> {
    let size = checkpoint(desk, &format!("{public}/checkpoint")).unverified().size();
    let bundle = Bundle::new(0, u16::try_from(size).unwrap()).unwrap();
    let bytes = bytes(desk, &format!("{public}/{}", bundle.path()));
    bundle.parse_entries(&bytes).unwrap().into_iter().map(|bytes| Entry::from_bytes(bytes).unwrap()).collect()
}

fn last_at(desk: &Desk) -> Instant {
    entries(desk, "reg/public").last().unwrap().recorded_at
}

/// The places of the choices on the ledger.
fn choices(entries: &[Entry]) -> Vec<usize> {
    (0..entries.len()).filter(|index| entries[*index].kind == EntryKind::Choice).collect()
}

fn key(desk: &Desk, name: &str) -> SigningKey {
    SigningKey::parse(desk.read(&format!("reg/keys/{name}.key")).trim_end()).unwrap()
}

fn tree(entries: &[Entry]) -> MemoryTree {
    let mut tree = MemoryTree::new();
    entries.iter().for_each(|entry| tree.push_hash(entry.leaf()));
    tree
}

fn signed(desk: &Desk, entries: &[Entry]) -> SignedCheckpoint {
    let (key, tree) = (key(desk, "ledger"), tree(entries));
    SignedCheckpoint::sign(Checkpoint::new(Origin::from(key.name()), tree.size(), tree.root()).unwrap(), &key).unwrap()
}

/// Publishes other entries in another folder, signed with the ledger's own key.
fn forge(desk: &Desk, to: &str, entries: &[Entry]) {
    let tree = tree(entries);
    let write = |path: &str, bytes: &[u8]| {
        let path = desk.path(to).join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    for tile in new_tiles(0, tree.size()) {
        write(&tile.path(), &tile.bytes(&tree).unwrap());
    }
    let mut bundle = Vec::new();
    entries.iter().for_each(|entry| push_entry(&mut bundle, &entry.to_bytes()).unwrap());
    write(&Bundle::new(0, u16::try_from(entries.len()).unwrap()).unwrap().path(), &bundle);
    write("checkpoint", signed(desk, entries).to_string().as_bytes());
    copy(&desk.path("reg/public/documents"), &desk.path(to).join("documents"));
}

/// Puts a receipt's claim under the signed checkpoint of other entries, with the path that fits them.
fn move_receipt(desk: &Desk, receipt: &str, entries: &[Entry], to: &str) {
    let proof = ProofFile::parse(&bytes(desk, receipt)).unwrap();
    let path = inclusion_proof(&tree(entries), proof.index(), entries.len() as u64).unwrap();
    let moved = ProofFile::new(proof.index(), path, signed(desk, entries)).unwrap().with_extra(proof.extra().to_vec()).unwrap();
    desk.write(to, &moved.to_string());
}

/// The receipt with another claim under the same proof.
fn forge_receipt(desk: &Desk, receipt: &str, to: &str, change: impl FnOnce(&mut Claim)) {
    let proof = ProofFile::parse(&bytes(desk, receipt)).unwrap();
    let mut claim = Receipt::from_bytes(&bytes(desk, receipt)).unwrap().claim().clone();
    // With the operator's note in it, it would be caught by that already.
    claim.acceptance = None;
    change(&mut claim);
    std::fs::write(desk.path(to), Receipt::recorded(claim, proof).unwrap().to_bytes().unwrap()).unwrap();
}

fn replace_body(claim: &mut Claim, from: &str, to: &str) {
    let body = String::from_utf8(claim.body.clone()).unwrap();
    assert!(body.contains(from), "{body}");
    claim.body = body.replace(from, to).into_bytes();
}

/// The register in the hands of whoever has the machine, and a moment after its last entry.
pub(super) fn open(desk: &Desk) -> (Register, Instant) {
    let now = last_at(desk).plus_micros(SECOND);
    (folder::open(&desk.path("reg"), parts(), Opening::default(), now).unwrap().0, now)
}

/// A register under the same keys and name that was told other things.
fn second_register(desk: &Desk, acts: &str) {
    copy(&desk.path("reg/keys"), &desk.path("reg2/keys"));
    desk.good(&["register", "init", "reg2", "--origin", "register.example/o", "--anchor", "anchor2", "--policies", "reg/policies"]);
    desk.write("acts2.jsonl", acts);
    desk.good(&["register", "import", "reg2", "acts2.jsonl"]);
}

fn import(desk: &Desk, acts: &str) {
    desk.write("more.jsonl", acts);
    desk.good(&["register", "import", "reg", "more.jsonl"]);
}

fn objections(ids: std::ops::Range<u32>) -> String {
    ids.map(|id| {
        format!("{{\"id\":\"o-{id}\",\"person\":\"facebook:{id}\",\"act\":\"object\",\"received_at\":\"2025-05-28T21:50:00Z\",\"channel\":\"form\"}}\n")
    })
    .collect()
}

/// Her receipt for `o-1`, and the checkpoint she keeps.
fn hers(desk: &Desk) {
    desk.good(&["prove", "inclusion", "reg", "o-1", "--output", "o-1.tlog-proof"]);
    copy(&desk.path("reg/public/checkpoint"), &desk.path("hers"));
}

/// The choices the ledger gives for a moment.
fn replayed(register: &mut Register, size: u64, through: Instant) -> Vec<Choice> {
    replay(&mut register.reader().unwrap(), (size, through), ONE).unwrap().choices
}

/// An extract signed by the operator that says it is the true one's, made from acts that were changed.
fn doctored_extract(desk: &Desk, change: impl FnOnce(&mut Vec<Choice>)) {
    desk.good(&["register", "extract", "reg", "--output", "people.extract"]);
    desk.good(&["register", "openings", "reg", "--output", "openings.jsonl"]);
    let header = Extract::from_bytes(bytes(desk, "people.extract")).unwrap().header().clone();
    let from = header.checkpoint.clone().unwrap();
    let (register, _) = open(desk);
    let mut replayed = replay(&mut register.reader().unwrap(), (from.size, header.through), ONE).unwrap();
    change(&mut replayed.choices);
    let options = ExtractOptions {
        through: header.through,
        expires_at: header.expires_at,
        services: header.services.clone(),
        covers: header.covers.clone(),
    };
    let signer = Signer::Key(register.keys().operator().unwrap());
    let mut out = Vec::new();
    let keys = register.keys().subject_keys().unwrap();
    write_signed_extract(&replayed.into_holdings(), &keys, &options, (&from, &signer), &mut out).unwrap();
    std::fs::write(desk.path("doctored.extract"), out).unwrap();
}

fn audit(desk: &Desk, extract: &str, openings: &str, code: i32) -> String {
    let args = ["audit", "--openings", openings, "--key", "reg/keys/root.key", "--ledger", "reg/public", "--extract", extract];
    desk.ends(&[args.as_slice(), TRUST.as_slice()].concat(), code)
}

/// A trust policy with a witness, and the witness's key.
fn with_witness(desk: &Desk, quorum: &str) -> SigningKey {
    let witness = SigningKey::from_seed(KeyName::new("witness.example/w").unwrap(), SignatureType::CosignatureV1, &[2; 32]);
    let policy = desk.read("reg/public/trust.policy").replace("quorum none", &format!("witness w {}\nquorum {quorum}", witness.verifier()));
    desk.write("witnessed.policy", &policy);
    witness
}

fn cosigned(desk: &Desk, witness: &SigningKey, at: Instant) -> String {
    let mut signed = checkpoint(desk, "reg/public/checkpoint");
    let seconds = PosixSeconds::new(u64::try_from(at.as_micros() / SECOND).unwrap()).unwrap();
    signed.add(cosign(witness, &signed, seconds).unwrap()).unwrap();
    signed.to_string()
}

/// Seals what the job has put out, at this moment, whatever the manifest says.
fn seal(desk: &Desk, manifest: &[u8], list: &str, after_micros: i64) -> Result<Sealed, SealError> {
    let (mut register, now) = open(desk);
    let order = SealOrder { manifest, use_within_micros: USE_WITHIN_MICROS, threads: ONE };
    register.seal(&order, &mut list.as_bytes(), now.plus_micros(after_micros), &mut |_| {})
}

fn countersign(desk: &Desk, more: &[&str], code: i32) -> String {
    if !desk.path("lab.key").exists() {
        desk.good(&["release", "key", "--name", "lab.example/releases", "--output", "lab.key"]);
    }
    let sign = ["release", "countersign", "out", "--key", "lab.key", "--as", "recipient", "--output", "lab.note"];
    desk.ends(&[sign.as_slice(), TRUST.as_slice(), more].concat(), code)
}

#[test]
fn cheat_1_drops_an_objection_from_the_ledger() {
    let desk = Desk::with_register();
    hers(&desk);
    let others: String = CHOICES.lines().skip(1).map(|line| format!("{line}\n")).collect();
    second_register(&desk, &(others + &objections(2_000..2_003)));
    // Without her checkpoint or receipt nothing is wrong with it.
    desk.verify("reg2/public", &[], 6);
    assert!(desk.verify("reg2/public", &["--against", "hers"], 5).contains(FORKED));
    desk.verify("o-1.tlog-proof", &[], 6);
    move_receipt(&desk, "o-1.tlog-proof", &entries(&desk, "reg2/public"), "moved.tlog-proof");
    assert!(desk.verify("moved.tlog-proof", &[], 5).contains("the proof in the receipt does not hold"));
    move_receipt(&desk, "o-1.tlog-proof", &entries(&desk, "reg/public"), "same.tlog-proof");
    desk.verify("same.tlog-proof", &[], 6);
}

#[test]
fn cheat_1_drops_an_objection_from_an_extract() {
    let desk = Desk::with_register();
    hers(&desk);
    doctored_extract(&desk, |choices| choices.retain(|choice| choice.id != "o-1"));
    desk.verify("doctored.extract", &[], 6);
    let said = audit(&desk, "doctored.extract", "openings.jsonl", 5);
    assert!(said.contains("a row is missing; somebody was left out"), "{said}");
    audit(&desk, "people.extract", "openings.jsonl", 6);
}

#[test]
fn cheat_2_dates_an_objection_later() {
    let desk = Desk::with_register();
    hers(&desk);
    forge_receipt(&desk, "o-1.tlog-proof", "same.tlog-proof", |_| {});
    desk.verify("same.tlog-proof", &[], 6);
    forge_receipt(&desk, "o-1.tlog-proof", "recorded.tlog-proof", |claim| claim.recorded_at = claim.recorded_at.plus_micros(DAY_MICROS));
    assert!(desk.verify("recorded.tlog-proof", &[], 5).contains("the proof in the receipt does not hold"));
    forge_receipt(&desk, "o-1.tlog-proof", "received.tlog-proof", |claim| {
        replace_body(claim, "2025-05-26T21:50:00Z", "2025-06-26T21:50:00Z")
    });
    assert!(desk.verify("received.tlog-proof", &[], 5).contains("the proof in the receipt does not hold"));

    // The same on the ledger itself, with every later entry moved along.
    let mut others = entries(&desk, "reg/public");
    let first = choices(&others)[0];
    others[first..].iter_mut().for_each(|entry| entry.recorded_at = entry.recorded_at.plus_micros(DAY_MICROS));
    forge(&desk, "forged", &others);
    desk.verify("forged", &[], 6);
    assert!(desk.verify("forged", &["--against", "hers"], 5).contains(FORKED));
    move_receipt(&desk, "o-1.tlog-proof", &others, "moved.tlog-proof");
    desk.verify("moved.tlog-proof", &[], 5);
}

#[test]
fn cheat_3_dates_a_consent_earlier() {
    let desk = Desk::with_register();
    let consent = r#"{"id":"c-1","person":"facebook:1001","act":"consent","uses":["meta/public-content"],"received_at":"2020-01-01T00:00:00Z","channel":"form"}"#;
    import(&desk, &format!("{consent}\n"));
    // Said to have come years before her no, it counts from its entry.
    let recorded_at = last_at(&desk);
    desk.good(&["register", "extract", "reg", "--output", "people.extract"]);
    desk.good(&["prove", "row", "reg", "people.extract", "facebook:1001", "--output", "row.json"]);
    let said = desk.verify("row.json", &[], 6);
    assert!(said.contains("o-1  from 2025-05-26T21:50:00Z") && said.contains(&format!("c-1  from {recorded_at}")), "{said}");
}

#[test]
fn cheat_3_dates_the_entry_of_a_consent_earlier() {
    let desk = Desk::with_register();
    let (witness, last) = (with_witness(&desk, "none"), last_at(&desk));
    desk.write("held", &cosigned(&desk, &witness, last.plus_micros(3_600 * SECOND)));
    let with = |recorded_at: Instant| {
        let mut all = entries(&desk, "reg/public");
        all.push(Entry { kind: EntryKind::Choice, recorded_at, hash: [7; 32] });
        forge(&desk, "forged", &all);
    };
    let verify = ["verify", "forged", "--trust", "witnessed.policy", "--against", "held"];
    with(last.plus_micros(-SECOND));
    assert!(desk.ends(&verify, 5).contains("it was recorded before the entry in front of it"));
    std::fs::remove_dir_all(desk.path("forged")).unwrap();
    // In order, and yet older than what a witness had seen without it.
    with(last.plus_micros(SECOND));
    assert!(desk.ends(&verify, 5).contains("it was dated back"));
    std::fs::remove_dir_all(desk.path("forged")).unwrap();
    with(last.plus_micros(3_601 * SECOND));
    let said = desk.ends(&verify, 6);
    assert!(said.contains("it continues the checkpoint"), "{said}");
}

#[test]
fn cheat_4_reorders_entries() {
    let desk = Desk::with_register();
    hers(&desk);
    let mut others = entries(&desk, "reg/public");
    let places = choices(&others);
    (others[places[0]].hash, others[places[1]].hash) = (others[places[1]].hash, others[places[0]].hash);
    forge(&desk, "forged", &others);
    desk.verify("forged", &[], 6);
    assert!(desk.verify("forged", &["--against", "hers"], 5).contains(FORKED));
    move_receipt(&desk, "o-1.tlog-proof", &others, "moved.tlog-proof");
    assert!(desk.verify("moved.tlog-proof", &[], 5).contains("the proof in the receipt does not hold"));
}

#[test]
fn cheat_5_forks_the_ledger() {
    let desk = Desk::with_register();
    hers(&desk);
    second_register(&desk, &objections(2_000..2_005));
    desk.verify("reg2/public", &[], 6);
    assert!(desk.verify("reg2/public", &["--against", "hers"], 5).contains(FORKED));
    // The witness has cosigned the one history: who asks for it does not believe the other.
    let witness = with_witness(&desk, "w");
    desk.write("reg/public/checkpoint", &cosigned(&desk, &witness, last_at(&desk)));
    let verify = |public: &str, code: i32| desk.ends(&["verify", public, "--trust", "witnessed.policy"], code);
    assert!(verify("reg/public", 0).contains("grade      witnessed"));
    let said = verify("reg2/public", 6);
    assert!(said.contains("grade      recorded") && said.contains("too few of the witnesses the trust policy asks for"), "{said}");
}

#[test]
fn cheat_6_rolls_back() {
    let desk = Desk::with_register();
    let old = desk.path("old");
    copy(&desk.path("reg"), &old);
    import(&desk, &objections(2_000..2_002));
    desk.good(&["prove", "inclusion", "reg", "o-2001", "--output", "late.tlog-proof"]);
    copy(&desk.path("reg/public/checkpoint"), &desk.path("hers"));
    std::fs::remove_dir_all(desk.path("reg")).unwrap();
    copy(&old, &desk.path("reg"));
    for command in [
        &["register", "status", "reg"][..],
        &["register", "import", "reg", "choices.jsonl"],
        &["register", "extract", "reg", "--output", "people.extract"],
        &["register", "publish", "reg"],
        &["prove", "inclusion", "reg", "o-1", "--output", "o-1.tlog-proof"],
        &["doctor", "reg"],
    ] {
        desk.ends(command, 5);
    }
    assert!(desk.verify("reg/public", &["--against", "hers"], 5).contains("rolled back"));
    let place = ProofFile::parse(&bytes(&desk, "late.tlog-proof")).unwrap().index();
    assert!(place >= checkpoint(&desk, "reg/public/checkpoint").unverified().size());
}

#[test]
fn cheat_7_swaps_a_row_of_the_vault() {
    let desk = Desk::with_register();
    let (all, now) = (entries(&desk, "reg/public"), last_at(&desk).plus_micros(SECOND));
    let places = choices(&all);
    // With another person's row, and with another row of the same person, which is under the same key.
    for pair in [[places[0], places[1]], [places[1], places[2]]] {
        let settings = folder::settings(&desk.path("reg"), &parts()).unwrap();
        let store = folder::open_store(&desk.path("reg"), &settings, false).unwrap();
        let swapped = Swapped(store, pair.map(|place| place as u64));
        let place = settings.place(&desk.path("reg"));
        let mut register = Register::open(&place, Box::new(swapped), parts(), Opening::default(), now).unwrap();
        let services = Services::default();
        let order = ExtractOrder { services: &services, covers: None, expires_after_micros: EXPIRES_AFTER_MICROS, threads: ONE };
        let refused = register.make_extract(&order, now, &mut Vec::new());
        assert!(matches!(refused, Err(ExtractsError::Read(_))), "{refused:?}");
        let refused = register.write_openings(ONE, &mut Vec::new());
        assert!(matches!(&refused, Err(OpeningsError::Unopened(errors)) if errors.len() == 2), "{refused:?}");
        assert!(register.checks(false, now).iter().any(|finding| finding.health == Health::Failure));
    }
    desk.good(&["register", "extract", "reg", "--output", "people.extract"]);
}

#[test]
fn cheat_7_swaps_openings_for_the_supervisor() {
    let desk = Desk::with_register();
    desk.good(&["register", "extract", "reg", "--output", "people.extract"]);
    desk.good(&["register", "openings", "reg", "--output", "openings.jsonl"]);
    let text = desk.read("openings.jsonl");
    let (header, lines) = text.split_once('\n').unwrap();
    let mut openings: Vec<Opened> = lines.lines().map(|line| Opened::from_line(line).unwrap()).collect();
    (openings[0].index, openings[1].index) = (openings[1].index, openings[0].index);
    openings.swap(0, 1);
    let mut swapped = format!("{header}\n").into_bytes();
    openings.iter().for_each(|opening| opening.put_line(&mut swapped));
    std::fs::write(desk.path("swapped.jsonl"), swapped).unwrap();
    assert!(audit(&desk, "people.extract", "swapped.jsonl", 5).contains("an opening does not give the hash that stands in the entry"));
    audit(&desk, "people.extract", "openings.jsonl", 6);
}

fn put_seal(desk: &Desk, sealed: &Sealed) {
    std::fs::write(desk.path("out/seal.json"), &sealed.json).unwrap();
    desk.write("out/seal.note", &sealed.note.to_string());
    std::fs::write(desk.path("out/seal.tlog-proof"), sealed.proof.to_bytes()).unwrap();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn cheat_8_leaves_a_kept_author_out_of_the_list_of_subjects() {
    let desk = Desk::with_register();
    desk.with_job();
    desk.good(&["gate", "job.toml"]);
    let list = desk.read("subjects.txt");
    let doctored: String = list.lines().filter(|line| !line.ends_with(":1003")).map(|line| format!("{line}\n")).collect();
    let mut manifest: serde_json::Value = serde_json::from_str(&desk.read("out/manifest.json")).unwrap();
    let hash = |list: &str| hex(&document_hash(EntryKind::Seal, list.as_bytes()).unwrap());
    assert_eq!((&manifest["subjects"]["sha256"], doctored.lines().count()), (&hash(&list).into(), 1));
    (manifest["subjects"]["count"], manifest["subjects"]["sha256"]) = (1.into(), hash(&doctored).into());
    let manifest = manifest.to_string();
    put_seal(&desk, &seal(&desk, manifest.as_bytes(), &doctored, 0).unwrap());
    desk.write("out/manifest.json", &manifest);
    desk.write("subjects.txt", &doctored);
    // The lie itself can be proved: the operator declares it.
    desk.good(&["prove", "absence", "reg", "1", "facebook:1003", "--output", "absence.json"]);
    let said = desk.verify("absence.json", &[], 6);
    assert!(said.contains("no record is filed under it") && said.contains("the operator declares"), "{said}");
    // Whoever has the files does not put a name under it.
    desk.good(&["release", "subjects", "reg", "job.toml", "--release", "1", "--output", "subjects.jsonl"]);
    let said = countersign(&desk, &["--subjects", "subjects.jsonl", "--job", "job.toml"], 5);
    assert!(said.contains("the files hold records of 2 people, and the seal is about others: 1 of them"), "{said}");
    assert!(!desk.path("lab.note").exists());
}

#[test]
fn cheat_9_gives_a_person_another_ones_absence_or_row() {
    let desk = Desk::with_register();
    hers(&desk);
    desk.with_job();
    desk.good(&["gate", "job.toml"]);
    desk.good(&["release", "seal", "reg", "job.toml"]);
    // The release has records of 1002; they are given the proof of 1001, who is not in it.
    desk.good(&["prove", "absence", "reg", "1", "facebook:1001", "--output", "absence.json"]);
    desk.verify("absence.json", &[], 6);
    desk.write("theirs.json", &desk.read("absence.json").replace(":1001\"", ":1002\""));
    assert_ne!(desk.read("theirs.json"), desk.read("absence.json"));
    desk.verify("theirs.json", &[], 5);
    // Her row, and somebody else's in its place.
    desk.good(&["prove", "row", "reg", "people.extract", "facebook:1001", "--output", "row.json"]);
    desk.verify("row.json", &["--cites", "o-1.tlog-proof"], 6);
    desk.good(&["prove", "row", "reg", "people.extract", "instagram:noor.v", "--output", "other.json"]);
    assert!(desk.verify("other.json", &["--cites", "o-1.tlog-proof"], 5).contains("does not cite"));
}

#[test]
fn cheat_9_files_her_objection_under_another_ones_key() {
    let desk = Desk::with_register();
    doctored_extract(&desk, |choices| {
        let hers = choices.iter_mut().find(|choice| choice.id == "o-1").unwrap();
        let other = hers.person.as_ref().unwrap().expose_canonical().replace("1001", "1009");
        hers.person = Account::from_canonical(&other);
        assert!(hers.person.is_some());
    });
    desk.verify("doctored.extract", &[], 6);
    let said = audit(&desk, "doctored.extract", "openings.jsonl", 5);
    assert!(said.contains("a row is missing; somebody was left out") && said.contains("the ledger gives no such row"), "{said}");
}

#[test]
fn cheat_10_gates_with_a_stale_extract() {
    let desk = Desk::with_register();
    desk.with_job();
    desk.good(&["gate", "job.toml"]);
    let (manifest, list) = (bytes(&desk, "out/manifest.json"), desk.read("subjects.txt"));
    match seal(&desk, &manifest, &list, EXTRACT_AGE_MICROS_MAX) {
        Err(SealError::Manifest(problems)) => assert_eq!(problems, [ManifestProblem::ExtractTooOld]),
        other => panic!("{other:?}"),
    }
    // A seal that was made in time, and one the operator has written and signed by hand with an extract of long before.
    put_seal(&desk, &seal(&desk, &manifest, &list, 0).unwrap());
    countersign(&desk, &[], 0);
    let json = desk.read("out/seal.json");
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let through = value["extract"]["through"].as_str().unwrap();
    let sign = |json: &str| {
        let hash = hex(&document_hash(EntryKind::Seal, json.as_bytes()).unwrap());
        let mut note = Note::new(format!("bezwaar-seal/1\nregister.example/o\nrelease 1\nsha256 {hash}\n")).unwrap();
        note.sign(&key(&desk, "operator")).unwrap();
        desk.write("out/seal.json", json);
        desk.write("out/seal.note", &note.to_string());
    };
    sign(&json);
    countersign(&desk, &[], 0);
    sign(&json.replace(through, "2025-06-01T00:00:00Z"));
    let said = countersign(&desk, &[], 5);
    assert!(said.contains("seal"), "{said}");
}

#[test]
fn cheat_11_shows_a_forged_receipt() {
    let desk = Desk::with_register();
    hers(&desk);
    let forged = |name: &str, change: &dyn Fn(&mut Claim)| {
        forge_receipt(&desk, "o-1.tlog-proof", name, change);
        let said = desk.verify(name, &[], 5);
        assert!(said.contains("the proof in the receipt does not hold"), "{name}: {said}");
    };
    let own = Receipt::from_bytes(&bytes(&desk, "o-1.tlog-proof")).unwrap().claim().acceptance.clone();
    forge_receipt(&desk, "o-1.tlog-proof", "with-note.tlog-proof", |claim| {
        claim.acceptance = own;
        replace_body(claim, "1001", "1009");
    });
    assert!(desk.verify("with-note.tlog-proof", &[], 5).contains("the parts of the receipt are of different entries"));
    forged("other-person.tlog-proof", &|claim| replace_body(claim, "1001", "1009"));
    forged("more-uses.tlog-proof", &|claim| replace_body(claim, "[\"meta/*\"]", "null"));
    forged("earlier.tlog-proof", &|claim| replace_body(claim, "2025-05-26", "2024-05-26"));
    forged("other-salt.tlog-proof", &|claim| claim.salt = Salt::from_bytes([9; 32]));
    // A true claim of another act, under her proof.
    desk.good(&["prove", "inclusion", "reg", "o-2", "--output", "o-2.tlog-proof"]);
    let other = Receipt::from_bytes(&bytes(&desk, "o-2.tlog-proof")).unwrap().claim().clone();
    forged("other-act.tlog-proof", &|claim| *claim = other.clone());
    desk.verify("o-2.tlog-proof", &[], 6);
}

const VOID: [&str; 9] = ["register", "void", "reg", "o-2", "--reason", "filed-by-automation", "--approver", "counsel", "--approver=desk"];

#[test]
fn cheat_12_voids_what_was_authorised() {
    let desk = Desk::with_register();
    // o-1 came behind a sign-in.
    let mut authorised = VOID;
    authorised[3] = "o-1";
    let said = desk.ends(&authorised, 1);
    assert!(said.contains("provisional"), "{said}");
    // Written onto the ledger all the same, it stops every extract.
    let (mut register, now) = open(&desk);
    let void = Void {
        id: "v-1".to_owned(),
        voids: "o-1".to_owned(),
        reason: VoidReason::FiledByAutomation,
        approvers: ["counsel".to_owned(), "desk".to_owned()],
        effective_at: now.plus_micros(15 * DAY_MICROS),
    };
    let body = Event::Void(void).to_bytes().unwrap();
    let record = NewRecord::Sealed { kind: EntryKind::Void, person: None, id: Some("v-1".to_owned()), body, contact: None };
    register.append(&[record], now).unwrap();
    register.publish().unwrap();
    drop(register);
    let said = desk.ends(&["register", "extract", "reg", "--output", "people.extract"], 5);
    assert!(said.contains("it confirms or voids what is no provisional act"), "{said}");
    assert!(desk.verify("reg/public", &[], 6).contains("1 objections declared void"));
}

#[test]
fn cheat_12_a_void_is_counted_shows_in_the_row_and_ends_with_a_confirmation() {
    for confirmed in [false, true] {
        let desk = Desk::with_register();
        desk.good(&["prove", "inclusion", "reg", "o-2", "--output", "o-2.tlog-proof"]);
        assert!(desk.verify("reg/public", &[], 6).contains("0 objections declared void"));
        desk.good(&VOID);
        assert!(desk.verify("reg/public", &[], 6).contains("0 objections declared void"), "nobody was told");
        desk.good(&["register", "outbox", "reg", "--sent", "1"]);
        if confirmed {
            desk.good(&["register", "confirm", "reg", "o-2", "--holder", "instagram:noor.v"]);
        }
        assert!(desk.verify("reg/public", &[], 6).contains("1 objections declared void"));
        let (mut register, now) = open(&desk);
        let size = checkpoint(&desk, "reg/public/checkpoint").unverified().size();
        let acts = replayed(&mut register, size, now);
        let holder = acts.iter().find(|choice| choice.id == "o-2").unwrap().person.clone().unwrap();
        let services = Services::default();
        let order = ExtractOrder { services: &services, covers: None, expires_after_micros: EXPIRES_AFTER_MICROS, threads: ONE };
        let mut row = |days: i64, code: i32| {
            let mut out = Vec::new();
            register.make_extract(&order, now.plus_micros(days * DAY_MICROS), &mut out).unwrap();
            let proof = register.prove_row(&Extract::from_bytes(out).unwrap(), &holder).unwrap().unwrap();
            std::fs::write(desk.path("row.json"), proof.to_bytes()).unwrap();
            desk.verify("row.json", &["--cites", "o-2.tlog-proof"], code)
        };
        // Throughout the notice it counts; after it, only what the holder has confirmed.
        row(13, 6);
        let said = row(15, if confirmed { 6 } else { 5 });
        assert!(said.contains(if confirmed { "cites      the act `o-2`" } else { "does not cite" }), "{said}");
    }
}
