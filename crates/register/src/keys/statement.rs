//! Statements about keys: the first entries of every ledger, and one more for every key that takes the place of another.
//!
//! The document of an entry of kind *key* is a signed note. Its text is one line, RFC 8785 JSON with all of these keys:
//! `{"epoch":1,"key":"…","name":"…","purpose":"ledger","replaces":null,"v":1}`. A key that signs states itself, under its own
//! signature, and is stated under the signature of the key it replaces as well, unless that one was lost; others are stated by the operator's key.

use std::fmt;

use bezwaar_ledger::tlog::note::{Note, NoteError, SigningKey, VerifierKey};
use serde_json::{Value, json};

/// The longest statement, in bytes.
pub const STATEMENT_BYTES_MAX: usize = 16_384;

/// What a key of a register is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// Signs checkpoints, and nothing else.
    Ledger,
    /// Signs acceptance notes, extracts and seals.
    Operator,
    /// Gives every account its place in a release's tree of subjects (a VRF).
    Index,
    /// Makes subject keys; only its public id is stated.
    Subjects,
}

impl Purpose {
    /// Every purpose, in the order in which a ledger begins.
    pub const ALL: [Purpose; 4] = [Purpose::Ledger, Purpose::Operator, Purpose::Index, Purpose::Subjects];

    /// The word in statements.
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Ledger => "ledger",
            Purpose::Operator => "operator",
            Purpose::Index => "index",
            Purpose::Subjects => "subjects",
        }
    }

    /// The purpose with this word.
    pub fn lookup(word: &str) -> Option<Purpose> {
        Purpose::ALL.into_iter().find(|purpose| purpose.as_str() == word)
    }

    /// The name of the key's file, without `.key`.
    pub fn file(self) -> &'static str {
        match self {
            Purpose::Ledger => "ledger",
            Purpose::Operator => "operator",
            Purpose::Index => "index",
            Purpose::Subjects => "root",
        }
    }

    /// Whether it is a key for signed notes.
    pub fn signs(self) -> bool {
        matches!(self, Purpose::Ledger | Purpose::Operator)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a register says about one of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatement {
    /// What it is for.
    pub purpose: Purpose,
    /// Its name: the origin for the ledger's key, `<origin>/operator`, `<origin>/index`, and the gate domain for subject keys.
    pub name: String,
    /// The vkey of a key that signs, 64 hexadecimal digits of a public index key, the key id of subject keys.
    pub key: String,
    /// Counts up from 1 with every key for this purpose.
    pub epoch: u32,
    /// What the statement before it has as `key`'s short id: eight digits for keys that sign, sixteen for others.
    pub replaces: Option<String>,
}

impl KeyStatement {
    /// The short id by which a later statement names this key as replaced.
    pub fn key_id(&self) -> String {
        match self.purpose {
            Purpose::Ledger | Purpose::Operator => VerifierKey::parse(&self.key).map(|key| key.id().to_string()).unwrap_or_default(),
            Purpose::Index | Purpose::Subjects => self.key.chars().take(16).collect(),
        }
    }

    /// The key, for purposes that sign.
    pub fn verifier(&self) -> Option<VerifierKey> {
        VerifierKey::parse(&self.key).ok().filter(|_| self.purpose.signs())
    }

    /// The line that is signed.
    pub fn to_line(&self) -> String {
        // Keys of maps are sorted, and texts are escaped as RFC 8785 wants them.
        let value = json!({
            "epoch": self.epoch, "key": self.key, "name": self.name, "purpose": self.purpose.as_str(), "replaces": self.replaces, "v": 1,
        });
        format!("{value}\n")
    }

    /// The document: the line, signed by these keys.
    pub fn sign(&self, keys: &[&SigningKey]) -> Result<Vec<u8>, NoteError> {
        let mut note = Note::new(self.to_line())?;
        keys.iter().try_for_each(|key| note.sign(key))?;
        Ok(note.to_string().into_bytes())
    }

    /// Reads a document and says which of the keys known so far have signed it. `earlier` are the statements before it on the ledger.
    pub fn verify(document: &[u8], earlier: &[KeyStatement]) -> Result<(KeyStatement, Vec<VerifierKey>), StatementError> {
        if document.len() > STATEMENT_BYTES_MAX {
            return Err(StatementError::Form);
        }
        let note = Note::parse(document).map_err(|_| StatementError::Form)?;
        let statement = KeyStatement::parse_line(note.text()).ok_or(StatementError::Form)?;
        let before = earlier.iter().rfind(|earlier| earlier.purpose == statement.purpose);
        // Subject keys may be brought along from before there was a register, with the epoch they have.
        let epoch = before.map_or(statement.epoch, |before| before.epoch.saturating_add(1));
        if statement.epoch != epoch || statement.replaces != before.map(KeyStatement::key_id) {
            return Err(StatementError::Order { purpose: statement.purpose });
        }
        let own = statement.verifier();
        if statement.purpose.signs() && own.is_none() {
            return Err(StatementError::Form);
        }
        let known: Vec<VerifierKey> = own.iter().cloned().chain(earlier.iter().filter_map(KeyStatement::verifier)).collect();
        let verified = note.verify(&known).map_err(|_| StatementError::NotSigned { purpose: statement.purpose })?;
        let by: Vec<VerifierKey> = verified.signatures().iter().map(|signature| signature.key.clone()).collect();
        let operator = earlier.iter().rfind(|earlier| earlier.purpose == Purpose::Operator).and_then(KeyStatement::verifier);
        let needed = own.or(operator).ok_or(StatementError::NotSigned { purpose: statement.purpose })?;
        if !by.contains(&needed) {
            return Err(StatementError::NotSigned { purpose: statement.purpose });
        }
        Ok((statement, by))
    }

    fn parse_line(line: &str) -> Option<KeyStatement> {
        let value: Value = serde_json::from_str(line).ok()?;
        let text = |field: &str| value.get(field)?.as_str().map(str::to_owned);
        let statement = KeyStatement {
            purpose: Purpose::lookup(&text("purpose")?)?,
            name: text("name")?,
            key: text("key")?,
            epoch: u32::try_from(value.get("epoch")?.as_u64()?).ok()?,
            replaces: text("replaces"),
        };
        // Only the one form counts: no other fields, order or spacing.
        (statement.to_line() == line).then_some(statement)
    }
}

/// Why a document is not a statement about a key of this ledger. An integrity failure: it stands on the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatementError {
    /// Not a signed note with a statement in its one form.
    Form,
    /// It does not follow from the statement before it for the same purpose.
    Order {
        /// The purpose.
        purpose: Purpose,
    },
    /// It is not signed by the key it states, or by the operator.
    NotSigned {
        /// The purpose.
        purpose: Purpose,
    },
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StatementError::Form => f.write_str("a statement about a key is not one"),
            StatementError::Order { purpose } => write!(f, "a statement about the {purpose} key does not follow from the one before it"),
            StatementError::NotSigned { purpose } => write!(f, "a statement about the {purpose} key is not signed as it must be"),
        }
    }
}

impl StatementError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        "the store was changed behind the register's back: stop, keep a copy, and run `bezwaar doctor`"
    }
}

impl std::error::Error for StatementError {}
