//! The verifiable random function that turns an account into a pseudonym nobody can guess, and everybody can check:
//! ECVRF-RISTRETTO255-SHA512 of [c2sp.org/vrf-r255](https://c2sp.org/vrf-r255), on top of
//! [RFC 9381](https://www.rfc-editor.org/rfc/rfc9381#section-5). The public key is always validated.
//!
//! For one key and one input there is one output that verifies. Whoever has the [`IndexKey`] computes it; a
//! [`VrfProof`] shows it to whoever has the [`IndexPublicKey`]; nobody else can tell it from random bytes. A register computes it
//! over the normalised account, the text its subject key is computed over. Outputs and proofs stand for a person wherever they
//! turn up, so `Debug` shows neither.
//!
//! ```
//! use bezwaar_ledger::vrf::IndexKey;
//!
//! let key = IndexKey::from_random(&[7; 64]).expect("random bytes give a key"); // 64 random bytes
//! let (output, proof) = key.prove(b"club:handle:noor");
//! let public = key.public_key();
//! assert_eq!(public.verify(b"club:handle:noor", &proof), Ok(output));
//! assert!(public.verify(b"club:handle:daan", &proof).is_err());
//! ```

mod error;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread;

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use sha2::{Digest, Sha512};
use zeroize::{Zeroize, Zeroizing};

pub use error::VrfError;

/// The length of a proof in bytes: a point, a challenge and a scalar.
pub const PROOF_BYTES: usize = 80;
/// The length of an output in bytes.
pub const OUTPUT_BYTES: usize = 64;

const SUITE: &[u8] = b"\xffc2sp.org/vrf-r255";
const CHALLENGE_FRONT: &[u8] = &[0x02];
const OUTPUT_FRONT: &[u8] = &[0x03];
const NONCE_FRONT: &[u8] = &[0x81];
const ENCODE_FRONT: &[u8] = &[0x82];
/// RFC 9381 ends the input of the challenge and of the output with it.
const BACK: &[u8] = &[0x00];

/// Points that are compressed at once. More gain nothing and fill the processor's cache.
const BATCH: usize = 128;
/// Inputs that a thread takes at once.
const SHARE: usize = 16 * BATCH;

/// The secret half of a register's index key. It is wiped when dropped, and `Debug` does not show it.
#[derive(Clone)]
pub struct IndexKey {
    // INVARIANT: not zero, so that the public key is not the identity.
    secret: Scalar,
    /// Half the secret: points come out of a batch doubled.
    half: Scalar,
    public: IndexPublicKey,
}

impl IndexKey {
    /// The key made of 64 random bytes, taken modulo the order of the group.
    ///
    /// # Errors
    /// [`VrfError::SecretZero`] if they give zero, which random bytes do not.
    pub fn from_random(bytes: &[u8; 64]) -> Result<IndexKey, VrfError> {
        IndexKey::from_scalar(Scalar::from_bytes_mod_order_wide(bytes))
    }

