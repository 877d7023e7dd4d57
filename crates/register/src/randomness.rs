//! Randomness comes from whoever calls: this crate asks the system for none, so that tests can say what it is.

use std::fmt;

use zeroize::Zeroizing;

/// A source of random bytes good enough for keys.
pub trait Randomness: Send {
    /// Fills all of the buffer with random bytes, or says that it could not. A buffer that was not filled is not used.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError>;
}

impl<R: Randomness + ?Sized> Randomness for Box<R> {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
        (**self).fill(buffer)
    }
}

/// So many random bytes, wiped when they go.
pub(crate) fn secret<const N: usize>(random: &mut dyn Randomness) -> Result<Zeroizing<[u8; N]>, RandomnessError> {
    let mut bytes = Zeroizing::new([0; N]);
    random.fill(bytes.as_mut_slice())?;
    Ok(bytes)
}

/// The system gave no random bytes. Nothing was made without them. Can be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomnessError;

impl fmt::Display for RandomnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the system gave no random bytes")
    }
}

impl RandomnessError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        "try again; if it lasts, the machine's source of randomness is at fault; nothing was written"
    }
}

impl std::error::Error for RandomnessError {}
