//! Writing all openings for an auditor, who checks with them that every entry is what it is said to be. **Confidential**: they are what people said.

use std::fmt;
use std::io::{self, Write};
use std::num::NonZeroUsize;

use bezwaar_ledger::opening::{Opening, OpeningsHeader, Salt};

use crate::engine::{Register, RegisterError};
use crate::vault::VaultError;

/// Lines are written in blocks of this many bytes.
const BLOCK_BYTES: usize = 1 << 20;

impl Register {
    /// Publishes, and writes the openings of all published entries to `out`, in the form of `spec/ledger.md`. Gives how many there are.
    ///
    /// # Errors
    /// [`OpeningsError::Unopened`] with every opening that does not open. What was written then is no file of openings.
    pub fn write_openings(&mut self, threads: NonZeroUsize, out: &mut dyn Write) -> Result<u64, OpeningsError> {
        let checkpoint = self.publish()?;
        let tree = checkpoint.unverified();
        let header = OpeningsHeader { origin: tree.origin().as_str().to_owned(), size: tree.size() };
        let line = |opening: Opening| {
            let mut line = Vec::with_capacity(opening.body.len() + 160);
            opening.put_line(&mut line);
            line
        };
        let (mut block, mut count, mut unopened) = (header.to_line().into_bytes(), 0, Vec::new());
        self.reader()?.scan_map(
            (0, threads.get()),
            |row| {
                let row = row?;
                let salt = Salt::from_bytes(row.salt);
                Ok((row.index, line(Opening { index: row.index, kind: row.entry.kind, salt, body: row.body })))
            },
            |row: Result<(u64, Vec<u8>), VaultError>| -> Result<(), OpeningsError> {
                match row {
                    Ok((index, line)) if index < header.size => {
                        block.extend_from_slice(&line);
                        count += 1;
                    }
                    Ok(_) => {}
                    Err(error) => unopened.push(error),
                }
                if block.len() >= BLOCK_BYTES {
                    out.write_all(&block).map_err(OpeningsError::Write)?;
                    block.clear();
                }
                Ok(())
            },
        )?;
        if !unopened.is_empty() {
            return Err(OpeningsError::Unopened(unopened));
        }
        out.write_all(&block).and_then(|()| out.flush()).map_err(OpeningsError::Write)?;
        Ok(count)
    }
}

/// Why the openings were not written.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpeningsError {
    /// Something failed on the way.
    Register(RegisterError),
    /// Openings that do not open. An integrity failure.
    Unopened(Vec<VaultError>),
    /// They cannot be written.
    Write(io::Error),
}

impl fmt::Display for OpeningsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpeningsError::Register(error) => write!(f, "{error}"),
            OpeningsError::Unopened(errors) => match errors.as_slice() {
                [one] => write!(f, "{one}"),
                [first, rest @ ..] => write!(f, "{first} (and {} more)", rest.len()),
                [] => f.write_str("openings do not open"),
            },
            OpeningsError::Write(_) => f.write_str("the openings could not be written"),
        }
    }
}

impl OpeningsError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            OpeningsError::Register(error) => error.help(),
            OpeningsError::Unopened(errors) => errors.first().map(VaultError::help).unwrap_or_default(),
            OpeningsError::Write(_) => "see the cause; remove what was written, since it is no whole file",
        }
    }
}

impl std::error::Error for OpeningsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OpeningsError::Register(error) => error.source(),
            OpeningsError::Unopened(_) => None,
            OpeningsError::Write(error) => Some(error),
        }
    }
}

impl From<RegisterError> for OpeningsError {
    fn from(error: RegisterError) -> OpeningsError {
        OpeningsError::Register(error)
    }
}
