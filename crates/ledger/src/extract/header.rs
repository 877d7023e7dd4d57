//! The head of an extract: what it is, what it covers, and the hashes that tie the rest to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bezwaar_core::Holdings;
use bezwaar_core::account::{Kind, Services};
use bezwaar_core::time::Instant;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::signer::Signer;
use super::{ExtractError, PEOPLE_MAX};
use crate::hex;
use crate::json::NUMBER_MAX;
use crate::key::SubjectKeys;
use crate::tlog::checkpoint::Origin;
use crate::tlog::note::{Note, SIGNATURES_MAX};

/// The name of the format, and the first line of every extract.
pub const FORMAT: &str = "bezwaar-extract/1";
/// What the first line of an extract of any version begins with.
const FORMAT_FAMILY: &[u8] = b"bezwaar-extract/";
/// The longest header line, in bytes.
pub const HEADER_BYTES_MAX: usize = 1 << 20;
/// How many canaries are written, and the fewest that are accepted.
pub const CANARIES: usize = 3;
/// The most canaries that are accepted.
pub const CANARIES_MAX: usize = 64;

const CANARY_PREFIX: &str = "canary:opaque:";
const HASH_PREFIX: &str = "sha256 ";
/// The longest signature line under a head, in bytes: a name, and the base64 of a signature of any type known today.
pub const SIGNATURE_LINE_BYTES_MAX: usize = 8192;
/// The length of the line that holds the hash of the head.
const HASH_LINE: usize = HASH_PREFIX.len() + 64 + 1;

/// A service and the kinds of names on it for which *not in the extract* means *said nothing*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cover {
    /// The service, or `mail`, `tel`, `url`.
    pub service: String,
    /// The kinds of names.
    #[serde(with = "kind_names")]
    pub kinds: Vec<Kind>,
}

impl Cover {
    /// Every service listed, with all kinds, and the people without an account: `mail`, `tel`, `url`.
    pub fn all_of(services: &Services) -> Vec<Cover> {
        Cover::of_names(services.iter().map(|(id, _)| id.to_owned()).collect())
    }

    /// As [`Cover::all_of`], and every service somebody in the holdings has an account on.
    pub fn all_of_with(services: &Services, holdings: &Holdings) -> Vec<Cover> {
        let mut names: BTreeSet<String> = services.iter().map(|(id, _)| id.to_owned()).collect();
        let mut last = "";
        for (account, _) in holdings.iter() {
            // There are few services, and one follows another seldom.
            if account.service() != last && !names.contains(account.service()) {
                names.insert(account.service().to_owned());
            }
            last = account.service();
        }
        Cover::of_names(names)
    }

    fn of_names(mut names: BTreeSet<String>) -> Vec<Cover> {
        names.extend(["mail", "tel", "url"].map(str::to_owned));
        let kinds = |service: &str| match service {
            "mail" => vec![Kind::Mail],
            "tel" => vec![Kind::Phone],
            "url" => vec![Kind::Url],
            _ => Kind::ALL.to_vec(),
        };
        names.into_iter().map(|service| Cover { kinds: kinds(&service), service }).collect()
    }

    /// The same covers in the one order and form a header has.
    pub(super) fn in_order(covers: &[Cover]) -> Vec<Cover> {
        let mut kinds: BTreeMap<&str, BTreeSet<Kind>> = BTreeMap::new();
        for cover in covers {
            kinds.entry(&cover.service).or_default().extend(&cover.kinds);
        }
        let in_order = kinds.into_iter().map(|(service, kinds)| Cover { service: service.to_owned(), kinds: kinds.into_iter().collect() });
        in_order.collect()
    }

    fn is_good(&self) -> bool {
        let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        let in_order = self.kinds.is_sorted_by(|left, right| left < right);
        !self.service.is_empty() && self.service.bytes().all(good) && !self.kinds.is_empty() && in_order
    }
}

/// A made-up account with the key it has, so that a wrong key is noticed before it matches nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// The normalised account, on a service no person has an account on.
    pub account: String,
    /// Its subject key, in hexadecimal.
    pub key: String,
}

impl Canary {
    pub(super) fn all(keys: &SubjectKeys) -> Vec<Canary> {
        let canary = |number: usize| {
            let name = Sha256::digest(format!("bezwaar canary v1\0{}\0{number}", keys.key_id()));
            let account = format!("{CANARY_PREFIX}{}", hex::encode(name.get(..16).unwrap_or_default()));
            Canary { key: hex::encode(&keys.subject_of_canonical(&account).0), account }
        };
        (0..CANARIES).map(canary).collect()
    }

    pub(super) fn comes_out(&self, keys: &SubjectKeys) -> bool {
        hex::decode(&self.key) == Some(keys.subject_of_canonical(&self.account).0)
    }

