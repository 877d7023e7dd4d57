//! What a version of a policy says, in the standards' own words, as far as they have words for it.
//!
//! A yes is never emitted: it would speak for people who said nothing.

use bezwaar_core::policy::{Declared, Default_, SignalMeaning, Use, Version};
use serde::Serialize;

use crate::statement::Signal;

/// What can be said, and what cannot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Emission {
    /// The value of `Content-Usage` for pages of everyone.
    pub content_usage: Option<String>,
    /// The value of `Content-Usage` for pages of a person who said no to third parties.
    pub content_usage_objected: Option<String>,
    /// Lines for robots.txt.
    pub robots: Vec<String>,
    /// `/.well-known/gpc.json`.
    pub gpc: Option<String>,
    /// `/.well-known/tdmrep.json`.
    pub tdmrep: Option<String>,
    /// What the policy says and the standard cannot, or the other way round.
    pub unsaid: Vec<Unsaid>,
}

/// Something that is not emitted, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unsaid {
    /// Of which standard: `Content-Usage`, `gpc.json`, `tdmrep.json`.
    pub standard: &'static str,
    /// What is not said.
    pub what: String,
    /// Why.
    pub why: &'static str,
}

#[derive(Serialize)]
struct Gpc {
    gpc: bool,
    #[serde(rename = "lastUpdate")]
    last_update: String,
}

#[derive(Serialize)]
struct TdmRule {
    location: &'static str,
    #[serde(rename = "tdm-reservation")]
    tdm_reservation: u8,
}

const NO_TRAINING: &str = "train-ai=n";
const USAGE: &str = "Content-Usage";
const GPC_FILE: &str = "gpc.json";
const TDM_FILE: &str = "tdmrep.json";

/// Says in the standards' words what a version says.
pub fn emit(version: &Version) -> Emission {
    let mut emission = Emission::default();
    let third: Vec<&Use> = version.uses.iter().filter(|one| one.recipients.iter().any(|name| name.starts_with("third:"))).collect();
    usage(&third, &mut emission);
    for one in version.uses.iter().filter(|one| !third.iter().any(|other| other.id == one.id)) {
        let why = "the platform's own use: the field speaks to those who fetch a page";
        emission.leave(USAGE, format!("`{}`", one.id), why);
    }
    let carved = third.iter().any(|one| one.regions.is_some() || one.min_age.is_some() || !one.carve_outs.is_empty());
    if carved {
        emission.leave(USAGE, "regions, ages and carve-outs".to_owned(), "the vocabulary has no words for whom it holds");
    }
    emission.leave(USAGE, "`ai-use` and `search`".to_owned(), "a policy file does not tell these from training");
    gpc(version, &mut emission);
    if emission.content_usage.is_some() {
        let rules = [TdmRule { location: "/", tdm_reservation: 1 }];
        emission.tdmrep = serde_json::to_string(&rules).ok();
        let why = "a reservation covers all mining of text and data, and only who holds the rights can make it; see that you may";
        emission.leave(TDM_FILE, "that only AI training is meant".to_owned(), why);
    } else {
        emission.leave(
            TDM_FILE,
            "a reservation for the whole site".to_owned(),
            "the policy does not close everyone's pages to third parties",
        );
    }
    emission
}

impl Emission {
    fn leave(&mut self, standard: &'static str, what: String, why: &'static str) {
        self.unsaid.push(Unsaid { standard, what, why });
    }
}

/// Training by others is closed to all when the policy speaks of it and nothing of it goes on without a person's own yes.
fn usage(third: &[&Use], emission: &mut Emission) {
    let closed = |one: &&Use| one.declared == Declared::NonUse || one.default == Default_::Off;
    if third.is_empty() {
        let what = "training by third parties".to_owned();
        emission.leave(USAGE, what, "the policy does not speak of it, and silence is no answer");
        return;
    }
    emission.content_usage_objected = Some(NO_TRAINING.to_owned());
    for one in third.iter().filter(|one| !closed(one)) {
        let why = match one.default {
            Default_::On => "third parties may, unless a person says no: say no page by page, for those who did",
            _ => "nobody knows what silence means for it",
        };
        emission.leave(USAGE, format!("`{}`", one.id), why);
    }
    if third.iter().all(closed) {
        emission.content_usage = Some(NO_TRAINING.to_owned());
        // With its path, the line is one for readers of every draft.
        emission.robots = vec!["User-Agent: *".to_owned(), format!("Content-Usage: / {NO_TRAINING}")];
        emission.leave(USAGE, "what single people allowed".to_owned(), "a yes is theirs to say, on their own pages");
    }
}

fn gpc(version: &Version, emission: &mut Emission) {
    let honoured = match version.signals.get(Signal::Gpc.as_str()) {
        Some(SignalMeaning::No) => true,
        Some(SignalMeaning::Nothing) => false,
        Some(SignalMeaning::Open) => {
            emission.leave(GPC_FILE, "whether the signal is honoured".to_owned(), "law or text leave open what it means here");
            return;
        }
        None => {
            emission.leave(GPC_FILE, "whether the signal is honoured".to_owned(), "the policy does not say what it means");
            return;
        }
    };
    let day = version.published.day().unwrap_or(version.effective);
    emission.gpc = serde_json::to_string(&Gpc { gpc: honoured, last_update: day.to_string() }).ok();
}
