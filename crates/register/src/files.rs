//! Files outside the store: keys, the anchor, what is published. One small trait, so that tests can make each write fail.
//!
//! Every write is durable when it returns `Ok`. When it returns an error, it may or may not have happened; nothing is ever half there.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// How many files are flushed at once. Flushing waits for the disk, not for the processor.
const FLUSHED_AT_ONCE: usize = 8;

/// Who may read a file that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anyone (0644; folders 0755): what is published.
    Everyone,
    /// The register's own user (0600; folders 0700).
    Owner,
}

/// A place with files. All paths are full ones.
pub trait Files: Send + Sync {
    /// The bytes of a file; `None` if there is none.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;

    /// Makes these files, or replaces what is there, each whole or not at all, in any order. Folders are made as needed.
    fn write(&self, files: &[(PathBuf, Vec<u8>)], audience: Audience) -> io::Result<()>;

    /// Appends to a file, which is made if need be. What is appended may be there in part after a failure.
    fn append(&self, path: &Path, bytes: &[u8], audience: Audience) -> io::Result<()>;

    /// Gives a file another name in the same folder, in the place of what has that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes a folder, and those above it, if they are not there.
    fn make_folder(&self, folder: &Path, audience: Audience) -> io::Result<()>;

    /// The permission bits of a file or folder; `None` where there are no such bits.
    fn mode(&self, path: &Path) -> io::Result<Option<u32>>;

    /// How many bytes may still be written where this path is; `None` where that cannot be told.
    fn free_bytes(&self, _path: &Path) -> io::Result<Option<u64>> {
        Ok(None)
    }

    /// Removes a folder with all in it, if it is there. Not durable: it is for clearing up.
    fn clear(&self, folder: &Path) -> io::Result<()>;
}

/// Files of the disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write(&self, files: &[(PathBuf, Vec<u8>)], audience: Audience) -> io::Result<()> {
        let mut folders = BTreeSet::new();
        for (path, _) in files {
            let folder = folder_of(path)?;
            if folders.insert(folder) && !folder.is_dir() {
                make_folder(folder, audience)?;
            }
        }
        in_parallel(files, |(path, bytes)| {
            let beside = beside(path)?;
            let mut file = open(&beside, OpenOptions::new().write(true).create(true).truncate(true), audience)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, path)
        })?;
        in_parallel(&folders.into_iter().collect::<Vec<_>>(), |folder| flush_folder(folder))
    }

    fn append(&self, path: &Path, bytes: &[u8], audience: Audience) -> io::Result<()> {
        let folder = folder_of(path)?;
        if !folder.is_dir() {
            make_folder(folder, audience)?;
        }
        let fresh = !path.exists();
        let mut file = open(path, OpenOptions::new().append(true).create(true), audience)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        if fresh { flush_folder(folder) } else { Ok(()) }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)?;
        flush_folder(folder_of(to)?)
    }

    fn make_folder(&self, folder: &Path, audience: Audience) -> io::Result<()> {
        make_folder(folder, audience)
    }

    fn mode(&self, path: &Path) -> io::Result<Option<u32>> {
        let metadata = fs::metadata(path)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            Ok(Some(metadata.permissions().mode() & 0o7777))
        }
        #[cfg(not(unix))]
        {
            drop(metadata);
            Ok(None)
        }
    }

    fn free_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        #[cfg(unix)]
        {
            let room = rustix::fs::statvfs(path)?;
            Ok(Some(room.f_bavail.saturating_mul(room.f_frsize)))
        }
        #[cfg(not(unix))]
        {
            let _ = path;
            Ok(None)
        }
    }

    fn clear(&self, folder: &Path) -> io::Result<()> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Makes a folder, and those above it, and flushes each into the one above it.
fn make_folder(folder: &Path, audience: Audience) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_folder(above, audience)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(if audience == Audience::Owner { 0o700 } else { 0o755 });
    }
    match builder.create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        made => made?,
    }
    match folder.parent() {
        Some(above) if above.as_os_str().is_empty() => flush_folder(Path::new(".")),
        Some(above) => flush_folder(above),
        None => Ok(()),
    }
}

fn open(path: &Path, options: &mut OpenOptions, audience: Audience) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if audience == Audience::Owner { 0o600 } else { 0o644 });
    }
    options.open(path)
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    path.parent().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path has no folder"))
}

/// The name a file has while it is written.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path has no file name"))?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(".new");
    Ok(path.with_file_name(beside))
}

fn flush_folder(folder: &Path) -> io::Result<()> {
    // Only where folders can be opened as files do they need flushing.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Does it for each, several at once; the first error, if there is one, after all have ended.
fn in_parallel<T: Sync>(items: &[T], work: impl Fn(&T) -> io::Result<()> + Sync) -> io::Result<()> {
    if items.len() < 4 {
        return items.iter().try_for_each(work);
    }
    let share = items.len().div_ceil(FLUSHED_AT_ONCE);
    std::thread::scope(|scope| {
        let threads: Vec<_> = items.chunks(share).map(|chunk| scope.spawn(|| chunk.iter().try_for_each(&work))).collect();
        let ended: Vec<io::Result<()>> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("a writing thread ended early"))))
            .collect();
        ended.into_iter().collect()
    })
}
