//! Extracts for gates, made while the portal runs: nobody else can open the register meanwhile, and a gate needs to know who objected since.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bezwaar_register::extracts::{EXPIRES_AFTER_MICROS, ExtractOrder, ExtractsError};

use super::app::Shared;
use super::periodic::Periodic;

/// Starts making extracts, if the settings ask for them.
pub(crate) fn start(app: &Shared) -> Option<Periodic> {
    let settings = app.settings.extract.clone()?;
    let path = app.beside.join(&settings.file);
    let every = Duration::from_secs(u64::from(settings.every_minutes) * 60);
    let app = Shared::clone(app);
    Some(Periodic::start(move || {
        if let Err(because) = make(&app, &path) {
            app.trace(&format!("no extract was made: {because}; the one there is stays, until it expires"));
        }
        every
    }))
}

/// Makes an extract beside its place, and puts it there when it counts.
fn make(app: &Shared, path: &Path) -> Result<(), String> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    let beside = with_end(path, ".new");
    let (services, target) = (app.services.clone(), beside.clone());
    let made = app.counter.desk().with_register(move |register, now| {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let order = ExtractOrder { services: &services, covers: None, expires_after_micros: EXPIRES_AFTER_MICROS, threads };
        let written = |source: io::Error| {
            ExtractsError::Register(bezwaar_register::engine::RegisterError::Public { name: "extract".to_owned(), source })
        };
        let mut out = BufWriter::with_capacity(1 << 20, private(&target).map_err(written)?);
        register.make_extract(&order, now, &mut out)?;
        out.flush().map_err(written)?;
        out.get_ref().sync_all().map_err(written)
    });
    match made {
        Ok(Ok(())) => fs::rename(&beside, path).map_err(|error| error.to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// A file only its owner can read: with the key it is a list of who objected.
fn private(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut how = File::options();
    how.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut how, 0o600);
    how.open(path)
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(end);
    path.with_file_name(name)
}
