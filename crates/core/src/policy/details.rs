//! Optional facts of policies: how a control works, what a text says about it, what is kept how long, what is claimed elsewhere.
//!
//! None of them changes a decision. `None` is always *not known*, never *no*.

use std::collections::BTreeSet;

/// An enum whose cases are words of a policy file.
macro_rules! words {
    ($(#[$($doc:tt)*])* $name:ident { $($(#[$($case_doc:tt)*])* $case:ident = $word:literal,)+ } $($unknown:literal)?) => {
        $(#[$($doc)*])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$($case_doc)*])* $case,)+
        }

        impl $name {
            /// Every word a file may write.
            pub const WORDS: &'static [&'static str] = &[$($word,)+ $($unknown)?];

            /// What a word means; `unknown` and any other word is `None`.
            pub fn lookup(word: &str) -> Option<$name> {
                match word {
                    $($word => Some($name::$case),)+
                    _ => None,
                }
            }

            /// The word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$case => $word,)+
                }
            }
        }
    };
}

words! {
    /// How the binding text names the way to say no.
    Named {
        /// By its name, or by a link to it.
        ByName = "by-name",
        /// Only by a link to a page of settings in general.
        GeneralLink = "general-link",
        /// Not at all.
        NotNamed = "not-named",
    }
    "unknown"
}

words! {
    /// What a control's own words cover of a use.
    Covers {
        /// All of it.
        All = "all",
        /// Less than the use takes.
        Part = "part",
        /// Its title speaks of the use, its words do not.
        TitleOnly = "title-only",
    }
    "unknown"
}

words! {
    /// Whether the balancing test of legitimate interests (Article 6(1)(f) GDPR) can be read.
    Assessment {
        /// It is published, or a summary of it.
        Published = "published",
        /// The controller says that there is one.
        Claimed = "claimed",
        /// There is none.
        None = "none",
    }
    "unknown"
}

words! {
    /// How people were told of a use.
    Notice {
        /// Each of them: by mail, or within the service.
        Individual = "individual",
        /// By a page, a banner, the press.
        General = "general",
        /// Not.
        None = "none",
    }
    "unknown"
}

words! {
    /// What a no must be said again for.
    Repeat {
        /// For each account.
        Account = "account",
        /// For each version of the policy.
        Version = "version",
        /// For each plan the controller announces.
        Campaign = "campaign",
    }
}

words! {
    /// What a claim is about.
    ClaimKind {
        /// That personal data are not sold.
        NoSale = "no-sale",
        /// Whose data are used.
        Audience = "audience",
        /// That a use does not happen.
        NoUse = "no-use",
        /// Something else.
        Other = "other",
    }
}

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Whole months and days; never negative.
    Span {
        /// Months; a year is twelve.
        months: i64,
        /// Days; a week is seven.
        days: i64,
    },
    /// As long as the account exists.
    Account,
    /// Until the person removes it, at the latest until the account ends.
    Removal,
    /// Without an end.
    NoEnd,
    /// Nobody knows.
    Unknown,
}

impl Period {
    /// Reads the words of a file: an ISO 8601 period, `account`, `removal`, `no-end`, `unknown`.
    pub fn lookup(text: &str) -> Option<Period> {
        match text {
            "account" => Some(Period::Account),
            "removal" => Some(Period::Removal),
            "no-end" => Some(Period::NoEnd),
            "unknown" => Some(Period::Unknown),
            _ => crate::grammar::period(text).map(|(months, days)| Period::Span { months, days }),
        }
    }

    /// Which of two is longer: a counted period, then until removal, then as long as the account, then without an end. `None` when one
    /// of them is not known.
    pub fn compare(self, other: Period) -> Option<std::cmp::Ordering> {
        // In hundredths of a day, by the mean length of a month: 12 months are 365.28 days.
        let rank = |period: Period| match period {
            Period::Span { months, days } => Some((0, months * 3_044 + days * 100)),
            Period::Removal => Some((1, 0)),
            Period::Account => Some((2, 0)),
            Period::NoEnd => Some((3, 0)),
            Period::Unknown => None,
        };
        Some(rank(self)?.cmp(&rank(other)?))
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Period::Span { months, days } if *months > 0 && *days > 0 => write!(f, "P{months}M{days}D"),
            Period::Span { months, days: 0 } if *months > 0 => write!(f, "P{months}M"),
            Period::Span { days, .. } => write!(f, "P{days}D"),
            Period::Account => f.write_str("account"),
            Period::Removal => f.write_str("removal"),
            Period::NoEnd => f.write_str("no-end"),
            Period::Unknown => f.write_str("unknown"),
        }
    }
}

/// A row of what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What is kept, in words that stay the same from version to version.
    pub what: String,
    /// How long.
    pub period: Period,
    /// A name for a clause as such, `longer-than-stated`.
    pub clause: Option<String>,
    /// Ids of sources.
    pub sources: Vec<String>,
}

