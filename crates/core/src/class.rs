//! Classify: the facts of a record as a handful of small masks, by the breakpoints of one question's rules.
//!
//! Records of one [`Class`] get the same reasons from the rules. [`Rules::judge_class`] is the only place where these are judged.

use crate::item::{AgeBand, Audience, Category, ChatKind, Conversation, Hold};
use crate::reason::{Code, Reason};
use crate::region::Region;
use crate::rules::{Conditions, Rules};
use crate::time::{Instant, Interval};

/// What a conversation says about the AI's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Chat {
    /// No conversation is known.
    None,
    /// Addressed to an AI, or in a chat with one.
    Addressed,
    /// Not addressed to an AI.
    NotAddressed,
    /// Nobody knows whether.
    AddressUnknown,
    /// Nobody knows what kind of conversation it is.
    KindUnknown,
}

/// Whether the author deleted it, as of the moment asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Deleted {
    /// Not that anyone knows.
    No,
    /// Yes.
    Yes,
    /// An interval around the moment, or a time that cannot be right.
    Perhaps,
}

/// What the rules can tell apart about a record. Every mask is a set of possible values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Class {
    /// Bit per category.
    pub category: u64,
    /// Bit per audience.
    pub audience: u64,
    /// Bit 0: without an account, bit 1: with one.
    pub registered: u64,
    /// Segments of the age line.
    pub age: u64,
    /// Classes of regions.
    pub region: u64,
    /// Segments of the time line in which it was made.
    pub created: u64,
    /// Segments of the time line in which it was collected.
    pub collected: u64,
    /// The conversation.
    pub chat: Chat,
    /// Deletion.
    pub deleted: Deleted,
    /// Whether it is on hold.
    pub held: bool,
}

const ALL_CATEGORIES: u64 = (1 << Category::ALL.len()) - 1;
const ALL_AUDIENCES: u64 = (1 << Audience::ALL.len()) - 1;
const MESSAGE: u64 = 1 << Category::Message as u32;

/// The mask of a category.
pub fn classify_category(category: Option<Category>) -> u64 {
    category.map_or(ALL_CATEGORIES, |category| 1 << category as u32)
}

/// The mask of an audience.
pub fn classify_audience(audience: Option<Audience>) -> u64 {
    audience.map_or(ALL_AUDIENCES, |audience| 1 << audience as u32)
}

/// The mask of having an account.
pub fn classify_registered(registered: Option<bool>) -> u64 {
    registered.map_or(0b11, |registered| 1 << u32::from(registered))
}

/// What a conversation says about the AI's part.
pub fn classify_chat(conversation: Option<Conversation>) -> Chat {
    match conversation {
        None => Chat::None,
        Some(Conversation { kind: Some(ChatKind::Ai), .. } | Conversation { ai_addressed: Some(true), .. }) => Chat::Addressed,
        Some(Conversation { kind: None, .. }) => Chat::KindUnknown,
        Some(Conversation { ai_addressed: Some(false), .. }) => Chat::NotAddressed,
        Some(Conversation { ai_addressed: None, .. }) => Chat::AddressUnknown,
    }
}

/// Whether it is deleted at a moment.
pub fn classify_deleted(deleted_at: Option<Interval>, at: Instant) -> Deleted {
    match deleted_at {
        None => Deleted::No,
        // It was deleted, at a time nobody knows.
        Some(interval) if interval.plausible(at).is_none() => Deleted::Perhaps,
        Some(interval) if interval.first > at => Deleted::No,
        Some(interval) if interval.last <= at => Deleted::Yes,
        Some(_) => Deleted::Perhaps,
    }
}

/// Whether it is on hold; why does not matter.
pub fn classify_hold(hold: Option<Hold>) -> bool {
    hold.is_some()
}

/// Three values: it holds for all that is possible, for nothing, or for some.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Yes,
    No,
    Open,
}

fn test(possible: u64, wanted: u64) -> Holds {
    if possible & !wanted == 0 {
        Holds::Yes
    } else if possible & wanted == 0 {
        Holds::No
    } else {
        Holds::Open
    }
}

