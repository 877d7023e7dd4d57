//! Evidence: signed checkpoints that do not go together, kept side by side for whoever has to judge them.
//!
//! ```text
//! DIR/evidence/HEX/SIZE-SIZE-HASH/held      the checkpoint this witness has cosigned
//! DIR/evidence/HEX/SIZE-SIZE-HASH/offered   the one that does not continue it
//! DIR/evidence/HEX/SIZE-SIZE-HASH/proof     the consistency proof between them, if there was one: a hash a line, in base64
//! DIR/evidence/HEX/SIZE-SIZE-HASH/what.txt  what it shows, in words
//! ```

use std::path::{Path, PathBuf};
use std::{fs, io};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bezwaar_ledger::tlog::Hash;
use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;
use sha2::{Digest, Sha256};

use super::state::{file_name, hexadecimal};
use crate::files;

/// The most pairs kept of one ledger: whoever signs many different trees has shown enough.
pub const EVIDENCE_MAX: usize = 100;

const EVIDENCE: &str = "evidence";

/// What two checkpoints show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misdeed {
    /// Two trees of one size, or a larger one that does not begin with the smaller one: proof enough by itself.
    Fork,
    /// A smaller tree where a larger one had been shown.
    Rollback,
    /// A larger tree with a consistency proof that does not fit. Anybody can send a wrong proof along, so it proves nothing by itself.
    UnprovedGrowth,
}

impl Misdeed {
    /// What it shows, as a sentence for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Misdeed::Fork => {
                "the ledger has signed two trees of which neither continues the other: it has been changed after it was shown, or shows different people different ledgers"
            }
            Misdeed::Rollback => {
                "the ledger shows a smaller tree than it has shown before: it was rolled back, or this is an old copy of it (a cache, a mirror)"
            }
            Misdeed::UnprovedGrowth => {
                "the ledger has signed a larger tree, and the proof that came with it does not show that it continues the one before; that is a fork only if no proof does"
            }
        }
    }
}

/// Writes two checkpoints side by side, and says where; `None` if there is enough already. The same pair is kept once.
pub(super) fn keep(
    state: &Path,
    held: &SignedCheckpoint,
    offered: &SignedCheckpoint,
    proof: &[Hash],
    misdeed: Misdeed,
) -> io::Result<Option<PathBuf>> {
    let ledger = state.join(EVIDENCE).join(file_name(held.unverified().origin()));
    let texts = [held.note().text(), offered.note().text()];
    let hash = Sha256::new().chain_update([misdeed as u8]).chain_update(texts[0]).chain_update([0]).chain_update(texts[1]).finalize();
    let short: String = hexadecimal(&hash).chars().take(16).collect();
    let folder = ledger.join(format!("{}-{}-{short}", held.unverified().size(), offered.unverified().size()));
    // Written last: a pair without it was cut short, and is written again.
    let what = "what.txt";
    if folder.join(what).exists() {
        return Ok(Some(folder));
    }
    files::make_folder(&state.join(EVIDENCE))?;
    files::make_folder(&ledger)?;
    if !folder.exists() && fs::read_dir(&ledger)?.count() >= EVIDENCE_MAX {
        return Ok(None);
    }
    files::make_folder(&folder)?;
    files::write_durably(&folder, "held", held.to_string().as_bytes())?;
    files::write_durably(&folder, "offered", offered.to_string().as_bytes())?;
    if !proof.is_empty() {
        let lines: String = proof.iter().map(|hash| STANDARD.encode(hash) + "\n").collect();
        files::write_durably(&folder, "proof", lines.as_bytes())?;
    }
    files::write_durably(&folder, what, format!("{}\n", misdeed.sentence()).as_bytes())?;
    Ok(Some(folder))
}
