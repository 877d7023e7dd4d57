//! Receipts: what a person keeps, to show that an act of theirs has its place in the ledger.
//!
//! A receipt carries salt and act, so that it can be checked after the vault has lost both: the entry is made anew from them, never taken
//! from the file. It is personal data. Its grade says what stands behind it: *noted* (the operator's word), *recorded* (a
//! checkpoint the ledger signed) or *witnessed* (one that others saw too).
//!
//! A recorded receipt is a [proof file](crate::tlog::proof_file) whose extra bytes are its [`Claim`]; a noted one is the claim alone.

use std::fmt;

use bezwaar_core::time::Instant;

use crate::acceptance::{Acceptance, SignedError};
use crate::entry::{Entry, EntryKind};
use crate::event::{Event, EventError};
use crate::json::{Reader, put_hex, put_instant, put_number, put_option, put_text};
use crate::opening::{Salt, commit, document_hash};
use crate::tlog::checkpoint::Origin;
use crate::tlog::note::{Note, VerifierKey};
use crate::tlog::policy::{TrustPolicy, Trusted, Witnessed};
use crate::tlog::proof_file::{EXTRA_BYTES_MAX, ProofFile, ProofFileError};

/// What a receipt says of its entry: the extra bytes of its proof file.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim {
    /// The operator's acceptance note, if there is one.
    pub acceptance: Option<Note>,
    /// The kind of the entry, which is a salted one.
    pub kind: EntryKind,
    /// When the ledger took it.
    pub recorded_at: Instant,
    /// The salt of the commitment.
    pub salt: Salt,
    /// The bytes of the event.
    pub body: Vec<u8>,
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Claim({}, …)", self.kind.as_str())
    }
}

impl Claim {
    /// The entry it comes to. `None`: entries of this kind are not salted.
    pub fn entry(&self) -> Option<Entry> {
        let hash = commit(self.kind, &self.salt, &self.body)?;
        Some(Entry { kind: self.kind, recorded_at: self.recorded_at, hash })
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ReceiptError> {
        let mut out = b"{\"acceptance\":".to_vec();
        put_option(self.acceptance.as_ref(), &mut out, |note, out| put_text(&note.to_string(), out));
        out.extend_from_slice(b",\"body\":");
        out.extend_from_slice(&self.body);
        out.extend_from_slice(b",\"kind\":");
        put_text(self.kind.as_str(), &mut out);
        out.extend_from_slice(b",\"recorded_at\":");
        put_instant(self.recorded_at, &mut out).ok_or(ReceiptError::Form)?;
        out.extend_from_slice(b",\"salt\":");
        put_hex(self.salt.expose_bytes(), &mut out);
        out.extend_from_slice(b",\"v\":1}");
        if out.len() > EXTRA_BYTES_MAX { Err(ReceiptError::TooLong) } else { Ok(out) }
    }

    /// Reads it, in its one form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Claim, ReceiptError> {
        if bytes.len() > EXTRA_BYTES_MAX {
            return Err(ReceiptError::TooLong);
        }
        let text = str::from_utf8(bytes).map_err(|_| ReceiptError::Form)?;
        let claim = Claim::read(text).ok_or(ReceiptError::Form)?;
        if claim.to_bytes()? == bytes { Ok(claim) } else { Err(ReceiptError::Form) }
    }

    fn read(text: &str) -> Option<Claim> {
        const KIND: &str = ",\"kind\":";
        let mut reader = Reader::new(text);
        reader.literal("{\"acceptance\":")?;
        let acceptance = reader.option(Reader::text)?;
        reader.literal(",\"body\":")?;
        let rest = reader.rest();
        // What follows the body holds no text that could be taken for this, so the last one is the right one.
        let (body, after) = rest.split_at_checked(rest.rfind(KIND)?)?;
        let mut reader = Reader::new(after);
        reader.literal(KIND)?;
        let word = reader.text()?;
        let kind = EntryKind::ALL.into_iter().find(|kind| kind.as_str() == word && kind.is_salted())?;
        reader.literal(",\"recorded_at\":")?;
        let recorded_at = reader.instant()?;
        reader.literal(",\"salt\":")?;
        let salt = Salt::from_bytes(reader.hex()?);
        reader.literal(",\"v\":1}")?;
        reader.end()?;
        let acceptance = match acceptance {
            Some(note) => Some(Note::parse(note.as_bytes()).ok()?),
            None => None,
        };
        Some(Claim { acceptance, kind, recorded_at, salt, body: body.as_bytes().to_vec() })
    }
}

/// How well the place of an entry is attested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// The operator says that it will be there.
    Noted,
    /// The ledger has signed a checkpoint that has it. Others may be shown another ledger.
    Recorded,
    /// The witnesses the policy asks for saw that checkpoint too.
    Witnessed,
}

impl Grade {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Grade::Noted => "noted",
            Grade::Recorded => "recorded",
            Grade::Witnessed => "witnessed",
        }
    }
}

