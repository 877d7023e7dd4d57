//! Why a record is withheld: the closed, ordered list of reason codes.

use std::fmt;

/// Defines the codes once: name, wire spelling, group.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $wire:literal, $group:ident;)+) => {
        /// A reason code. Codes are part of the interface: their spelling, their order and their bit
        /// never change; new ones are appended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code, in the fixed order.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// The spelling in decisions, reports and job files.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $wire,)+ }
            }

            /// The group people read it under.
            pub fn group(self) -> Group {
                match self { $(Code::$name => Group::$group,)+ }
            }
        }
    };
}

codes! {
    /// No version of the policy is in force at the moment asked about.
    NoPolicyInForce = "no-policy-in-force", Rule;
    /// The version in force has no such use, or not for this recipient, or only as a practice without text.
    UseNotDeclared = "use-not-declared", Rule;
    /// The use is announced but not effective yet.
    UseNotStarted = "use-not-started", Rule;
    /// The use does not name this kind of data.
    CategoryNotCovered = "category-not-covered", Rule;
    /// The kind of data is not known.
    CategoryUnknown = "category-unknown", Unknown;
    /// The record is not visible to the audience the use is limited to.
    AudienceNotCovered = "audience-not-covered", Rule;
    /// The record's visibility is not known; unknown is never public.
    AudienceUnknown = "audience-unknown", Unknown;
    /// The author was below the minimum age.
    UnderAge = "under-age", Rule;
    /// The author's age is not known, or a band straddles the minimum.
    AgeUnknown = "age-unknown", Unknown;
    /// The use does not apply where this person lives.
    RegionNotCovered = "region-not-covered", Rule;
    /// Where the person lives is not known.
    RegionUnknown = "region-unknown", Unknown;
    /// Excluded by an undertaking, an order or a promise.
    CarveOut = "carve-out", Rule;
    /// A chat message that was not addressed to an AI.
    NoAiParticipant = "no-ai-participant", Rule;
    /// Protective: the use offers no control, or none yet.
    NoControl = "no-control", Rule;
    /// The person objected.
    Objected = "objected", Person;
    /// The person's setting is off.
    SettingOff = "setting-off", Person;
    /// There is no consent where one is needed, or it was withdrawn.
    NoConsent = "no-consent", Person;
    /// A preference signal of the person says no.
    Signal = "signal", Person;
    /// The record quotes, tags, depicts or was handed on by a person who said no.
    AboutObjector = "about-objector", Person;
    /// The person had it erased.
    Erased = "erased", Person;
    /// The author deleted it.
    Deleted = "deleted", Person;
    /// Kept only for a legal or safety reason.
    RetainedOnly = "retained-only", Rule;
    /// Protective: facts or law about this record are disputed.
    Disputed = "disputed", Dispute;
    /// It cannot be told whose the record is.
    IdentityUnresolved = "identity-unresolved", Unknown;
    /// The record could not be read.
    Unreadable = "unreadable", Unknown;
    /// An act of this person could not be evaluated, so it counts as a no.
    ChoiceUnreadable = "choice-unreadable", Unknown;
}

/// How people read the reasons: their own no first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Someone said no.
    Person,
    /// The rule excludes it.
    Rule,
    /// We do not know enough.
    Unknown,
    /// Disputed.
    Dispute,
}

impl Group {
    /// The groups in reading order.
    pub const ALL: [Group; 4] = [Group::Person, Group::Rule, Group::Unknown, Group::Dispute];

    /// A heading for reports, in English.
    pub fn title(self) -> &'static str {
        match self {
            Group::Person => "someone said no",
            Group::Rule => "the rule excludes it",
            Group::Unknown => "we do not know enough",
            Group::Dispute => "disputed",
        }
    }
}

impl Code {
    /// The code's place, 0-based: also its bit in a [`ReasonSet`].
    pub fn bit(self) -> u32 {
        self as u32
    }

    /// The code with this spelling.
    pub fn lookup(wire: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.as_str() == wire)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of codes as bits; the empty set means *keep*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReasonSet(u64);

impl ReasonSet {
    /// Nothing speaks against it.
    pub const EMPTY: ReasonSet = ReasonSet(0);

    /// The set with these bits; bits no code has are kept, so that an unknown reason still withholds.
    pub const fn from_bits(bits: u64) -> ReasonSet {
        ReasonSet(bits)
    }

    /// The bits, code *n* at bit *n*.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The set with one code.
    pub fn of(code: Code) -> ReasonSet {
        ReasonSet(1 << code.bit())
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: ReasonSet) -> ReasonSet {
        ReasonSet(self.0 | other.0)
    }

    /// Whether nothing speaks against it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the code is in it.
    pub fn contains(self, code: Code) -> bool {
        self.0 & (1 << code.bit()) != 0
    }

    /// The codes in the fixed order.
    pub fn iter(self) -> impl Iterator<Item = Code> {
        Code::ALL.iter().copied().filter(move |code| self.contains(*code))
    }
}

impl FromIterator<Code> for ReasonSet {
    fn from_iter<I: IntoIterator<Item = Code>>(codes: I) -> ReasonSet {
        codes.into_iter().fold(ReasonSet::EMPTY, |set, code| set.union(ReasonSet::of(code)))
    }
}

/// One reason with what stands behind it. Never holds a person's name or account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reason {
    /// The code.
    pub code: Code,
    /// The id of the act behind it.
    pub choice: Option<String>,
    /// The rule of the policy behind it (a carve-out's id, `default-off`).
    pub rule: Option<String>,
    /// The dispute behind it.
    pub dispute: Option<String>,
    /// The item field that was missing, or not known well enough.
    pub unknown: Option<String>,
    /// The id of the link over which the act reached this account.
    pub via: Option<String>,
}

impl Reason {
    /// A reason with nothing but its code.
    pub fn new(code: Code) -> Reason {
        Reason { code, choice: None, rule: None, dispute: None, unknown: None, via: None }
    }

    /// Names the missing item field.
    #[must_use]
    pub fn with_unknown(mut self, field: &str) -> Reason {
        self.unknown = Some(field.to_owned());
        self
    }

    /// Names the rule of the policy.
    #[must_use]
    pub fn with_rule(mut self, rule: &str) -> Reason {
        self.rule = Some(rule.to_owned());
        self
    }

    /// Names the dispute.
    #[must_use]
    pub fn with_dispute(mut self, dispute: &str) -> Reason {
        self.dispute = Some(dispute.to_owned());
        self
    }

    /// Names the act, and the link it came over.
    #[must_use]
    pub fn with_choice(mut self, choice: &str, via: Option<&str>) -> Reason {
        self.choice = Some(choice.to_owned());
        self.via = via.map(str::to_owned);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_bits_are_fixed() {
        let spelled: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(
            spelled.join(" "),
            "no-policy-in-force use-not-declared use-not-started category-not-covered category-unknown \
             audience-not-covered audience-unknown under-age age-unknown region-not-covered region-unknown carve-out \
             no-ai-participant no-control objected setting-off no-consent signal about-objector erased deleted \
             retained-only disputed identity-unresolved unreadable choice-unreadable"
        );
        assert_eq!(Code::NoPolicyInForce.bit(), 0);
        assert_eq!(Code::ChoiceUnreadable.bit(), 25);
        assert_eq!(Code::lookup("objected"), Some(Code::Objected));
        assert_eq!(Code::lookup("Objected"), None);
    }

    #[test]
    fn unknown_bits_still_withhold() {
        assert!(!ReasonSet::from_bits(1 << 63).is_empty());
    }
}