fn and(left: Holds, right: Holds) -> Holds {
    match (left, right) {
        (Holds::No, _) | (_, Holds::No) => Holds::No,
        (Holds::Yes, Holds::Yes) => Holds::Yes,
        _ => Holds::Open,
    }
}

fn or(left: Holds, right: Holds) -> Holds {
    match (left, right) {
        (Holds::Yes, _) | (_, Holds::Yes) => Holds::Yes,
        (Holds::No, Holds::No) => Holds::No,
        _ => Holds::Open,
    }
}

/// A reason when a condition is not positively known to hold.
fn report(reasons: &mut Vec<Reason>, holds: Holds, no: Code, open: Code, field: &str) {
    match holds {
        Holds::Yes => {}
        Holds::No => reasons.push(Reason::new(no)),
        Holds::Open => reasons.push(Reason::new(open).with_unknown(field)),
    }
}

impl Rules {
    /// The mask of an age.
    pub fn classify_age(&self, age: Option<AgeBand>) -> u64 {
        age.map_or(self.age_line.all(), |band| self.age_line.mask(band.youngest, band.oldest))
    }

    /// The mask of a region as written; what is not an ISO 3166-1 code is unknown.
    pub fn classify_region(&self, region: Option<&str>) -> u64 {
        let class = region.and_then(Region::lookup).and_then(|region| self.region_classes.get(&region));
        class.map_or(self.region_all, |class| 1 << class)
    }

    /// The mask of a time; times that cannot be right are unknown.
    pub fn classify_time(&self, time: Option<Interval>) -> u64 {
        let plausible = time.and_then(|interval| interval.plausible(self.question.at));
        plausible.map_or(self.time_line.all(), |time| self.time_line.mask(time.first.as_micros(), time.last.as_micros()))
    }

    /// The reasons the rules give for every record of a class, in the fixed order of the codes; those of
    /// [`Rules::status`] among them.
    pub fn judge_class(&self, class: &Class) -> Vec<Reason> {
        let mut reasons = self.status.clone();
        if let Some(conditions) = &self.conditions {
            judge_conditions(conditions, class, &mut reasons);
        }
        self.judge_chat(class, &mut reasons);
        match class.deleted {
            Deleted::No => {}
            Deleted::Yes => reasons.push(Reason::new(Code::Deleted)),
            Deleted::Perhaps => reasons.push(Reason::new(Code::Deleted).with_unknown("deleted_at")),
        }
        if class.held {
            reasons.push(Reason::new(Code::RetainedOnly));
        }
        reasons.sort();
        reasons
    }

    /// A chat message passes only when it was addressed to an AI, whatever the use.
    fn judge_chat(&self, class: &Class, reasons: &mut Vec<Reason>) {
        let names_messages = self.conditions.as_ref().is_some_and(|conditions| conditions.categories & MESSAGE != 0);
        let reason = Reason::new(Code::NoAiParticipant);
        match class.chat {
            Chat::Addressed => {}
            Chat::NotAddressed => reasons.push(reason),
            Chat::AddressUnknown => reasons.push(reason.with_unknown("conversation.ai_addressed")),
            Chat::KindUnknown => reasons.push(reason.with_unknown("conversation.kind")),
            Chat::None if class.category == MESSAGE => reasons.push(reason.with_unknown("conversation")),
            Chat::None if class.category & MESSAGE != 0 && names_messages => reasons.push(reason.with_unknown("conversation")),
            Chat::None => {}
        }
    }
}

