//! Releases as the gate leaves them, to be sealed.

use bezwaar_core::time::Instant;
use bezwaar_register::extracts::MadeExtract;
use bezwaar_register::release::{SealError, SealOrder, Sealed, USE_WITHIN_MICROS};
use sha2::{Digest as _, Sha256};

use super::kit::{POLICY, TWO, World};

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl World {
    pub(super) fn seal(&mut self, release: &MadeUp, now: Instant) -> Result<Sealed, SealError> {
        let order = SealOrder { manifest: release.manifest.as_bytes(), use_within_micros: USE_WITHIN_MICROS, threads: TWO };
        self.register().seal(&order, &mut release.list.as_bytes(), now, &mut |_| {})
    }
}

/// A release as the gate leaves it.
#[derive(Clone)]
pub(super) struct MadeUp {
    pub(super) manifest: String,
    pub(super) list: String,
}

impl MadeUp {
    /// Of records of these people (handles of one service).
    pub(super) fn new(name: &str, extract: &MadeExtract, people: &[&str]) -> MadeUp {
        let mut people: Vec<String> = people.iter().map(|person| format!("club:handle:{person}\n")).collect();
        people.sort();
        let list = people.concat();
        let manifest = serde_json::json!({
            "bezwaar_manifest": 1, "name": name, "signed": false, "replay": false,
            "question": {"use": "train.general", "recipient": "lab", "reading": "protective"},
            "policies": {"club@1": hex(&Sha256::digest(POLICY))},
            "extract": {
                "sha256": hex(&extract.sha256), "through": extract.header.through.to_string(), "signed": false, "expired": false,
                "expires_at": extract.header.expires_at.to_string(),
            },
            "form": {"kind": "originals"},
            "counts": {"kept": people.len(), "provisional": 0},
            "subjects": {"count": people.len(), "sha256": hex(&Sha256::digest(&list))},
        });
        MadeUp { manifest: format!("{manifest}\n"), list }
    }

    pub(super) fn with(&self, from: &str, to: &str) -> MadeUp {
        assert!(self.manifest.contains(from), "{from}");
        MadeUp { manifest: self.manifest.replace(from, to), list: self.list.clone() }
    }
}
