//! The vault: what is sealed, under which key, and what a keyed name is.
//!
//! ```text
//! vault.key (a file) ─wraps─► inner key (a named value of the store) ─HKDF─► names of accounts │ names of acts │ holder keys │ own openings
//! holder keys ─wraps─► one random key for each holder ─seals─► that holder's openings and contact
//! ```
//!
//! Because the file's key wraps one key only, it can be changed without touching a row ([`rewrap`](crate::engine::Register::rotate_vault)). Because
//! each holder has a random key of its own, destroying that key is enough for everything sealed under it, copies on backup tapes included.
//!
//! Every sealed row says in clear which entry and holder it is of, and is bound to both and to the entry's bytes: a row in another's place is
//! recognised as such, and one that was changed is not opened.

mod error;
mod seal;

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use error::VaultError;
pub use seal::{OpenedRow, SealedRow};

use crate::randomness::{Randomness, RandomnessError, secret};
use crate::store::{Holder, HolderId, KeyedName};
use seal::{Cipher, XCipher};

/// The length of a salt, in bytes.
pub const SALT_BYTES: usize = 32;
/// The length of a wrapped key: nonce, key and tag.
pub const WRAPPED_BYTES: usize = 24 + 32 + 16;

const DERIVE_SALT: &[u8] = b"bezwaar vault v1";
const DOMAIN_INNER: &[u8] = b"bezwaar vault inner key v1\0";
const DOMAIN_HOLDER: &[u8] = b"bezwaar vault holder key v1\0";
const DOMAIN_VALUE: &[u8] = b"bezwaar vault value v1\0";
const DOMAIN_CONTACT: &[u8] = b"bezwaar vault contact v1\0";

/// The key in the file `vault.key`. Whoever has it and the store can read everything people said. Its `Debug` does not show it.
#[derive(Clone)]
pub struct VaultKey(Zeroizing<[u8; 32]>);

impl VaultKey {
    /// A new key.
    pub fn generate(random: &mut dyn Randomness) -> Result<VaultKey, RandomnessError> {
        secret(random).map(VaultKey)
    }

    /// The key with these bytes, which must be random.
    pub fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> VaultKey {
        VaultKey(bytes)
    }

    /// The bytes to store in the key file.
    pub fn expose_secret_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey(…)")
    }
}

/// The key of one holder. Its `Debug` does not show it.
#[derive(Clone)]
pub struct HolderKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for HolderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HolderKey(…)")
    }
}

