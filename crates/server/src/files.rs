//! Files that are there whole or not at all, whatever happens to the machine.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

/// Writes a file in a folder so that, when it returns, a loss of power leaves the new file, and before that the old one.
pub(crate) fn write_durably(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = folder.join(format!(".{name}.new"));
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, folder.join(name))?;
    sync_folder(folder)
}

/// Makes a folder, and what it stands in, and makes its name durable.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => sync_folder(Path::new(".")),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A whole file, if it is there. One that is longer than allowed is an error, and no more than that is read.
pub(crate) fn read_limited(path: &Path, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max { Err(io::Error::new(io::ErrorKind::FileTooLarge, "file too large")) } else { Ok(Some(bytes)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let scratch = tempfile::tempdir().unwrap();
        write_durably(scratch.path(), "one", b"first").unwrap();
        write_durably(scratch.path(), "one", b"second").unwrap();
        assert_eq!(read_limited(&scratch.path().join("one"), 6).unwrap().unwrap(), b"second");
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_read_up_to_the_limit_and_no_further() {
        let scratch = tempfile::tempdir().unwrap();
        write_durably(scratch.path(), "one", b"12345").unwrap();
        assert_eq!(read_limited(&scratch.path().join("one"), 5).unwrap().unwrap(), b"12345");
        assert_eq!(read_limited(&scratch.path().join("one"), 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read_limited(&scratch.path().join("two"), 4).unwrap(), None);
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error_of_writing() {
        let scratch = tempfile::tempdir().unwrap();
        assert!(write_durably(&scratch.path().join("none"), "one", b"").is_err());
        make_folder(&scratch.path().join("a/b")).unwrap();
        write_durably(&scratch.path().join("a/b"), "one", b"").unwrap();
    }
}
