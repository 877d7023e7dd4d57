//! The keys of a register: made, read, stated on the ledger, and changed.
//!
//! | file | what it is for | stated on the ledger |
//! |---|---|---|
//! | `ledger.key` | signs checkpoints | its public half |
//! | `operator.key` | signs acceptance notes, extracts, seals | its public half |
//! | `index.key` | gives accounts their places in the tree of a release's subjects | its public half |
//! | `root.key` | makes subject keys | its public id |
//! | `vault.key` | opens the vault | no |

mod error;
mod folder;
mod statement;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bezwaar_ledger::key::{KeyFile, RootKey, SubjectKeys};
use bezwaar_ledger::tlog::note::{KeyName, SignatureType, SigningKey, VerifierKey};
use bezwaar_ledger::vrf::{IndexKey, IndexPublicKey};
use zeroize::Zeroizing;

pub use error::KeyRingError;
pub use statement::{KeyStatement, Purpose, STATEMENT_BYTES_MAX, StatementError};

use crate::files::{Audience, Files};
use crate::hex;
use crate::randomness::{Randomness, secret};
use crate::vault::{Vault, VaultKey};
use folder::{KeyFolder, Which, from_text, to_text};

const INDEX_KIND: &str = "bezwaar-index-key";
const VAULT_KIND: &str = "bezwaar-vault-key";
const VAULT_FILE: &str = "vault";

/// A key of one purpose, as a file holds it.
#[derive(Clone, Debug)]
enum AnyKey {
    Signing(Box<SigningKey>),
    Index(Box<IndexKey>),
    Root(KeyFile),
}

impl AnyKey {
    fn generate(purpose: Purpose, names: &Names, epoch: u32, random: &mut dyn Randomness) -> Result<AnyKey, KeyRingError> {
        let signing = |name: &str, seed: &[u8; 32]| {
            let name = KeyName::new(name).map_err(|_| KeyRingError::Name)?;
            Ok(AnyKey::Signing(Box::new(SigningKey::from_seed(name, SignatureType::Ed25519, seed))))
        };
        match purpose {
            Purpose::Ledger | Purpose::Operator => signing(&names.of(purpose), &*secret(random)?),
            Purpose::Index => {
                let bytes = secret(random)?;
                IndexKey::from_random(&bytes).map(|key| AnyKey::Index(Box::new(key))).map_err(|_| KeyRingError::Name)
            }
            Purpose::Subjects => {
                let root = RootKey::from_bytes(*secret(random)?);
                KeyFile::new(root, &names.domain, epoch).map(AnyKey::Root).map_err(|_| KeyRingError::Name)
            }
        }
    }

    fn parse(purpose: Purpose, text: &str) -> Option<AnyKey> {
        match purpose {
            Purpose::Ledger | Purpose::Operator => SigningKey::parse(text).ok().map(|key| AnyKey::Signing(Box::new(key))),
            Purpose::Index => IndexKey::from_bytes(&*from_text(INDEX_KIND, text)?).ok().map(|key| AnyKey::Index(Box::new(key))),
            Purpose::Subjects => RootKey::parse_file(text).ok().map(AnyKey::Root),
        }
    }

    fn to_text(&self) -> Zeroizing<String> {
        match self {
            AnyKey::Signing(key) => Zeroizing::new(format!("{}\n", *key.to_text())),
            AnyKey::Index(key) => to_text(INDEX_KIND, &key.expose_secret_bytes()),
            AnyKey::Root(file) => Zeroizing::new(file.to_text()),
        }
    }

    /// What a statement says of it.
    fn public(&self) -> String {
        match self {
            AnyKey::Signing(key) => key.verifier().to_string(),
            AnyKey::Index(key) => hex::encode(&key.public_key().to_bytes()),
            AnyKey::Root(file) => file.subject_keys().key_id().to_owned(),
        }
    }
}

/// What the keys of a register are named after.
#[derive(Clone, Debug)]
struct Names {
    origin: String,
    domain: String,
}

impl Names {
    fn of(&self, purpose: Purpose) -> String {
        match purpose {
            Purpose::Ledger => self.origin.clone(),
            Purpose::Operator | Purpose::Index => format!("{}/{purpose}", self.origin),
            Purpose::Subjects => self.domain.clone(),
        }
    }
}

