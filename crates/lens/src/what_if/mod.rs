//! What-if: the changes to a policy or a question that can be tried out, and what came of them for people to read.
//!
//! A change is made to the policies in memory; deciding is for others. What is compared is told as records and people: how many would be
//! left out who are let through now, and the other way round.

mod chart;

use std::collections::BTreeSet;
use std::fmt;

use bezwaar_core::policy::{CarveOut, Default_, PolicySet, Version};
use bezwaar_core::region::{Region, lookup_set};
use bezwaar_core::time::Day;
use bezwaar_core::{Code, Question, Reading};

pub use chart::{BAR_WIDTH, bar, svg};

use crate::plain::Texts;

/// The lowest age that can be tried, in years.
pub const AGE_MIN: i64 = 1;
/// The highest.
pub const AGE_MAX: i64 = 120;

/// One thing that is otherwise than it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Silence is no longer a yes: the use is off unless somebody says yes to it.
    OptIn,
    /// There is no such use.
    Drop,
    /// The use applies from this age on; `None` is any age.
    MinAge(Option<i64>),
    /// The use does not apply to people who live here.
    CarveOut {
        /// As it was named.
        named: String,
        /// Where.
        regions: BTreeSet<Region>,
    },
    /// The policy is read in another way.
    Reading(Reading),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::OptIn => f.write_str("opt-in"),
            Change::Drop => f.write_str("drop"),
            Change::MinAge(None) => f.write_str("min-age=none"),
            Change::MinAge(Some(age)) => write!(f, "min-age={age}"),
            Change::CarveOut { named, .. } => write!(f, "carve-out={named}"),
            Change::Reading(reading) => write!(f, "reading={}", reading.as_str()),
        }
    }
}

/// Why changes cannot be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeError {
    /// No such change.
    Unknown(String),
    /// Not an age in years.
    Age(String),
    /// Not a region.
    Region(String),
    /// Not a reading.
    Reading(String),
    /// A use that is dropped has nothing left to change.
    Dropped,
    /// At that moment there is no such use to change.
    NoUse,
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChangeError::Unknown(text) => write!(f, "`{text}` is no change"),
            ChangeError::Age(text) => write!(f, "`{text}` is no age in years from {AGE_MIN} to {AGE_MAX}"),
            ChangeError::Region(text) => write!(f, "`{text}` is no region"),
            ChangeError::Reading(text) => write!(f, "`{text}` is no reading"),
            ChangeError::Dropped => f.write_str("a use that is dropped cannot be changed as well"),
            ChangeError::NoUse => f.write_str("no version in force at that moment has this use"),
        }
    }
}

impl ChangeError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ChangeError::Unknown(_) => {
                "write opt-in, drop, min-age=YEARS, min-age=none, carve-out=REGIONS or reading=NAME, several of them joined by `+`"
            }
            ChangeError::Age(_) => "write a number such as `min-age=16`, or `min-age=none`",
            ChangeError::Region(_) => "write codes of ISO 3166-1, EU or EEA, such as `carve-out=DE,FR`",
            ChangeError::Reading(_) => "write stated, protective or consent",
            ChangeError::Dropped => "try `drop` by itself",
            ChangeError::NoUse => "ask about a use of a version in force; see `bezwaar policy show`",
        }
    }
}

impl std::error::Error for ChangeError {}

/// Reads changes that hold together, such as `opt-in` or `min-age=16+carve-out=DE,FR`.
pub fn parse_changes(text: &str) -> Result<Vec<Change>, ChangeError> {
    let changes = text.split('+').map(|part| parse_change(part.trim())).collect::<Result<Vec<_>, _>>()?;
    if changes.contains(&Change::Drop) && changes.len() > 1 { Err(ChangeError::Dropped) } else { Ok(changes) }
}