    /// The key that was stored as these 32 bytes.
    ///
    /// # Errors
    /// [`VrfError::SecretNotCanonical`] if they are not below the order of the group, [`VrfError::SecretZero`] if they are zero.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<IndexKey, VrfError> {
        let secret = Option::from(Scalar::from_canonical_bytes(*bytes)).ok_or(VrfError::SecretNotCanonical)?;
        IndexKey::from_scalar(secret)
    }

    fn from_scalar(secret: Scalar) -> Result<IndexKey, VrfError> {
        if secret == Scalar::ZERO {
            return Err(VrfError::SecretZero);
        }
        let point = RistrettoPoint::mul_base(&secret);
        let public = IndexPublicKey { point, bytes: point.compress() };
        Ok(IndexKey { secret, half: secret.div_by_2(), public })
    }

    /// The 32 bytes to store. **They are the key**: keep them as secret as the root key.
    pub fn expose_secret_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.secret.to_bytes())
    }

    /// The public half, which is published.
    pub fn public_key(&self) -> IndexPublicKey {
        self.public
    }

    /// The output for an input.
    pub fn output(&self, alpha: &[u8]) -> VrfOutput {
        output_of(&(self.secret * self.public.encode(alpha)).compress())
    }

    /// The outputs for many inputs, in their order; a little faster each than [`IndexKey::output`].
    pub fn outputs<A: AsRef<[u8]>>(&self, alphas: &[A]) -> Vec<VrfOutput> {
        let mut outputs = vec![VrfOutput([0; OUTPUT_BYTES]); alphas.len()];
        self.fill(alphas, &mut outputs);
        outputs
    }

    /// The outputs for many inputs, in their order, by up to this many threads, the caller's among them; by fewer if the system does not
    /// start that many.
    pub fn outputs_parallel<A: AsRef<[u8]> + Sync>(&self, alphas: &[A], threads: NonZeroUsize) -> Vec<VrfOutput> {
        let mut outputs = vec![VrfOutput([0; OUTPUT_BYTES]); alphas.len()];
        let others = threads.get().min(alphas.len().div_ceil(SHARE)).saturating_sub(1);
        let shares = Mutex::new(alphas.chunks(SHARE).zip(outputs.chunks_mut(SHARE)));
        let next = || shares.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || {
            while let Some((alphas, outputs)) = next() {
                self.fill(alphas, outputs);
            }
        };
        thread::scope(|scope| {
            for _ in 0..others {
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
        outputs
    }

    fn fill<A: AsRef<[u8]>>(&self, alphas: &[A], outputs: &mut [VrfOutput]) {
        for (alphas, outputs) in alphas.chunks(BATCH).zip(outputs.chunks_mut(BATCH)) {
            // Compressing points in a batch shares one inversion and needs no square roots, but doubles them first: hence half the secret.
            let points: Vec<RistrettoPoint> = alphas.iter().map(|alpha| self.half * self.public.encode(alpha.as_ref())).collect();
            let gammas = RistrettoPoint::double_and_compress_batch(&points);
            outputs.iter_mut().zip(&gammas).for_each(|(output, gamma)| *output = output_of(gamma));
        }
    }

    /// The output for an input, and the proof of it
    /// ([RFC 9381, section 5.1](https://www.rfc-editor.org/rfc/rfc9381#section-5.1)). The same input gives the same proof.
    pub fn prove(&self, alpha: &[u8]) -> (VrfOutput, VrfProof) {
        let base = self.public.encode(alpha);
        let base_bytes = base.compress();
        let gamma = (self.secret * base).compress();
        let nonce_bytes = self.nonce(&base_bytes);
        let nonce = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&nonce_bytes));
        let nonce_points = [RistrettoPoint::mul_base(&nonce).compress(), (*nonce * base).compress()];
        let challenge = self.public.challenge(&base_bytes, &gamma, &nonce_points);
        let scalar = *nonce + challenge_scalar(&challenge) * self.secret;
        let mut proof = [0; PROOF_BYTES];
        let bytes = gamma.as_bytes().iter().chain(&challenge).chain(scalar.as_bytes());
        proof.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
        (output_of(&gamma), VrfProof(proof))
    }

    /// The nonce of a proof, before it is taken modulo the order: c2sp.org/vrf-r255, "Nonce generation".
    fn nonce(&self, base: &CompressedRistretto) -> Zeroizing<[u8; 64]> {
        let secret = self.expose_secret_bytes();
        let hash = Sha512::new().chain_update(SUITE).chain_update(NONCE_FRONT).chain_update(*secret).chain_update(base.as_bytes());
        Zeroizing::new(hash.finalize().into())
    }
}

impl Drop for IndexKey {
    fn drop(&mut self) {
        self.secret.zeroize();
        self.half.zeroize();
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(…)")
    }
}

