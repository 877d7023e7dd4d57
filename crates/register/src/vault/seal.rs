//! Sealing and unsealing rows.

use std::collections::HashMap;

use bezwaar_ledger::entry::{ENTRY_BYTES, Entry};
use chacha20poly1305::aead::{Aead as _, AeadInOut as _, KeyInit as _, Payload, Tag};
use chacha20poly1305::{ChaCha20Poly1305, XChaCha20Poly1305};
use zeroize::{Zeroize as _, Zeroizing};

use super::{HolderKey, SALT_BYTES, Vault, VaultError, WRAPPED_BYTES};
use crate::commitment::commit;
use crate::store::{Holder, HolderId};

const DOMAIN_OPENING: &[u8] = b"bezwaar vault opening v1\0";
/// What stands in clear before a sealed opening: a version, the entry's index, the holder's number.
const HEAD_BYTES: usize = 1 + 8 + 8;
const ROW_VERSION: u8 = 1;
const TAG_BYTES: usize = 16;

/// ChaCha20-Poly1305 with the key of one holder.
pub(crate) struct Cipher(ChaCha20Poly1305);

impl Cipher {
    pub(super) fn new(key: &[u8; 32]) -> Cipher {
        Cipher(ChaCha20Poly1305::new(&(*key).into()))
    }
}

/// XChaCha20-Poly1305: its nonces are long enough to be random.
pub(super) struct XCipher(XChaCha20Poly1305);

impl XCipher {
    pub(super) fn new(key: &[u8; 32]) -> XCipher {
        XCipher(XChaCha20Poly1305::new(&(*key).into()))
    }

    /// Nonce, then what `plain` becomes, then the tag.
    pub(super) fn seal(&self, plain: &[u8], nonce: &[u8; 24], aad: &[u8]) -> Vec<u8> {
        match self.0.encrypt(&(*nonce).into(), Payload { msg: plain, aad }) {
            Ok(sealed) => [nonce.as_slice(), &sealed].concat(),
            Err(_) => unreachable!("only inputs over 256 GiB cannot be sealed"),
        }
    }

    pub(super) fn unseal(&self, sealed: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<24>()?;
        self.0.decrypt(&(*nonce).into(), Payload { msg: sealed, aad }).ok()
    }

    pub(super) fn wrap_key(&self, key: &[u8; 32], nonce: &[u8; 24], aad: &[u8]) -> Vec<u8> {
        self.seal(key, nonce, aad)
    }

    pub(super) fn unwrap_key(&self, wrapped: &[u8], aad: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        if wrapped.len() != WRAPPED_BYTES {
            return None;
        }
        let (nonce, sealed) = wrapped.split_first_chunk::<24>()?;
        let (text, tag) = sealed.split_last_chunk::<TAG_BYTES>()?;
        let mut key: Zeroizing<[u8; 32]> = Zeroizing::new(text.try_into().ok()?);
        let tag: &Tag<XChaCha20Poly1305> = tag.into();
        self.0.decrypt_inout_detached(&(*nonce).into(), aad, key.as_mut_slice().into(), tag).ok()?;
        Some(key)
    }
}

/// What a row is bound to, besides its key.
fn aad(entry: &[u8; ENTRY_BYTES], holder: u64) -> [u8; DOMAIN_OPENING.len() + ENTRY_BYTES + 8] {
    let mut aad = [0; DOMAIN_OPENING.len() + ENTRY_BYTES + 8];
    let (domain, rest) = aad.split_at_mut(DOMAIN_OPENING.len());
    let (place, number) = rest.split_at_mut(ENTRY_BYTES);
    domain.copy_from_slice(DOMAIN_OPENING);
    place.copy_from_slice(entry);
    number.copy_from_slice(&holder.to_be_bytes());
    aad
}

/// One row per index, and none is ever written anew: the index is a nonce that is used once under a key.
fn nonce(index: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce.iter_mut().skip(4).zip(index.to_be_bytes()).for_each(|(place, byte)| *place = byte);
    nonce
}

/// A sealed row as the store has it, with its entry.
#[derive(Clone, Debug)]
pub struct SealedRow {
    /// The entry's place on the ledger.
    pub index: u64,
    /// The entry.
    pub entry: [u8; ENTRY_BYTES],
    /// Under whose key it is said to be sealed.
    pub holder: Option<HolderId>,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

/// A row, opened, and shown to be what its entry stands for. Personal data: it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedRow {
    /// The entry's place on the ledger.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// Under whose key it was sealed.
    pub holder: Option<HolderId>,
    /// The salt of the commitment.
    pub salt: [u8; SALT_BYTES],
    /// What is committed to: RFC 8785 bytes.
    pub body: Vec<u8>,
}