/// The keys of a register that are in use. Its `Debug` shows public halves only.
#[derive(Clone)]
pub struct KeyRing {
    folder: KeyFolder,
    names: Names,
    ledger: Option<SigningKey>,
    operator: Option<SigningKey>,
    index: Option<IndexKey>,
    root: Option<KeyFile>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("ledger", &self.ledger).field("operator", &self.operator).finish_non_exhaustive()
    }
}

/// A new key that is written, but not yet in use: it is to be stated on the ledger first.
#[derive(Debug)]
pub struct NextKey {
    /// What it is for.
    pub purpose: Purpose,
    /// The document to enter.
    pub document: Vec<u8>,
    key: AnyKey,
    former_epoch: u32,
}

impl KeyRing {
    fn at(files: Arc<dyn Files>, path: PathBuf, origin: &str, domain: &str) -> KeyRing {
        let names = Names { origin: origin.to_owned(), domain: domain.to_owned() };
        KeyRing { folder: KeyFolder { files, path }, names, ledger: None, operator: None, index: None, root: None }
    }

    /// Makes the keys of a new register. Those an earlier try has left are used.
    pub fn create(
        files: Arc<dyn Files>,
        path: PathBuf,
        origin: &str,
        domain: &str,
        random: &mut dyn Randomness,
    ) -> Result<KeyRing, KeyRingError> {
        let file_error = |source| KeyRingError::File { name: "keys".to_owned(), source };
        files.make_folder(&path, Audience::Owner).map_err(file_error)?;
        let mut ring = KeyRing::at(files, path, origin, domain);
        ring.folder.check_folder()?;
        for purpose in Purpose::ALL {
            let key = match ring.read(purpose, Which::Current)? {
                Some(key) => key,
                None => {
                    let key = AnyKey::generate(purpose, &ring.names, 1, random)?;
                    ring.folder.write(purpose.file(), Which::Current, &key.to_text())?;
                    key
                }
            };
            ring.take(purpose, key)?;
        }
        if ring.folder.read(VAULT_FILE, Which::Current)?.is_none() {
            let key = VaultKey::generate(random)?;
            ring.folder.write(VAULT_FILE, Which::Current, &to_text(VAULT_KIND, key.expose_secret_bytes()))?;
        }
        Ok(ring)
    }

    /// Reads the keys the ledger states. A key whose file is lost is left out: what needs it says so.
    pub fn load(
        files: Arc<dyn Files>,
        path: PathBuf,
        origin: &str,
        domain: &str,
        statements: &[KeyStatement],
    ) -> Result<KeyRing, KeyRingError> {
        let mut ring = KeyRing::at(files, path, origin, domain);
        ring.folder.check_folder()?;
        for purpose in Purpose::ALL {
            let Some(stated) = statements.iter().rfind(|statement| statement.purpose == purpose) else { continue };
            let is_stated = |key: &AnyKey| key.public() == stated.key;
            if let Some(key) = ring.read(purpose, Which::Current)?.filter(is_stated) {
                ring.take(purpose, key)?;
            } else if let Some(key) = ring.read(purpose, Which::Next)?.filter(is_stated) {
                // It was stated, but a crash came before it was renamed.
                ring.folder.advance(purpose.file(), stated.epoch.saturating_sub(1))?;
                ring.take(purpose, key)?;
            }
        }
        Ok(ring)
    }

    fn read(&self, purpose: Purpose, which: Which) -> Result<Option<AnyKey>, KeyRingError> {
        let Some(text) = self.folder.read(purpose.file(), which)? else { return Ok(None) };
        let key = AnyKey::parse(purpose, &text);
        key.map(Some).ok_or_else(|| KeyRingError::Damaged { name: format!("{}.key", purpose.file()) })
    }

    fn take(&mut self, purpose: Purpose, key: AnyKey) -> Result<(), KeyRingError> {
        match (purpose, key) {
            (Purpose::Ledger, AnyKey::Signing(key)) if key.name().as_str() == self.names.origin => self.ledger = Some(*key),
            (Purpose::Operator, AnyKey::Signing(key)) => self.operator = Some(*key),
            (Purpose::Index, AnyKey::Index(key)) => self.index = Some(*key),
            (Purpose::Subjects, AnyKey::Root(file)) if file.domain == self.names.domain => self.root = Some(file),
            _ => return Err(KeyRingError::Damaged { name: format!("{}.key", purpose.file()) }),
        }
        Ok(())
    }