    fn is_good(&self) -> bool {
        let name = self.account.strip_prefix(CANARY_PREFIX);
        name.is_some_and(|name| hex::is_hex(name, 32)) && hex::is_hex(&self.key, 32)
    }
}

/// What an extract says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtractHeader {
    /// [`FORMAT`].
    pub format: String,
    /// The public name of the keys it was made with.
    pub key_id: String,
    /// The version of account normalisation it was made with.
    pub normaliser: u32,
    /// SHA-256 of the rules of the services it was made with, in hexadecimal: see [`services_digest`].
    pub services: String,
    /// It holds every act that counts from this moment or earlier.
    #[serde(with = "instant_text")]
    pub through: Instant,
    /// The names it answers for. An account outside them cannot be told.
    pub covers: Vec<Cover>,
    /// Accounts whose keys show that the right keys are used.
    pub canaries: Vec<Canary>,
    /// From this moment on no release may rest on it.
    #[serde(with = "instant_text")]
    pub expires_at: Instant,
    /// How many people (accounts) it has a row for.
    pub people: u64,
    /// How many acts stand in all rows together.
    pub acts: u64,
    /// How many of the acts are provisional.
    pub provisional: u64,
    /// The root (RFC 6962) over the rows in the order of their keys, in hexadecimal.
    pub rows_root: String,
    /// SHA-256 of everything after the head, in hexadecimal.
    pub body_sha256: String,
    /// Whether the head is a note a register's operator signed. It says so of itself: only
    /// [`Extract::verify_signature`](super::Extract::verify_signature) tells whether it is true.
    pub signed: bool,
    /// The state of the ledger it was made from. There when `signed`, and only then.
    pub checkpoint: Option<ExtractCheckpoint>,
}

/// The state of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtractCheckpoint {
    /// The name of the ledger.
    pub origin: String,
    /// The root of its tree, in hexadecimal.
    pub root: String,
    /// How many entries it has.
    pub size: u64,
}

impl ExtractCheckpoint {
    fn is_good(&self) -> bool {
        Origin::new(&self.origin).is_ok() && hex::is_hex(&self.root, 64) && self.size <= NUMBER_MAX
    }
}

impl ExtractHeader {
    /// The text of the head: the line of the format, the header, and the line with the hash of both.
    pub(super) fn to_text(&self) -> Result<String, ExtractError> {
        self.check()?;
        let json = serde_json::to_string(self).map_err(|_| ExtractError::Header { because: "it cannot be written as JSON" })?;
        if json.len() > HEADER_BYTES_MAX {
            return Err(ExtractError::HeaderLength);
        }
        let head = format!("{FORMAT}\n{json}\n");
        let hash = hex::encode(&Sha256::digest(&head));
        Ok(format!("{head}{HASH_PREFIX}{hash}\n"))
    }

    /// The whole head: its text and, if it is signed, an empty line, the signatures, and another empty line.
    pub(super) fn to_head(&self, signer: Option<&Signer<'_>>) -> Result<Vec<u8>, ExtractError> {
        let text = self.to_text()?;
        let Some(signer) = signer else { return Ok(text.into_bytes()) };
        let note = signer.sign(text)?;
        Ok(format!("{note}\n").into_bytes())
    }

    /// Reads and checks a head. Gives the header, its note if it is signed, and the length of the head.
    pub(super) fn from_head(bytes: &[u8]) -> Result<(ExtractHeader, Option<Note>, usize), ExtractError> {
        let Some(after) = bytes.strip_prefix(FORMAT.as_bytes()).and_then(|rest| rest.strip_prefix(b"\n")) else {
            let kin = bytes.starts_with(FORMAT_FAMILY);
            return Err(if kin { ExtractError::Format } else { ExtractError::NotAnExtract });
        };
        let window = after.get(..=HEADER_BYTES_MAX).unwrap_or(after);
        let json_len = window.iter().position(|byte| *byte == b'\n').ok_or(ExtractError::HeaderLength)?;
        let hashed = FORMAT.len() + 1 + json_len + 1;
        let (head, rest) = bytes.split_at_checked(hashed).ok_or(ExtractError::HeaderLength)?;
        let line = rest.get(..HASH_LINE).ok_or(ExtractError::HeaderLength)?;
        let hash = line.strip_prefix(HASH_PREFIX.as_bytes()).and_then(|line| line.strip_suffix(b"\n")).unwrap_or_default();
        if hash != hex::encode(&Sha256::digest(head)).as_bytes() {
            return Err(ExtractError::HeaderDamaged);
        }
        let json = after.get(..json_len).unwrap_or_default();
        let unreadable = ExtractError::Header { because: "it is not JSON with the fields of this format" };
        let Ok(header) = serde_json::from_slice::<ExtractHeader>(json) else { return Err(unreadable) };
        header.check()?;
        // One header has one form: what was read twice or in other words is refused.
        let text = bytes.get(..hashed + HASH_LINE).unwrap_or_default();
        if header.to_text()?.as_bytes() != text {
            return Err(ExtractError::Header { because: "it is not in the one form this format has" });
        }
        if !header.signed {
            return Ok((header, None, text.len()));
        }
        let len = note_len(bytes, text.len()).ok_or(ExtractError::Signatures)?;
        let note = bytes.get(..len).and_then(|note| Note::parse(note).ok()).ok_or(ExtractError::Signatures)?;
        // A signature has one form, too.
        if note.to_string().as_bytes() != bytes.get(..len).unwrap_or_default() {
            return Err(ExtractError::Signatures);
        }
        Ok((header, Some(note), len + 1))
    }