/// The public half of a register's index key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IndexPublicKey {
    // INVARIANT: not the identity, and what `bytes` decodes to.
    point: RistrettoPoint,
    bytes: CompressedRistretto,
}

impl IndexPublicKey {
    /// The public key with these bytes.
    ///
    /// # Errors
    /// [`VrfError::PublicKeyPoint`] if they are no point, or not in its one valid form ([RFC 9496, section
    /// 4.3.1](https://www.rfc-editor.org/rfc/rfc9496#section-4.3.1)); [`VrfError::PublicKeyIdentity`] if they are the identity, for which
    /// outputs could be made at will.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<IndexPublicKey, VrfError> {
        let bytes = CompressedRistretto(*bytes);
        let point = bytes.decompress().ok_or(VrfError::PublicKeyPoint)?;
        if point.is_identity() { Err(VrfError::PublicKeyIdentity) } else { Ok(IndexPublicKey { point, bytes }) }
    }

    /// Its 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.bytes.to_bytes()
    }

    /// The output for an input, if this proves it
    /// ([RFC 9381, section 5.3](https://www.rfc-editor.org/rfc/rfc9381#section-5.3)). It takes a time that depends on the proof, which is no secret
    /// from whoever checks it.
    ///
    /// # Errors
    /// [`VrfError::ProofPoint`] or [`VrfError::ProofScalar`] if it is no proof, [`VrfError::Mismatch`] if it proves nothing about this key and
    /// input.
    pub fn verify(&self, alpha: &[u8], proof: &VrfProof) -> Result<VrfOutput, VrfError> {
        let (gamma_bytes, challenge, scalar) = proof.parts();
        let gamma = gamma_bytes.decompress().ok_or(VrfError::ProofPoint)?;
        let scalar = Option::from(Scalar::from_canonical_bytes(scalar)).ok_or(VrfError::ProofScalar)?;
        let base = self.encode(alpha);
        let minus_challenge = -challenge_scalar(&challenge);
        let nonce_points = [
            RistrettoPoint::vartime_double_scalar_mul_basepoint(&minus_challenge, &self.point, &scalar).compress(),
            RistrettoPoint::vartime_multiscalar_mul([scalar, minus_challenge], [base, gamma]).compress(),
        ];
        if self.challenge(&base.compress(), &gamma_bytes, &nonce_points) != challenge {
            return Err(VrfError::Mismatch);
        }
        Ok(output_of(&gamma_bytes))
    }

    /// The input as a point: c2sp.org/vrf-r255, "Encode to curve", salted with the public key.
    fn encode(&self, alpha: &[u8]) -> RistrettoPoint {
        let hash = Sha512::new().chain_update(SUITE).chain_update(ENCODE_FRONT).chain_update(self.bytes.as_bytes()).chain_update(alpha);
        RistrettoPoint::from_uniform_bytes(&hash.finalize().into())
    }

    /// RFC 9381, section 5.4.3, with a challenge of 16 bytes.
    fn challenge(&self, base: &CompressedRistretto, gamma: &CompressedRistretto, nonce_points: &[CompressedRistretto; 2]) -> [u8; 16] {
        let mut hash = Sha512::new().chain_update(SUITE).chain_update(CHALLENGE_FRONT);
        for point in [&self.bytes, base, gamma].into_iter().chain(nonce_points) {
            hash.update(point.as_bytes());
        }
        let full: [u8; 64] = hash.chain_update(BACK).finalize().into();
        cut(full.iter()).0
    }
}

impl fmt::Debug for IndexPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IndexPublicKey({})", crate::hex::encode(self.bytes.as_bytes()))
    }
}

/// Shows that an output is the one of a key and an input. Personal data, as the output is; `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VrfProof([u8; PROOF_BYTES]);