fn judge_conditions(conditions: &Conditions, class: &Class, reasons: &mut Vec<Reason>) {
    let category = test(class.category, conditions.categories);
    report(reasons, category, Code::CategoryNotCovered, Code::CategoryUnknown, "category");
    judge_audience(conditions, class, reasons);
    if let Some(ages) = conditions.ages {
        report(reasons, test(class.age, ages), Code::UnderAge, Code::AgeUnknown, "author_age");
    }
    if let Some(regions) = conditions.regions {
        report(reasons, test(class.region, regions), Code::RegionNotCovered, Code::RegionUnknown, "region");
    }
    if conditions.non_use {
        reasons.push(Reason::new(Code::CarveOut).with_rule("promise"));
    }
    let in_region = |regions: Option<u64>| regions.map_or(Holds::Yes, |regions| test(class.region, regions));
    for carve in &conditions.carve_outs {
        let reason = Reason::new(Code::CarveOut).with_rule(&carve.id);
        match and(in_region(carve.regions), in_window(carve.window, class)) {
            Holds::No => {}
            Holds::Yes => reasons.push(reason),
            Holds::Open if in_region(carve.regions) == Holds::Open => reasons.push(reason.with_unknown("region")),
            Holds::Open => reasons.push(reason.with_unknown(open_time(class, carve.window))),
        }
    }
    for dispute in &conditions.disputes {
        let young = dispute.ages.map_or(Holds::Yes, |ages| test(class.age, ages));
        let carve = dispute.outside.and_then(|place| conditions.carve_outs.get(place));
        let carved = carve.map_or(0, |carve| carve.regions.unwrap_or(u64::MAX));
        let in_window = carve.map_or(Holds::No, |carve| in_window(carve.window, class));
        // The regions where the record is touched for sure, and where it may be: each region it may lie in is a case of its own.
        let anywhere = dispute.regions.unwrap_or(u64::MAX);
        let (surely, perhaps) = match in_window {
            Holds::Yes => (anywhere & !carved, anywhere & !carved),
            Holds::No => (anywhere, anywhere),
            Holds::Open => (anywhere & !carved, anywhere),
        };
        let reason = Reason::new(Code::Disputed).with_dispute(&dispute.id);
        match and(test(class.region, perhaps), young) {
            Holds::No => {}
            Holds::Open if test(class.region, perhaps) == Holds::Open => reasons.push(reason.with_unknown("region")),
            Holds::Open => reasons.push(reason.with_unknown("author_age")),
            Holds::Yes if test(class.region, surely) == Holds::Yes => reasons.push(reason),
            Holds::Yes => reasons.push(reason.with_unknown(open_time(class, carve.and_then(|carve| carve.window)))),
        }
    }
}

/// Whether it was made or collected in a window.
fn in_window(window: Option<u64>, class: &Class) -> Holds {
    window.map_or(Holds::Yes, |window| or(test(class.created, window), test(class.collected, window)))
}

/// Which time left a window open.
fn open_time(class: &Class, window: Option<u64>) -> &'static str {
    let open = window.is_some_and(|window| test(class.created, window) == Holds::Open);
    if open { "created_at" } else { "collected_at" }
}

/// The audience the row of the record's category asks for. With several possible categories it must hold for each;
/// with a category no row names it is judged only if all rows ask the same.
fn judge_audience(conditions: &Conditions, class: &Class, reasons: &mut Vec<Reason>) {
    let possible = class.category & conditions.categories;
    let mut judged: Option<Holds> = None;
    if possible == 0 {
        judged = conditions.audience_of_all.map(|wanted| test(class.audience, wanted));
    } else {
        for (place, wanted) in conditions.audiences.iter().enumerate() {
            if possible & (1 << place) != 0 {
                let holds = wanted.map_or(Holds::Yes, |wanted| test(class.audience, wanted));
                judged = Some(match judged {
                    None => holds,
                    Some(before) if before == holds => holds,
                    Some(_) => Holds::Open,
                });
            }
        }
    }
    let account = conditions.registered.map(|wanted| test(class.registered, classify_registered(Some(wanted))));
    // One code for both: a person with or without an account is a matter of whom the use addresses.
    let both = [judged, account];
    if both.contains(&Some(Holds::No)) {
        reasons.push(Reason::new(Code::AudienceNotCovered));
    }
    if judged == Some(Holds::Open) {
        reasons.push(Reason::new(Code::AudienceUnknown).with_unknown("audience"));
    }
    if account == Some(Holds::Open) {
        reasons.push(Reason::new(Code::AudienceUnknown).with_unknown("registered"));
    }
}