impl Vault {
    /// Seals the opening of an entry. `key` is the holder's; without holder the register's own is used.
    pub fn seal_opening(
        &self,
        holder: Option<(HolderId, &HolderKey)>,
        index: u64,
        entry: &[u8; ENTRY_BYTES],
        salt: &[u8; SALT_BYTES],
        body: &[u8],
    ) -> Vec<u8> {
        let id = holder.map_or(0, |(id, _)| id.0);
        let cipher = holder.map_or_else(|| self.own_key().cipher(), |(_, key)| key.cipher());
        let mut sealed = Vec::with_capacity(HEAD_BYTES + SALT_BYTES + body.len() + TAG_BYTES);
        sealed.push(ROW_VERSION);
        sealed.extend_from_slice(&index.to_be_bytes());
        sealed.extend_from_slice(&id.to_be_bytes());
        sealed.extend_from_slice(salt);
        sealed.extend_from_slice(body);
        let (_, text) = sealed.split_at_mut(HEAD_BYTES);
        match cipher.0.encrypt_inout_detached(&nonce(index).into(), &aad(entry, id), text.into()) {
            Ok(tag) => sealed.extend_from_slice(&tag),
            Err(_) => unreachable!("only inputs over 256 GiB cannot be sealed"),
        }
        sealed
    }

    /// Opens a row and checks that it is what its entry stands for. `key` is that of the holder the store names. The row is taken, for it is opened where it lies.
    pub fn unseal_opening(&self, row: SealedRow, key: Option<&HolderKey>) -> Result<OpenedRow, VaultError> {
        let (index, mut row) = (row.index, row);
        let damaged = VaultError::Damaged { index };
        let entry = Entry::from_bytes(&row.entry).map_err(|_| damaged)?;
        let stated = row.holder.map_or(0, |id| id.0);
        let (head, sealed) = row.sealed.split_first_chunk_mut::<HEAD_BYTES>().ok_or(damaged)?;
        let [version, numbers @ ..] = &*head;
        let (of_index, of_holder) = numbers.split_first_chunk::<8>().ok_or(damaged)?;
        let of_index = u64::from_be_bytes(*of_index);
        let of_holder = u64::from_be_bytes(of_holder.try_into().map_err(|_| damaged)?);
        if *version != ROW_VERSION {
            return Err(damaged);
        }
        if of_index != index {
            return Err(VaultError::Swapped { index, of: of_index });
        }
        if of_holder != stated {
            return Err(VaultError::OtherHolder { index, holder: stated, of: of_holder });
        }
        let cipher = key.unwrap_or(self.own_key()).cipher();
        let (text, tag) = sealed.split_last_chunk_mut::<TAG_BYTES>().ok_or(damaged)?;
        let tag: &Tag<ChaCha20Poly1305> = (&*tag).into();
        let opened = cipher.0.decrypt_inout_detached(&nonce(index).into(), &aad(&row.entry, stated), (&mut *text).into(), tag);
        opened.map_err(|_| damaged)?;
        let (salt, body) = text.split_first_chunk::<SALT_BYTES>().ok_or(damaged)?;
        let (salt, end) = (*salt, HEAD_BYTES + SALT_BYTES + body.len());
        let mut plain = row.sealed;
        plain.truncate(end);
        plain.drain(..HEAD_BYTES + SALT_BYTES);
        if commit(entry.kind, &salt, &plain) != Some(entry.hash) {
            plain.zeroize();
            return Err(VaultError::OtherCommitment { index });
        }
        Ok(OpenedRow { index, entry, holder: row.holder, salt, body: plain })
    }
}

impl Vault {
    /// Opens each row, in order, and gives what is to become of it. `holders` has the holders the rows name.
    pub fn unseal_each<T>(&self, rows: Vec<SealedRow>, holders: &[Holder], map: impl Fn(Result<OpenedRow, VaultError>) -> T) -> Vec<T> {
        let holders: HashMap<HolderId, &Holder> = holders.iter().map(|holder| (holder.id, holder)).collect();
        let mut last: Option<(HolderId, HolderKey)> = None;
        rows.into_iter().map(|row| map(self.unseal_one(row, &holders, &mut last))).collect()
    }

    fn unseal_one(
        &self,
        row: SealedRow,
        holders: &HashMap<HolderId, &Holder>,
        last: &mut Option<(HolderId, HolderKey)>,
    ) -> Result<OpenedRow, VaultError> {
        let Some(id) = row.holder else { return self.unseal_opening(row, None) };
        if let Some((held, key)) = last
            && *held == id
        {
            return self.unseal_opening(row, Some(key));
        }
        let holder = holders.get(&id).ok_or(VaultError::NoSuchHolder { holder: id.0, index: row.index })?;
        let key = self.holder_key(holder)?;
        let opened = self.unseal_opening(row, Some(&key));
        *last = Some((id, key));
        opened
    }
}