impl VrfProof {
    /// The proof with these bytes; whether they prove anything is for [`IndexPublicKey::verify`] to find.
    ///
    /// # Errors
    /// [`VrfError::ProofLength`] if they are not [`PROOF_BYTES`].
    pub fn from_bytes(bytes: &[u8]) -> Result<VrfProof, VrfError> {
        bytes.try_into().map(VrfProof).map_err(|_| VrfError::ProofLength)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; PROOF_BYTES] {
        &self.0
    }

    /// RFC 9381, section 5.4.4: the point, the challenge and the scalar.
    fn parts(&self) -> (CompressedRistretto, [u8; 16], [u8; 32]) {
        let (point, rest) = cut(self.0.iter());
        let (challenge, rest) = cut(rest);
        (CompressedRistretto(point), challenge, cut(rest).0)
    }
}

impl fmt::Debug for VrfProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VrfProof(…)")
    }
}

/// What a key makes of an input: the pseudonym of an account, the same in every release. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VrfOutput([u8; OUTPUT_BYTES]);

impl VrfOutput {
    /// An output that was stored. Only [`IndexPublicKey::verify`] shows whose it is.
    pub fn from_bytes(bytes: [u8; OUTPUT_BYTES]) -> VrfOutput {
        VrfOutput(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; OUTPUT_BYTES] {
        &self.0
    }
}

impl fmt::Debug for VrfOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VrfOutput(…)")
    }
}

/// RFC 9381, section 5.2, with a cofactor of 1.
fn output_of(gamma: &CompressedRistretto) -> VrfOutput {
    let hash = Sha512::new().chain_update(SUITE).chain_update(OUTPUT_FRONT).chain_update(gamma.as_bytes()).chain_update(BACK);
    VrfOutput(hash.finalize().into())
}

/// A challenge as a number: 16 bytes, little-endian, so always below the order of the group.
fn challenge_scalar(challenge: &[u8; 16]) -> Scalar {
    Scalar::from(u128::from_le_bytes(*challenge))
}

/// The first `N` bytes, and the rest.
fn cut<'a, const N: usize>(mut bytes: std::slice::Iter<'a, u8>) -> ([u8; N], std::slice::Iter<'a, u8>) {
    let mut first = [0; N];
    first.iter_mut().zip(bytes.by_ref()).for_each(|(place, byte)| *place = *byte);
    (first, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(digits: &str) -> [u8; N] {
        crate::hex::decode(digits).unwrap()
    }

    /// The values in between that c2sp.org/vrf-r255 lists; `tests/it/vrf.rs` has the rest of its vector.
    #[test]
    fn values_in_between_are_those_of_the_specification() {
        let key = IndexKey::from_bytes(&bytes("3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500")).unwrap();
        let base = key.public.encode(b"c2sp.org/vrf-r255");
        assert_eq!(base.compress().0, bytes("f245308737c2a888ba56448c8cdbce9d063b57b147e063ce36c580194ef31a63"));
        let nonce = key.nonce(&base.compress());
        assert_eq!(nonce[..32], bytes::<32>("b5eb28143d9defee6faa0c02ff0168b7ac80ea89fe9362845af15cabd100a91e"));
        assert_eq!(nonce[32..], bytes::<32>("d6251dfa52be36405576eca4a0970f91225b85c8813206d13bd8b42fd11a00fe"));
        let nonce = Scalar::from_bytes_mod_order_wide(&nonce);
        assert_eq!(nonce.to_bytes(), bytes("d32fcc5ae91ba05704da9df434f22fd4c2c373fdd8294bbb58bf27292aeec00a"));
        let u = RistrettoPoint::mul_base(&nonce).compress();
        assert_eq!(u.0, bytes("9a30709d72de12d67f7af1cd8695ff16214d2d4600ae5f478873d2e7ed0ece73"));
        let v = (nonce * base).compress();
        assert_eq!(v.0, bytes("5e727d972b11f6490b0b1ba8147775bceb1a2cb523b381fa22d5a5c0e97d4744"));
    }
}
