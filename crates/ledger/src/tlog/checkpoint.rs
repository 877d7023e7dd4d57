//! Checkpoints: the signed tree head of a ledger ([c2sp.org/tlog-checkpoint](https://c2sp.org/tlog-checkpoint)), and nothing else.
//!
//! ```text
//! ledger.example/one
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — ledger.example/one Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJur…
//! ```
//!
//! The first line is the **origin**, the ledger's own name; then its **size** in leaves, and its **root** (RFC 6962). *Extension lines* may follow;
//! what they say nobody else checks. All of it is the text of a [signed note](super::note); the ledger's key has the origin as its name.

use std::fmt;

use super::note::{KeyName, Note, NoteError, NoteSignature, SigningKey, VerifierKey, VerifyError, parse_signature_lines};
use super::{Hash, RootBuilder, text};

/// The longest origin, in bytes.
pub const ORIGIN_BYTES_MAX: usize = 255;
/// The most extension lines a checkpoint can have.
pub const EXTENSIONS_MAX: usize = 16;

/// A ledger's name, unique in the world: by custom a URL without its scheme.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// The origin, if it is one: one line of text without control characters, not empty.
    pub fn new(text: &str) -> Result<Origin, CheckpointError> {
        let good = (1..=ORIGIN_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
        if good { Ok(Origin(text.to_owned())) } else { Err(CheckpointError::Origin) }
    }

    /// The origin as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ledger's key has the origin as its name.
impl From<&KeyName> for Origin {
    fn from(name: &KeyName) -> Origin {
        // What is a key name is an origin: it is as short and has less in it.
        Origin(name.as_str().to_owned())
    }
}

/// What a ledger signs: how many leaves its tree has, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: Origin,
    size: u64,
    // INVARIANT: that of the empty tree when `size` is 0.
    root: Hash,
    // INVARIANT: each is one line of text, not empty.
    extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    pub fn new(origin: Origin, size: u64, root: Hash) -> Result<Checkpoint, CheckpointError> {
        if size == 0 && root != RootBuilder::new().root() {
            return Err(CheckpointError::EmptyTreeRoot);
        }
        Ok(Checkpoint { origin, size, root, extensions: Vec::new() })
    }

    /// With these extension lines, each without its line end. The specification advises against them: nobody checks what they say.
    pub fn with_extensions(mut self, extensions: Vec<String>) -> Result<Checkpoint, CheckpointError> {
        let good = |line: &String| !line.is_empty() && !line.bytes().any(|byte| byte < b' ');
        if extensions.len() > EXTENSIONS_MAX || !extensions.iter().all(good) {
            return Err(CheckpointError::Extension);
        }
        self.extensions = extensions;
        Ok(self)
    }

    /// Reads the text of a checkpoint, without signatures.
    pub fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::NotACheckpoint)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::NotACheckpoint);
        };
        let origin = Origin::new(origin)?;
        let size = text::decimal(size).ok_or(CheckpointError::Size)?;
        let root = text::hash(root).ok_or(CheckpointError::Root)?;
        Checkpoint::new(origin, size, root)?.with_extensions(lines.map(str::to_owned).collect())
    }

    /// The ledger's name.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// The extension lines, without line ends. Nobody but the ledger vouches for what they say.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, text::base64(self.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A checkpoint and the signatures under it, none of which is verified yet. Its `Display` is the file as it is kept and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    // INVARIANT: its text is that of `checkpoint`.
    note: Note,
}

impl SignedCheckpoint {
    /// Signs a checkpoint with the ledger's key, whose name must be the origin.
    ///
    /// Whoever calls it must never sign two checkpoints of which neither tree is the beginning of the other.
    pub fn sign(checkpoint: Checkpoint, key: &SigningKey) -> Result<SignedCheckpoint, CheckpointError> {
        if key.name().as_str() != checkpoint.origin.as_str() {
            return Err(CheckpointError::OtherOrigin);
        }
        let mut note = Note::new(checkpoint.to_string()).map_err(CheckpointError::Note)?;
        note.sign(key).map_err(CheckpointError::Note)?;
        Ok(SignedCheckpoint { checkpoint, note })
    }