    /// The statements of a new register, in order, each with its document.
    pub fn first_statements(&self) -> Result<Vec<(KeyStatement, Vec<u8>)>, KeyRingError> {
        let epoch = |purpose| if purpose == Purpose::Subjects { self.root.as_ref().map_or(1, |root| root.epoch) } else { 1 };
        let one = |purpose: Purpose| {
            let key = self.any(purpose).ok_or(KeyRingError::Lost { purpose })?;
            let (name, key) = (self.names.of(purpose), key.public());
            let statement = KeyStatement { purpose, name, key, epoch: epoch(purpose), replaces: None };
            let signer = if purpose == Purpose::Ledger { self.ledger()? } else { self.operator()? };
            let document = statement.sign(&[signer]).map_err(|_| KeyRingError::Name)?;
            Ok((statement, document))
        };
        Purpose::ALL.into_iter().map(one).collect()
    }

    fn any(&self, purpose: Purpose) -> Option<AnyKey> {
        match purpose {
            Purpose::Ledger => self.ledger.clone().map(|key| AnyKey::Signing(Box::new(key))),
            Purpose::Operator => self.operator.clone().map(|key| AnyKey::Signing(Box::new(key))),
            Purpose::Index => self.index.clone().map(|key| AnyKey::Index(Box::new(key))),
            Purpose::Subjects => self.root.clone().map(AnyKey::Root),
        }
    }

    /// Makes the key that is to take the place of the present one, and writes it beside it. It is in use once [`KeyRing::advance`] was called, after its
    /// document was entered on the ledger.
    pub fn prepare(&self, purpose: Purpose, statements: &[KeyStatement], random: &mut dyn Randomness) -> Result<NextKey, KeyRingError> {
        let former = statements.iter().rfind(|statement| statement.purpose == purpose);
        let former_epoch = former.map_or(0, |former| former.epoch);
        let epoch = former_epoch.saturating_add(1);
        let key = AnyKey::generate(purpose, &self.names, epoch, random)?;
        let replaces = former.map(KeyStatement::key_id);
        let statement = KeyStatement { purpose, name: self.names.of(purpose), key: key.public(), epoch, replaces };
        let signers: Vec<&SigningKey> = match (&key, purpose) {
            (AnyKey::Signing(new), Purpose::Ledger) => std::iter::once(&**new).chain(&self.ledger).collect(),
            (AnyKey::Signing(new), _) => std::iter::once(&**new).chain(&self.operator).collect(),
            _ => vec![self.operator()?],
        };
        let document = statement.sign(&signers).map_err(|_| KeyRingError::Name)?;
        self.folder.write(purpose.file(), Which::Next, &key.to_text())?;
        Ok(NextKey { purpose, document, key, former_epoch })
    }

    /// Puts a key that the ledger now states in the place of the one it replaces.
    pub fn advance(&mut self, next: NextKey) -> Result<(), KeyRingError> {
        self.folder.advance(next.purpose.file(), next.former_epoch)?;
        self.take(next.purpose, next.key)
    }

    /// Opens the vault: with `vault.key`, with the next one if a crash came before it was renamed, or with an older one after a restore.
    pub fn open_vault(&self, epoch: u32, wrapped: &[u8]) -> Result<Vault, KeyRingError> {
        let mut opened = Err(KeyRingError::VaultLost);
        for which in [Which::Current, Which::Next, Which::Former(epoch)] {
            let Some(key) = self.vault_key(which)? else { continue };
            match Vault::open(&key, &self.names.origin, wrapped) {
                Ok(vault) => {
                    if which == Which::Next {
                        self.folder.advance(VAULT_FILE, epoch.saturating_sub(1))?;
                    }
                    return Ok(vault);
                }
                Err(error) => opened = Err(KeyRingError::Vault(error)),
            }
        }
        opened
    }

    fn vault_key(&self, which: Which) -> Result<Option<VaultKey>, KeyRingError> {
        let Some(text) = self.folder.read(VAULT_FILE, which)? else { return Ok(None) };
        let bytes = from_text(VAULT_KIND, &text).ok_or_else(|| KeyRingError::Damaged { name: "vault.key".to_owned() })?;
        Ok(Some(VaultKey::from_bytes(bytes)))
    }

