//! `register.toml`: what a register is called, where it is kept, and what it leans on.
//!
//! ```toml
//! bezwaar-register = 1
//! origin = "register.example/objections"
//! domain = "gate.example"
//! store = "sqlite"
//! anchor = "/srv/anchor/objections"
//! witnesses = "witnesses.policy"
//! covers = ["instagram:id", "instagram:handle"]
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bezwaar_core::problem::nearest;
use toml::Table;

use crate::engine::{Place, RegisterError};

/// The name of the file.
pub const SETTINGS_FILE: &str = "register.toml";
/// The longest `register.toml`, in bytes, that is read.
pub const SETTINGS_BYTES_MAX: usize = 1 << 16;

const FIELDS: [&str; 8] = ["bezwaar-register", "origin", "domain", "store", "postgres", "anchor", "witnesses", "covers"];

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreKind {
    /// In the register's folder.
    Sqlite,
    /// In a PostgreSQL database.
    Postgres {
        /// How to reach it. It may hold a password, so `Debug` does not show it.
        url: String,
    },
}

impl std::fmt::Debug for StoreKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            StoreKind::Sqlite => "Sqlite",
            StoreKind::Postgres { .. } => "Postgres(…)",
        })
    }
}

/// What stands in `register.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The ledger's name.
    pub origin: String,
    /// The gate domain of its subject keys.
    pub domain: String,
    /// Where the data is.
    pub store: StoreKind,
    /// The anchor's folder; if it is not a full path, it is meant from the register's folder.
    pub anchor: PathBuf,
    /// The trust policy that names the witnesses, if there are any; a path like `anchor`.
    pub witnesses: Option<PathBuf>,
    /// What its extracts cover, as `service:kind`; empty: everything somebody filed under.
    pub covers: Vec<String>,
}

fn wrong(because: impl Into<String>) -> RegisterError {
    RegisterError::Settings { because: because.into() }
}

impl Settings {
    /// Reads the file's text.
    pub fn parse(text: &str) -> Result<Settings, RegisterError> {
        if text.len() > SETTINGS_BYTES_MAX {
            return Err(wrong(format!("it is over {SETTINGS_BYTES_MAX} bytes")));
        }
        let table: Table = text.parse().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
        if let Some(unknown) = table.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            let meant = nearest(unknown, FIELDS).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(wrong(format!("`{unknown}` is no field of it{meant}")));
        }
        if table.get("bezwaar-register").and_then(toml::Value::as_integer) != Some(1) {
            return Err(wrong("it does not say `bezwaar-register = 1`"));
        }
        let optional = |field: &str| match table.get(field) {
            None => Ok(None),
            Some(value) => value.as_str().map(|text| Some(text.to_owned())).ok_or_else(|| wrong(format!("`{field}` is not a text"))),
        };
        let needed = |field: &str| optional(field)?.filter(|text| !text.is_empty()).ok_or_else(|| wrong(format!("`{field}` is missing")));
        let store = match (needed("store")?.as_str(), optional("postgres")?) {
            ("sqlite", None) => StoreKind::Sqlite,
            ("sqlite", Some(_)) => return Err(wrong("`postgres` is there, but `store` is \"sqlite\"")),
            ("postgres", Some(url)) => StoreKind::Postgres { url },
            ("postgres", None) => return Err(wrong("`postgres` is missing: how to reach the database")),
            _ => return Err(wrong("`store` is neither \"sqlite\" nor \"postgres\"")),
        };
        let covers = match table.get("covers") {
            None => Vec::new(),
            Some(value) => {
                let texts = value.as_array().map(|values| values.iter().map(|value| value.as_str().map(str::to_owned)));
                let texts: Option<BTreeSet<String>> = texts.and_then(Iterator::collect);
                texts.ok_or_else(|| wrong("`covers` is not a list of texts"))?.into_iter().collect()
            }
        };
        Ok(Settings {
            origin: needed("origin")?,
            domain: needed("domain")?,
            store,
            anchor: needed("anchor")?.into(),
            witnesses: optional("witnesses")?.map(PathBuf::from),
            covers,
        })
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        // What JSON escapes, TOML reads in the same way; it wants one character more escaped.
        let text = |text: &str| serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f");
        let path = |path: &Path| text(&path.to_string_lossy());
        let mut lines = format!("bezwaar-register = 1\norigin = {}\ndomain = {}\n", text(&self.origin), text(&self.domain));
        match &self.store {
            StoreKind::Sqlite => lines.push_str("store = \"sqlite\"\n"),
            StoreKind::Postgres { url } => lines.push_str(&format!("store = \"postgres\"\npostgres = {}\n", text(url))),
        }
        lines.push_str(&format!("anchor = {}\n", path(&self.anchor)));
        if let Some(witnesses) = &self.witnesses {
            lines.push_str(&format!("witnesses = {}\n", path(witnesses)));
        }
        if !self.covers.is_empty() {
            lines.push_str(&format!("covers = [{}]\n", self.covers.iter().map(|cover| text(cover)).collect::<Vec<_>>().join(", ")));
        }
        lines
    }

    /// The place of the register in this folder.
    pub fn place(&self, folder: &Path) -> Place {
        Place { folder: folder.to_owned(), anchor: folder.join(&self.anchor), origin: self.origin.clone(), domain: self.domain.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let settings = Settings {
            origin: "register.example/\"o\\".to_owned(),
            domain: "gate.example".to_owned(),
            store: StoreKind::Postgres { url: "host=db password='é\u{7f}\n'".to_owned() },
            anchor: "../anchor".into(),
            witnesses: Some("w.policy".into()),
            covers: vec!["instagram:id".to_owned(), "x:handle".to_owned()],
        };
        assert_eq!(Settings::parse(&settings.to_text()).unwrap(), settings);
        assert!(!format!("{settings:?}").contains("password"));
    }

    #[test]
    fn a_file_is_no_longer_than_it_may_be() {
        let text = "bezwaar-register = 1\nstore = \"sqlite\"\norigin = \"a.example/b\"\ndomain = \"c\"\nanchor = \"d\"\n";
        let padded = |bytes: usize| Settings::parse(&format!("{text}{}", "#".repeat(bytes - text.len())));
        assert!(padded(SETTINGS_BYTES_MAX).is_ok());
        let Err(RegisterError::Settings { because }) = padded(SETTINGS_BYTES_MAX + 1) else { panic!("it was read") };
        assert!(because.contains("65536 bytes"), "{because}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |text: &str, because: &str| {
            let Err(RegisterError::Settings { because: found }) = Settings::parse(text) else { panic!("{text} was read") };
            assert!(found.contains(because), "{found}");
        };
        check("orgin = 1", "did you mean `origin`?");
        check("origin = \"a\"", "bezwaar-register = 1");
        check("bezwaar-register = 1\nstore = \"sqlite\"\npostgres = \"x\"", "`store` is \"sqlite\"");
        check("bezwaar-register = 1\nstore = \"files\"", "neither");
        check("bezwaar-register = 1\nstore = \"sqlite\"", "`origin` is missing");
        check("bezwaar-register = 1\nstore = \"sqlite\"\norigin = 3", "not a text");
    }
}