fn parse_change(text: &str) -> Result<Change, ChangeError> {
    match text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value))) {
        ("opt-in", None) => Ok(Change::OptIn),
        ("drop", None) => Ok(Change::Drop),
        ("min-age", Some("none")) => Ok(Change::MinAge(None)),
        ("min-age", Some(age)) => match age.parse() {
            Ok(years) if (AGE_MIN..=AGE_MAX).contains(&years) => Ok(Change::MinAge(Some(years))),
            _ => Err(ChangeError::Age(age.to_owned())),
        },
        ("carve-out", Some(named)) => {
            let sets = named.split(',').map(|name| lookup_set(name.trim()).ok_or_else(|| ChangeError::Region(name.trim().to_owned())));
            let regions = sets.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
            Ok(Change::CarveOut { named: named.to_owned(), regions })
        }
        ("reading", Some(name)) => Reading::lookup(name).map(Change::Reading).ok_or_else(|| ChangeError::Reading(name.to_owned())),
        _ => Err(ChangeError::Unknown(text.to_owned())),
    }
}

/// The policies and the question with all these changes made: in the version in force at the question's moment, to the use it asks about.
pub fn apply(changes: &[Change], policies: &PolicySet, question: &Question) -> Result<(PolicySet, Question), ChangeError> {
    let (mut policies, mut question) = (policies.clone(), question.clone());
    for change in changes {
        match change {
            Change::Reading(reading) => question.reading = *reading,
            Change::Drop => {
                let version = in_force(&mut policies, &question)?;
                version.uses.retain(|one| one.id != question.use_id);
            }
            Change::OptIn | Change::MinAge(_) | Change::CarveOut { .. } => {
                let version = in_force(&mut policies, &question)?;
                let from = Day::of(question.at, &version.zone).ok_or(ChangeError::NoUse)?;
                let one = version.uses.iter_mut().find(|one| one.id == question.use_id).ok_or(ChangeError::NoUse)?;
                match change {
                    Change::OptIn => one.default = Default_::Off,
                    Change::MinAge(age) => one.min_age = *age,
                    Change::CarveOut { named, regions } => one.carve_outs.push(CarveOut {
                        id: format!("what-if-{named}"),
                        title: named.clone(),
                        from,
                        regions: Some(regions.clone()),
                        window: None,
                        sources: Vec::new(),
                    }),
                    Change::Drop | Change::Reading(_) => {}
                }
            }
        }
    }
    Ok((policies, question))
}

/// The version in force, if it has the use.
fn in_force<'p>(policies: &'p mut PolicySet, question: &Question) -> Result<&'p mut Version, ChangeError> {
    let id = question.use_id.split('/').next().unwrap_or_default();
    let policy = policies.policies.get_mut(id).ok_or(ChangeError::NoUse)?;
    let version = policy.versions.iter_mut().rev().find(|version| version.effective_at <= question.at);
    version.filter(|version| version.uses.iter().any(|one| one.id == question.use_id)).ok_or(ChangeError::NoUse)
}

/// What came of one set of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was changed.
    pub changes: Vec<Change>,
    /// Records that would be let through.
    pub kept: u64,
    /// Records let through now that would be left out.
    pub out: u64,
    /// How many people wrote those.
    pub people_out: u64,
    /// Records left out now that would be let through.
    pub added: u64,
    /// How many people wrote those.
    pub people_added: u64,
    /// Why the records that move out would be left out, and how many for each reason; one record can have several.
    pub reasons: Vec<(Code, u64)>,
}

/// A comparison, as people read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The use that was asked about.
    pub use_id: String,
    /// Records read.
    pub read: u64,
    /// Records let through as things are.
    pub kept: u64,
    /// How many people wrote those.
    pub people: u64,
    /// What came of each set of changes.
    pub outcomes: Vec<Outcome>,
}

/// A set of changes in words.
pub fn words(changes: &[Change], texts: &Texts) -> String {
    let each = changes.iter().map(|change| match change {
        Change::OptIn => texts.what_if("opt-in", &[]),
        Change::Drop => texts.what_if("drop", &[]),
        Change::MinAge(None) => texts.what_if("min-age-none", &[]),
        Change::MinAge(Some(age)) => texts.what_if("min-age", &[("age", &age.to_string())]),
        Change::CarveOut { named, .. } => texts.what_if("carve-out", &[("regions", &named.replace(',', ", "))]),
        Change::Reading(reading) => texts.what_if(&format!("reading-{}", reading.as_str()), &[]),
    });
    let mut joined = each.collect::<Vec<_>>().join(", ");
    if let Some(first) = joined.get(..1) {
        let upper = first.to_uppercase();
        joined.replace_range(..1, &upper);
    }
    joined
}