    /// Reads a checkpoint with at least one signature line. It verifies nothing.
    pub fn parse(bytes: &[u8]) -> Result<SignedCheckpoint, CheckpointError> {
        let note = Note::parse(bytes).map_err(CheckpointError::Note)?;
        Ok(SignedCheckpoint { checkpoint: Checkpoint::parse(note.text())?, note })
    }

    /// What the signatures are said to stand under. Trust it only after [`verify`](Self::verify) or a policy said so.
    pub fn unverified(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The checkpoint as a note.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The checkpoint, if the ledger with this key has signed it, under its own name.
    pub fn verify(&self, ledger: &VerifierKey) -> Result<&Checkpoint, CheckpointError> {
        if ledger.name().as_str() != self.checkpoint.origin.as_str() {
            return Err(CheckpointError::OtherOrigin);
        }
        self.note.verify(std::slice::from_ref(ledger)).map_err(CheckpointError::Verify)?;
        Ok(&self.checkpoint)
    }

    /// Adds a signature at the end. One that is there already is not added again.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), CheckpointError> {
        self.note.add(signature).map_err(CheckpointError::Note)
    }

    /// Adds signature lines, such as those of a witness's answer, verified or not. One that is there already is not added again.
    pub fn add_signature_lines(&mut self, lines: &str) -> Result<(), CheckpointError> {
        let mut note = self.note.clone();
        for signature in parse_signature_lines(lines).map_err(CheckpointError::Note)? {
            note.add(signature).map_err(CheckpointError::Note)?;
        }
        self.note = note;
        Ok(())
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

/// Why something is not a checkpoint, or not one to believe.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Fewer than three lines, or no line end at the end.
    NotACheckpoint,
    /// The origin is empty, longer than [`ORIGIN_BYTES_MAX`], or has control characters.
    Origin,
    /// The size is not a plain decimal number of at most 2^64 − 1.
    Size,
    /// The root is not 32 bytes of base64.
    Root,
    /// The tree is empty, but the root is not that of the empty tree.
    EmptyTreeRoot,
    /// An extension line is empty or has control characters, or there are more than [`EXTENSIONS_MAX`].
    Extension,
    /// The key is named otherwise than the ledger.
    OtherOrigin,
    /// It is not a signed note, or cannot become one.
    Note(NoteError),
    /// The ledger's signature is not there, or wrong.
    Verify(VerifyError),
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckpointError::NotACheckpoint => f.write_str("this is not a checkpoint: it has fewer than three whole lines"),
            CheckpointError::Origin => f.write_str("the checkpoint's origin (line 1) is not one"),
            CheckpointError::Size => f.write_str("the checkpoint's size (line 2) is not a plain number"),
            CheckpointError::Root => f.write_str("the checkpoint's root (line 3) is not a hash in base64"),
            CheckpointError::EmptyTreeRoot => f.write_str("the checkpoint's tree is empty, but its root is not that of the empty tree"),
            CheckpointError::Extension => {
                f.write_str("an extension line of the checkpoint is empty, has control characters, or is one too many")
            }
            CheckpointError::OtherOrigin => f.write_str("the checkpoint is of another ledger than the key"),
            CheckpointError::Note(_) => f.write_str("the checkpoint is not a signed note"),
            CheckpointError::Verify(_) => f.write_str("the checkpoint is not signed by the ledger"),
        }
    }
}

impl CheckpointError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            CheckpointError::OtherOrigin => "use the key of the ledger named in the checkpoint's first line, if you trust that ledger",
            CheckpointError::Origin => "use the ledger's address without its scheme, such as `ledger.example/one`",
            CheckpointError::Extension => "leave extension lines out; nobody checks what they say",
            CheckpointError::Note(error) => error.help(),
            CheckpointError::Verify(error) => error.help(),
            _ => "get the checkpoint again from the ledger; if it is wrong there too, the ledger is not to be trusted",
        }
    }
}

impl std::error::Error for CheckpointError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CheckpointError::Note(error) => Some(error),
            CheckpointError::Verify(error) => Some(error),
            _ => None,
        }
    }
}