/// A receipt as it is kept. Nothing in it counts before [`Receipt::verify`] has said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    claim: Claim,
    proof: Option<ProofFile>,
}

/// What a receipt shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedReceipt {
    /// What stands behind it.
    pub grade: Grade,
    /// The name of the ledger.
    pub origin: Origin,
    /// The place of the entry.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// What it is about.
    pub event: Event,
    /// The acceptance note, if there is one and the operator's keys were given.
    pub acceptance: Option<Acceptance>,
    /// How many entries the ledger had, when it is recorded.
    pub size: Option<u64>,
    /// The witnesses that saw it.
    pub witnesses: Vec<Witnessed>,
}

impl Receipt {
    /// A receipt on the operator's word alone.
    pub fn noted(claim: Claim) -> Result<Receipt, ReceiptError> {
        claim.to_bytes()?;
        if claim.acceptance.is_none() { Err(ReceiptError::NoEvidence) } else { Ok(Receipt { claim, proof: None }) }
    }

    /// A receipt with a proof, whose extra bytes become the claim.
    pub fn recorded(claim: Claim, proof: ProofFile) -> Result<Receipt, ReceiptError> {
        let proof = proof.with_extra(claim.to_bytes()?).map_err(ReceiptError::Proof)?;
        Ok(Receipt { claim, proof: Some(proof) })
    }

    /// Reads a receipt of either form. It verifies nothing.
    pub fn from_bytes(bytes: &[u8]) -> Result<Receipt, ReceiptError> {
        if bytes.starts_with(b"{") {
            return Receipt::noted(Claim::from_bytes(bytes)?);
        }
        let proof = ProofFile::parse(bytes).map_err(ReceiptError::Proof)?;
        Ok(Receipt { claim: Claim::from_bytes(proof.extra())?, proof: Some(proof) })
    }

    /// The file.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ReceiptError> {
        match &self.proof {
            Some(proof) => Ok(proof.to_string().into_bytes()),
            None => self.claim.to_bytes(),
        }
    }

    /// What it claims.
    pub fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Checks it against whom one trusts: the policy for the ledger and its witnesses, and the operator's keys for acceptance notes. Without
    /// a key of the operator an acceptance note does not count, and a noted receipt is refused.
    pub fn verify(&self, policy: &TrustPolicy, operators: &[VerifierKey]) -> Result<VerifiedReceipt, ReceiptError> {
        let entry = self.claim.entry().ok_or(ReceiptError::Form)?;
        let event = Event::from_bytes(self.claim.kind, &self.claim.body).map_err(ReceiptError::Event)?;
        let acceptance = match &self.claim.acceptance {
            Some(note) if !operators.is_empty() => Some(Acceptance::verify(note, operators).map_err(ReceiptError::Acceptance)?),
            _ => None,
        };
        if acceptance.as_ref().is_some_and(|acceptance| acceptance.entry != entry || !received_then(&event, acceptance)) {
            return Err(ReceiptError::OtherEntry);
        }
        let Some(proof) = &self.proof else {
            let acceptance = acceptance.ok_or(ReceiptError::NoEvidence)?;
            let known = policy.ledgers().iter().any(|ledger| ledger.key().name().as_str() == acceptance.origin.as_str());
            if !known {
                return Err(ReceiptError::OtherLedger);
            }
            let (origin, index) = (acceptance.origin.clone(), acceptance.index);
            let (acceptance, witnesses) = (Some(acceptance), Vec::new());
            return Ok(VerifiedReceipt { grade: Grade::Noted, origin, index, entry, event, acceptance, size: None, witnesses });
        };
        let trusted = proof.verify(&entry.leaf(), policy).map_err(ReceiptError::Proof)?;
        let (origin, index) = (trusted.checkpoint.origin().clone(), proof.index());
        if acceptance.as_ref().is_some_and(|acceptance| acceptance.index != index || acceptance.origin != origin) {
            return Err(ReceiptError::OtherEntry);
        }
        let (grade, size) = (grade_of(&trusted), Some(trusted.checkpoint.size()));
        Ok(VerifiedReceipt { grade, origin, index, entry, event, acceptance, size, witnesses: trusted.witnesses })
    }
}

/// Whether an act was received when the acceptance note says.
fn received_then(event: &Event, acceptance: &Acceptance) -> bool {
    match event {
        Event::Choice(choice) => choice.received_at == acceptance.received_at,
        Event::Confirmation(one) => one.received_at == acceptance.received_at,
        Event::Void(_) | Event::Tombstone(_) => true,
    }
}

fn grade_of(trusted: &Trusted) -> Grade {
    if trusted.witnessed { Grade::Witnessed } else { Grade::Recorded }
}

/// That a document is an entry of the ledger: a proof file whose extra bytes say when it was recorded. Such entries are not salted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentReceipt {
    kind: EntryKind,
    recorded_at: Instant,
    proof: ProofFile,
}

