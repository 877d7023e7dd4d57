//! Writing files whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::error::Error;

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner alone: secrets and personal data.
    Owner,
    /// Whoever may look into the folder.
    Anyone,
}

/// Writes a file beside its place, makes it durable, and then gives it its name.
pub(crate) fn write_file(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Error> {
    write_with(path, readers, |file| file.write_all(bytes).map_err(|error| Error::cannot_write(path, &error)))
}

/// As [`write_file`], for what is written piece by piece. What was given when `write` fails never gets the name.
pub(crate) fn write_with<T>(
    path: &Path,
    readers: Readers,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<T, Error>,
) -> Result<T, Error> {
    let failed = |error: std::io::Error| Error::cannot_write(path, &error);
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = readers;
    let mut file = BufWriter::with_capacity(1 << 20, options.open(&part).map_err(failed)?);
    let done = write(&mut file).and_then(|done| {
        file.flush().and_then(|()| file.get_ref().sync_all()).map_err(failed)?;
        Ok(done)
    });
    match done {
        Ok(done) => std::fs::rename(&part, path).map(|()| done).map_err(failed),
        Err(error) => {
            let _ = std::fs::remove_file(&part);
            Err(error)
        }
    }
}