/// What is known of using a control.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControlDetails {
    /// Whether one must be signed in.
    pub requires_login: Option<bool>,
    /// Whether a reason must be given.
    pub reason_required: Option<bool>,
    /// Whether evidence must be given.
    pub evidence_required: Option<bool>,
    /// Whether a confirmation is sent.
    pub confirmation: Option<bool>,
    /// What it covers in its own words.
    pub covers: Option<String>,
    /// Where it can be found.
    pub clients: Option<BTreeSet<String>>,
    /// Whether its words leave open if a no is followed.
    pub conditional: Option<bool>,
    /// The day after which the controller says it is too late, in words.
    pub deadline: Option<String>,
    /// Whether a no after that day is not taken at all.
    pub deadline_closes_right: Option<bool>,
    /// Whether an identity document must be sent.
    pub id_document_required: Option<bool>,
    /// What a no must be said again for; empty when once is enough.
    pub repeat_per: Option<BTreeSet<Repeat>>,
    /// Whether people without an account can use it.
    pub non_users: Option<bool>,
    /// Steps from the front page to a no.
    pub steps: Option<i64>,
    /// Keys of facts whose day is the latest it can have been: since when exactly is not known.
    pub at_latest: BTreeSet<String>,
}

/// What is known of a use besides what decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UseDetails {
    /// How the binding text names the way to say no.
    pub control_named: Option<Named>,
    /// What the control's own words cover of this use.
    pub control_covers: Option<Covers>,
    /// For legitimate interests: the interest that is named.
    pub interest: Option<String>,
    /// For legitimate interests: whether the balancing test can be read.
    pub assessment: Option<Assessment>,
    /// Whether data of Article 9 GDPR can be among it.
    pub special_categories: Option<bool>,
    /// The ground of Article 9(2) GDPR that is named.
    pub art9: Option<String>,
    /// Whether deleting reaches copies made for training.
    pub deletion_reaches_training: Option<bool>,
    /// Whether people were told of the right to object clearly and apart (Article 21(4) GDPR).
    pub separate_notice: Option<bool>,
    /// How people were told.
    pub notice: Option<Notice>,
    /// Whether it takes what others make or share about the person.
    pub from_others: Option<bool>,
    /// How long what is kept.
    pub kept: Vec<Kept>,
    /// Keys of facts whose day is the latest it can have been: when exactly is not known.
    pub at_latest: BTreeSet<String>,
}

/// Something said outside the binding text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub kind: ClaimKind,
    /// Who says so.
    pub holder: String,
    /// What they say.
    pub says: String,
    /// Uses it speaks of.
    pub uses: Vec<String>,
    /// For an audience: people below this age are said to be left out.
    pub age_min: Option<i64>,
    /// Ids of sources.
    pub sources: Vec<String>,
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::*;

    #[test]
    fn periods_are_read_and_compared() {
        let read = |text| Period::lookup(text);
        assert_eq!(read("P18M"), Some(Period::Span { months: 18, days: 0 }));
        assert_eq!(read("P1Y6M"), read("P18M"));
        assert_eq!(read("P2W"), Some(Period::Span { months: 0, days: 14 }));
        assert_eq!(read("P9999D"), Some(Period::Span { months: 0, days: 9_999 }));
        for bad in ["", "P", "18M", "P18", "P18H", "PT18M", "P6M1Y", "P1M1M", "P-1M", "P10000D", "p18m", "P1M ", "forever"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        let compare = |left, right| read(left).zip(read(right)).and_then(|(left, right)| left.compare(right));
        assert_eq!(compare("P90D", "P12M"), Some(Ordering::Less));
        assert_eq!(compare("P12M", "P1Y"), Some(Ordering::Equal));
        assert_eq!(compare("P18M", "account"), Some(Ordering::Less));
        assert_eq!(compare("no-end", "account"), Some(Ordering::Greater));
        assert_eq!(compare("account", "account"), Some(Ordering::Equal));
        assert_eq!(compare("account", "removal"), Some(Ordering::Greater));
        assert_eq!(compare("unknown", "unknown"), None);
        assert_eq!(compare("unknown", "P90D"), None);
        for text in ["P18M", "P90D", "P3M2D", "P0D", "account", "removal", "no-end", "unknown"] {
            assert_eq!(read(text).map(|period| period.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn words_are_read_back() {
        for word in Named::WORDS {
            assert_eq!(Named::lookup(word).map_or("unknown", Named::as_str), *word);
        }
        for word in Repeat::WORDS {
            assert_eq!(Repeat::lookup(word).map(Repeat::as_str), Some(*word));
        }
        assert_eq!(Repeat::lookup("unknown"), None);
    }
}