    /// The key in `vault.key`, as a new register needs it.
    pub(crate) fn current_vault_key(&self) -> Result<VaultKey, KeyRingError> {
        self.vault_key(Which::Current)?.ok_or(KeyRingError::VaultLost)
    }

    /// Writes a new key for the vault beside the present one.
    pub(crate) fn prepare_vault(&self, random: &mut dyn Randomness) -> Result<VaultKey, KeyRingError> {
        let key = VaultKey::generate(random)?;
        self.folder.write(VAULT_FILE, Which::Next, &to_text(VAULT_KIND, key.expose_secret_bytes()))?;
        Ok(key)
    }

    /// Puts it in the place of the present one, which is kept as that of `former_epoch`.
    pub(crate) fn advance_vault(&self, former_epoch: u32) -> Result<(), KeyRingError> {
        self.folder.advance(VAULT_FILE, former_epoch)
    }

    /// The key that signs checkpoints.
    pub fn ledger(&self) -> Result<&SigningKey, KeyRingError> {
        self.ledger.as_ref().ok_or(KeyRingError::Lost { purpose: Purpose::Ledger })
    }

    /// The key that signs acceptance notes, extracts and seals.
    pub fn operator(&self) -> Result<&SigningKey, KeyRingError> {
        self.operator.as_ref().ok_or(KeyRingError::Lost { purpose: Purpose::Operator })
    }

    /// The key of the subject trees.
    pub fn index(&self) -> Result<&IndexKey, KeyRingError> {
        self.index.as_ref().ok_or(KeyRingError::Lost { purpose: Purpose::Index })
    }

    /// The root key with its gate domain and epoch.
    pub fn root(&self) -> Result<&KeyFile, KeyRingError> {
        self.root.as_ref().ok_or(KeyRingError::Lost { purpose: Purpose::Subjects })
    }

    /// The keys that make subject keys now.
    pub fn subject_keys(&self) -> Result<SubjectKeys, KeyRingError> {
        self.root().map(KeyFile::subject_keys)
    }

    /// The root key of an earlier epoch, kept to read extracts made with it.
    pub fn former_root(&self, epoch: u32) -> Result<Option<KeyFile>, KeyRingError> {
        Ok(match self.read(Purpose::Subjects, Which::Former(epoch))? {
            Some(AnyKey::Root(file)) => Some(file),
            _ => None,
        })
    }

    /// The key that signed checkpoints in an earlier epoch.
    pub(crate) fn former_ledger(&self, epoch: u32) -> Result<Option<SigningKey>, KeyRingError> {
        Ok(match self.read(Purpose::Ledger, Which::Former(epoch))? {
            Some(AnyKey::Signing(key)) => Some(*key),
            _ => None,
        })
    }

    /// Whether the folder and every file of a key are closed to others, and readable as what they are.
    pub fn check_files(&self) -> Result<(), KeyRingError> {
        self.folder.check_folder()?;
        Purpose::ALL.into_iter().try_for_each(|purpose| self.read(purpose, Which::Current).map(drop))?;
        self.current_vault_key().map(drop)
    }

    /// The secret index key with this public half: the present one, or one of before.
    pub fn index_key_of(&self, public: &IndexPublicKey, statements: &[KeyStatement]) -> Result<Option<IndexKey>, KeyRingError> {
        if let Some(key) = self.index.as_ref().filter(|key| key.public_key() == *public) {
            return Ok(Some(key.clone()));
        }
        for statement in statements.iter().filter(|statement| statement.purpose == Purpose::Index) {
            match self.read(Purpose::Index, Which::Former(statement.epoch))? {
                Some(AnyKey::Index(key)) if key.public_key() == *public => return Ok(Some(*key)),
                _ => {}
            }
        }
        Ok(None)
    }

    /// The purposes whose keys are lost.
    pub fn lost(&self) -> Vec<Purpose> {
        Purpose::ALL.into_iter().filter(|purpose| self.any(*purpose).is_none()).collect()
    }
}

/// The public keys a register has ever stated for a purpose, the newest first.
pub fn verifiers(statements: &[KeyStatement], purpose: Purpose) -> Vec<VerifierKey> {
    statements.iter().rev().filter(|statement| statement.purpose == purpose).filter_map(KeyStatement::verifier).collect()
}
