//! A register in a folder, as the command line makes and opens it.
//!
//! ```text
//! DIR/register.toml      what it is called and what it leans on; written last, so that a folder without it was never finished
//! DIR/register.sqlite    the store, unless it is in PostgreSQL
//! DIR/keys/              the keys
//! DIR/public/            what anyone may see
//! DIR/lock               held while a program has it open
//! ANCHOR/                what must not be unlearned
//! ```

use std::path::Path;

use bezwaar_core::time::Instant;

use crate::engine::{Opening, Parts, Register, RegisterError};
use crate::files::Audience;
use crate::settings::{SETTINGS_FILE, Settings, StoreKind};
use crate::store::Store;
use crate::store::postgres::{PostgresOptions, PostgresStore};
use crate::store::sqlite::{SqliteOptions, SqliteStore};

/// The name of the store's file.
pub const STORE_FILE: &str = "register.sqlite";

/// Makes a register, or finishes one that was begun with the same settings.
pub fn create(folder: &Path, settings: &Settings, parts: Parts, now: Instant) -> Result<Register, RegisterError> {
    let failed = |name: &str| {
        let name = name.to_owned();
        move |source| RegisterError::Public { name, source }
    };
    let path = folder.join(SETTINGS_FILE);
    if parts.files.read(&path).map_err(failed(SETTINGS_FILE))?.is_some() {
        return Err(RegisterError::Exists);
    }
    // Others may look into the folder, for `public`; every other thing in it is closed to them.
    parts.files.make_folder(folder, Audience::Everyone).map_err(failed(""))?;
    let store = open_store(folder, settings, true)?;
    let files = std::sync::Arc::clone(&parts.files);
    let register = Register::create(&settings.place(folder), store, parts, now)?;
    files.write(&[(path, settings.to_text().into_bytes())], Audience::Owner).map_err(failed(SETTINGS_FILE))?;
    Ok(register)
}

/// Opens a register.
pub fn open(folder: &Path, parts: Parts, opening: Opening, now: Instant) -> Result<(Register, Settings), RegisterError> {
    let settings = settings(folder, &parts)?;
    let store = open_store(folder, &settings, false)?;
    Ok((Register::open(&settings.place(folder), store, parts, opening, now)?, settings))
}

/// Reads `register.toml`.
pub fn settings(folder: &Path, parts: &Parts) -> Result<Settings, RegisterError> {
    let bytes = parts.files.read(&folder.join(SETTINGS_FILE));
    let bytes = bytes.map_err(|source| RegisterError::Public { name: SETTINGS_FILE.to_owned(), source })?;
    let text = String::from_utf8(bytes.ok_or(RegisterError::NotARegister)?);
    Settings::parse(&text.map_err(|_| RegisterError::Settings { because: "it is not UTF-8".to_owned() })?)
}

/// Opens the store the settings name; makes it if `new` and it is not there.
pub fn open_store(folder: &Path, settings: &Settings, new: bool) -> Result<Box<dyn Store>, RegisterError> {
    match &settings.store {
        StoreKind::Sqlite => {
            let path = folder.join(STORE_FILE);
            // An empty file is what is left of a try that was cut short.
            let made = new && std::fs::metadata(&path).map_or(true, |metadata| metadata.len() == 0);
            let store = if made {
                SqliteStore::create(&path, SqliteOptions::default())
            } else {
                SqliteStore::open(&path, SqliteOptions::default())
            };
            Ok(Box::new(store?))
        }
        StoreKind::Postgres { url } => {
            let open = || PostgresStore::open(url, PostgresOptions::default());
            // What an earlier try has made is used; whether it is empty is for the register to see.
            let store = if new { PostgresStore::create(url, PostgresOptions::default()).or_else(|_| open()) } else { open() };
            Ok(Box::new(store?))
        }
    }
}