    fn check(&self) -> Result<(), ExtractError> {
        let distinct = self.covers.is_sorted_by(|left, right| left.service < right.service);
        let checks = [
            (self.format == FORMAT, "`format` is another one"),
            (hex::is_hex(&self.key_id, 16), "`key_id` is not 16 hexadecimal digits"),
            (hex::is_hex(&self.services, 64), "`services` is not a hash"),
            (has_a_text(self.through), "`through` is not a moment of the calendar"),
            (has_a_text(self.expires_at), "`expires_at` is not a moment of the calendar"),
            (self.expires_at > self.through, "`expires_at` is not after `through`"),
            (!self.covers.is_empty(), "`covers` is empty, so it answers for nobody"),
            (distinct && self.covers.iter().all(Cover::is_good), "`covers` is not a list of services in order, each with its kinds"),
            ((CANARIES..=CANARIES_MAX).contains(&self.canaries.len()), "`canaries` are too few or too many"),
            (self.canaries.iter().all(Canary::is_good), "`canaries` name something else than made-up accounts"),
            (self.people <= PEOPLE_MAX, "`people` is more than an extract can hold"),
            (self.acts >= self.people && (self.people > 0 || self.acts == 0), "`acts` does not fit `people`"),
            (self.provisional <= self.acts, "`provisional` is more than `acts`"),
            (self.signed == self.checkpoint.is_some(), "`checkpoint` is there without a signature, or the other way round"),
            (self.checkpoint.iter().all(ExtractCheckpoint::is_good), "`checkpoint` is not that of a ledger"),
            (hex::is_hex(&self.rows_root, 64), "`rows_root` is not a hash"),
            (hex::is_hex(&self.body_sha256, 64), "`body_sha256` is not a hash"),
        ];
        match checks.into_iter().find(|(holds, _)| !holds) {
            Some((_, because)) => Err(ExtractError::Header { because }),
            None => Ok(()),
        }
    }
}

/// The length of the note a file begins with, whose text has a length: to the empty line after its signatures.
fn note_len(bytes: &[u8], text: usize) -> Option<usize> {
    let mut at = text + 1;
    if bytes.get(text) != Some(&b'\n') {
        return None;
    }
    for _ in 0..=SIGNATURES_MAX {
        let rest = bytes.get(at..)?;
        if rest.first() == Some(&b'\n') {
            return Some(at);
        }
        let window = rest.get(..SIGNATURE_LINE_BYTES_MAX).unwrap_or(rest);
        at += window.iter().position(|byte| *byte == b'\n')? + 1;
    }
    None
}

/// What stands in a header for the rules by which services write names: SHA-256 of [`Services::canonical_text`], in hexadecimal.
pub fn services_digest(services: &Services) -> String {
    hex::encode(&Sha256::digest(services.canonical_text()))
}

/// Whether the moment can be written and read back.
fn has_a_text(moment: Instant) -> bool {
    Instant::parse(&moment.to_string()) == Ok(moment)
}

mod instant_text {
    use super::{Deserialize, Instant};
    use serde::{Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(moment: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(moment)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
        let text = String::deserialize(deserializer)?;
        Instant::parse(&text).map_err(de::Error::custom)
    }
}

mod kind_names {
    use super::{Deserialize, Kind, fmt};
    use serde::{Deserializer, Serializer, de};

    struct NotAKind;

    impl fmt::Display for NotAKind {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("not a kind of account")
        }
    }

    pub(super) fn serialize<S: Serializer>(kinds: &[Kind], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(kinds.iter().map(|kind| kind.as_str()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Kind>, D::Error> {
        let names: Vec<String> = Vec::deserialize(deserializer)?;
        let kinds = names.iter().map(|name| Kind::lookup(name).ok_or_else(|| de::Error::custom(NotAKind)));
        kinds.collect()
    }
}