/// The vault, open. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct Vault {
    inner: Zeroizing<[u8; 32]>,
    accounts: Hmac<Sha256>,
    acts: Hmac<Sha256>,
    holder_keys: Zeroizing<[u8; 32]>,
    own: HolderKey,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// A new vault for the register of this origin, and its inner key, wrapped, to store.
    pub fn create(key: &VaultKey, origin: &str, random: &mut dyn Randomness) -> Result<(Vault, Vec<u8>), RandomnessError> {
        let vault = Vault::from_inner(secret(random)?);
        let wrapped = vault.wrap_inner(key, origin, random)?;
        Ok((vault, wrapped))
    }

    /// Opens the vault whose wrapped inner key this is. [`VaultError::OtherKey`] if it was wrapped under another key, or for another register.
    pub fn open(key: &VaultKey, origin: &str, wrapped: &[u8]) -> Result<Vault, VaultError> {
        let aad = [DOMAIN_INNER, origin.as_bytes()].concat();
        XCipher::new(&key.0).unwrap_key(wrapped, &aad).map(Vault::from_inner).ok_or(VaultError::OtherKey)
    }

    /// The inner key, wrapped under another key for the file.
    pub fn wrap_inner(&self, key: &VaultKey, origin: &str, random: &mut dyn Randomness) -> Result<Vec<u8>, RandomnessError> {
        let aad = [DOMAIN_INNER, origin.as_bytes()].concat();
        let nonce = secret(random)?;
        Ok(XCipher::new(&key.0).wrap_key(&self.inner, &nonce, &aad))
    }

    fn from_inner(inner: Zeroizing<[u8; 32]>) -> Vault {
        let hkdf = Hkdf::<Sha256>::new(Some(DERIVE_SALT), inner.as_slice());
        let derive = |label: &[u8]| {
            let mut key = Zeroizing::new([0; 32]);
            match hkdf.expand(label, key.as_mut_slice()) {
                Ok(()) => key,
                Err(_) => unreachable!("RFC 5869 gives up to 255 blocks; this is one"),
            }
        };
        let keyed = |label: &[u8]| {
            // RFC 2104 pads shorter keys with zeros to the length of a block.
            let mut block = Zeroizing::new([0; 64]);
            block.iter_mut().zip(derive(label).iter()).for_each(|(place, byte)| *place = *byte);
            Hmac::new(&(*block).into())
        };
        Vault {
            accounts: keyed(b"account name"),
            acts: keyed(b"act name"),
            holder_keys: derive(b"holder keys"),
            own: HolderKey(derive(b"own openings")),
            inner,
        }
    }

    /// The keyed name of a holder: an account, and how many holders of it were destroyed before (0 as a rule). `canonical` is the account in
    /// its canonical form.
    pub fn holder_name(&self, canonical: &str, generation: u32) -> KeyedName {
        first_16(self.accounts.clone().chain_update(generation.to_be_bytes()).chain_update(canonical))
    }

    /// The keyed name of an act.
    pub fn act_name(&self, id: &str) -> KeyedName {
        first_16(self.acts.clone().chain_update(id))
    }

    /// A new holder with a key of its own.
    pub fn new_holder(&self, id: HolderId, name: KeyedName, random: &mut dyn Randomness) -> Result<(Holder, HolderKey), RandomnessError> {
        let mut bytes = Zeroizing::new([0; 32 + 24]);
        random.fill(bytes.as_mut_slice())?;
        let (mut key, mut nonce) = (Zeroizing::new([0; 32]), [0; 24]);
        let (first, last) = bytes.split_at(32);
        key.copy_from_slice(first);
        nonce.copy_from_slice(last);
        let wrapped = XCipher::new(&self.holder_keys).wrap_key(&key, &nonce, &holder_aad(id, name));
        Ok((Holder { id, name, wrapped_key: Some(wrapped) }, HolderKey(key)))
    }

    /// The key of a holder.
    pub fn holder_key(&self, holder: &Holder) -> Result<HolderKey, VaultError> {
        let wrapped = holder.wrapped_key.as_deref().ok_or(VaultError::KeyDestroyed { holder: holder.id.0 })?;
        let key = XCipher::new(&self.holder_keys).unwrap_key(wrapped, &holder_aad(holder.id, holder.name));
        key.map(HolderKey).ok_or(VaultError::KeyDamaged { holder: holder.id.0 })
    }

    /// The key for openings of no holder: tombstones, voids.
    pub(crate) fn own_key(&self) -> &HolderKey {
        &self.own
    }

    /// Seals a named value of no holder. It is bound to its name.
    pub(crate) fn seal_value(&self, name: &str, plain: &[u8], nonce: &[u8; 24]) -> Vec<u8> {
        XCipher::new(&self.own.0).seal(plain, nonce, &value_aad(name))
    }

    /// Opens a named value.
    pub(crate) fn unseal_value(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        XCipher::new(&self.own.0).unseal(sealed, &value_aad(name)).ok_or(VaultError::ValueDamaged)
    }

    /// Seals what the contact drawer is to have of a holder.
    pub fn seal_contact(
        &self,
        key: &HolderKey,
        holder: HolderId,
        plain: &[u8],
        random: &mut dyn Randomness,
    ) -> Result<Vec<u8>, RandomnessError> {
        let nonce = secret(random)?;
        Ok(XCipher::new(&key.0).seal(plain, &nonce, &contact_aad(holder)))
    }

    /// Opens what the contact drawer has of a holder.
    pub fn unseal_contact(&self, key: &HolderKey, holder: HolderId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let plain = XCipher::new(&key.0).unseal(sealed, &contact_aad(holder));
        plain.map(Zeroizing::new).ok_or(VaultError::ContactDamaged { holder: holder.0 })
    }
}

impl HolderKey {
    pub(crate) fn cipher(&self) -> Cipher {
        Cipher::new(&self.0)
    }
}

fn holder_aad(id: HolderId, name: KeyedName) -> [u8; DOMAIN_HOLDER.len() + 8 + 16] {
    let mut aad = [0; DOMAIN_HOLDER.len() + 8 + 16];
    let (domain, rest) = aad.split_at_mut(DOMAIN_HOLDER.len());
    let (number, keyed) = rest.split_at_mut(8);
    domain.copy_from_slice(DOMAIN_HOLDER);
    number.copy_from_slice(&id.0.to_be_bytes());
    keyed.copy_from_slice(&name.0);
    aad
}

fn value_aad(name: &str) -> Vec<u8> {
    [DOMAIN_VALUE, name.as_bytes()].concat()
}

fn contact_aad(holder: HolderId) -> Vec<u8> {
    [DOMAIN_CONTACT, &holder.0.to_be_bytes()].concat()
}

fn first_16(keyed: Hmac<Sha256>) -> KeyedName {
    let full: [u8; 32] = keyed.finalize().into_bytes().into();
    let mut first = [0; 16];
    first.iter_mut().zip(full).for_each(|(place, byte)| *place = byte);
    KeyedName(first)
}