/// What a receipt for a document shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedDocument {
    /// What stands behind it: recorded or witnessed.
    pub grade: Grade,
    /// The name of the ledger.
    pub origin: Origin,
    /// The place of the entry.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// The witnesses that saw it.
    pub witnesses: Vec<Witnessed>,
}

impl DocumentReceipt {
    /// The receipt of a document of a kind that is not salted.
    pub fn new(kind: EntryKind, recorded_at: Instant, proof: ProofFile) -> Result<DocumentReceipt, ReceiptError> {
        if kind.is_salted() {
            return Err(ReceiptError::Form);
        }
        let mut extra = b"{\"kind\":".to_vec();
        put_text(kind.as_str(), &mut extra);
        extra.extend_from_slice(b",\"recorded_at\":");
        put_instant(recorded_at, &mut extra).ok_or(ReceiptError::Form)?;
        extra.extend_from_slice(b",\"v\":");
        put_number(1, &mut extra);
        extra.push(b'}');
        Ok(DocumentReceipt { kind, recorded_at, proof: proof.with_extra(extra).map_err(ReceiptError::Proof)? })
    }

    /// Reads the file. It verifies nothing.
    pub fn from_bytes(bytes: &[u8]) -> Result<DocumentReceipt, ReceiptError> {
        let proof = ProofFile::parse(bytes).map_err(ReceiptError::Proof)?;
        let read = || {
            let mut reader = Reader::new(str::from_utf8(proof.extra()).ok()?);
            reader.literal("{\"kind\":")?;
            let word = reader.text()?;
            let kind = EntryKind::ALL.into_iter().find(|kind| kind.as_str() == word && !kind.is_salted())?;
            reader.literal(",\"recorded_at\":")?;
            let recorded_at = reader.instant()?;
            reader.literal(",\"v\":1}")?;
            reader.end()?;
            Some((kind, recorded_at))
        };
        let (kind, recorded_at) = read().ok_or(ReceiptError::Form)?;
        Ok(DocumentReceipt { kind, recorded_at, proof })
    }

    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.proof.to_string().into_bytes()
    }

    /// Checks that this very document is the entry.
    pub fn verify(&self, kind: EntryKind, document: &[u8], policy: &TrustPolicy) -> Result<VerifiedDocument, ReceiptError> {
        let hash = document_hash(kind, document).filter(|_| kind == self.kind).ok_or(ReceiptError::OtherEntry)?;
        let entry = Entry { kind, recorded_at: self.recorded_at, hash };
        let trusted = self.proof.verify(&entry.leaf(), policy).map_err(ReceiptError::Proof)?;
        let (grade, origin) = (grade_of(&trusted), trusted.checkpoint.origin().clone());
        Ok(VerifiedDocument { grade, origin, index: self.proof.index(), entry, witnesses: trusted.witnesses })
    }
}

/// Why a receipt shows nothing. It never holds what stood in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReceiptError {
    /// Not in the one form receipts have.
    Form,
    /// The act is too long for a receipt.
    TooLong,
    /// The proof file cannot be read, is not believed, or is not of this act.
    Proof(ProofFileError),
    /// The act in it cannot be read.
    Event(EventError),
    /// The acceptance note does not count.
    Acceptance(SignedError),
    /// The acceptance note, or the document, is of another entry.
    OtherEntry,
    /// It is of a ledger the policy does not name.
    OtherLedger,
    /// It has no proof, and no acceptance note that could be checked.
    NoEvidence,
}

impl fmt::Display for ReceiptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReceiptError::Form => "this is not a receipt in the form receipts have",
            ReceiptError::TooLong => "the act is too long for a receipt",
            ReceiptError::Proof(_) => "the proof in the receipt does not hold",
            ReceiptError::Event(_) => "the act in the receipt cannot be read",
            ReceiptError::Acceptance(_) => "the acceptance note in the receipt does not count",
            ReceiptError::OtherEntry => "the parts of the receipt are of different entries",
            ReceiptError::OtherLedger => "the receipt is of a ledger the trust policy does not name",
            ReceiptError::NoEvidence => "the receipt has no proof, and no acceptance note that could be checked",
        })
    }
}

impl ReceiptError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ReceiptError::Form => "get the receipt again as it was made; it must stay the same byte for byte",
            ReceiptError::TooLong => "name fewer uses, recipients or items in one act",
            ReceiptError::Proof(error) => error.help(),
            ReceiptError::Event(error) => error.help(),
            ReceiptError::Acceptance(error) => error.help(),
            ReceiptError::OtherEntry => "do not rely on it: it was put together from several receipts",
            ReceiptError::OtherLedger => "use the trust policy of the ledger the receipt is from",
            ReceiptError::NoEvidence => "give the operator's public key, or ask for the receipt again now that the ledger is published",
        }
    }
}

impl std::error::Error for ReceiptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReceiptError::Proof(error) => Some(error),
            ReceiptError::Event(error) => Some(error),
            ReceiptError::Acceptance(error) => Some(error),
            _ => None,
        }
    }
}
