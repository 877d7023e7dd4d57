//! Doors for fuzz targets and for tests with damaged bytes.

use bezwaar_core::account::Services;

use crate::intake::{IntakeError, Mapping, read_aliases};
use crate::settings::Settings;

/// Mappings of CSV files, files of aliases, and settings.
pub fn intake(bytes: &[u8]) {
    match read_aliases(bytes, &Services::default()) {
        Ok(_) | Err(IntakeError::Problems(_)) => {}
        Err(error) => assert!(!error.help().is_empty(), "an error without help"),
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Err(problems) = Mapping::parse("mapping.toml", text) {
        assert!(!problems.is_empty(), "a mapping is refused, and nothing is wrong with it");
    }
    if let Ok(settings) = Settings::parse(text) {
        assert_eq!(Settings::parse(&settings.to_text()).ok(), Some(settings), "settings are written in another way");
    }
}
