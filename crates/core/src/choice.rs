//! Choices: the dated acts of people.

use crate::account::Account;
use crate::pattern::Pattern;
use crate::time::Instant;

/// How two accounts belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LinkKind {
    /// The controller joined them itself.
    AccountsCentre,
    /// The person says so.
    SamePerson,
    /// One is the other's earlier or later name.
    Renamed,
    /// An organisation and its account.
    Organisation,
}

impl LinkKind {
    /// The spelling in the exchange format.
    pub fn as_str(self) -> &'static str {
        match self {
            LinkKind::AccountsCentre => "accounts-centre",
            LinkKind::SamePerson => "same-person",
            LinkKind::Renamed => "renamed",
            LinkKind::Organisation => "organisation",
        }
    }

    /// The kind with this spelling.
    pub fn lookup(text: &str) -> Option<LinkKind> {
        Some(match text {
            "accounts-centre" => LinkKind::AccountsCentre,
            "same-person" => LinkKind::SamePerson,
            "renamed" => LinkKind::Renamed,
            "organisation" => LinkKind::Organisation,
            _ => return None,
        })
    }
}

/// Who sent an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// The person.
    Own,
    /// A parent.
    Parent,
    /// A guardian.
    Guardian,
    /// Somebody authorised.
    Agent,
}

impl By {
    /// The spelling in the exchange format.
    pub fn as_str(self) -> &'static str {
        match self {
            By::Own => "self",
            By::Parent => "parent",
            By::Guardian => "guardian",
            By::Agent => "agent",
        }
    }

    /// The sender with this spelling.
    pub fn lookup(text: &str) -> Option<By> {
        Some(match text {
            "self" => By::Own,
            "parent" => By::Parent,
            "guardian" => By::Guardian,
            "agent" => By::Agent,
            _ => return None,
        })
    }
}

/// How an act came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// A web form.
    Form,
    /// The programming interface.
    Api,
    /// A mail.
    Mail,
    /// A letter.
    Post,
    /// A setting of the account.
    Setting,
    /// A preference signal.
    Signal,
    /// A bulk import.
    Import,
}

impl Channel {
    /// The spelling in the exchange format.
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Form => "form",
            Channel::Api => "api",
            Channel::Mail => "mail",
            Channel::Post => "post",
            Channel::Setting => "setting",
            Channel::Signal => "signal",
            Channel::Import => "import",
        }
    }

    /// The channel with this spelling.
    pub fn lookup(text: &str) -> Option<Channel> {
        Some(match text {
            "form" => Channel::Form,
            "api" => Channel::Api,
            "mail" => Channel::Mail,
            "post" => Channel::Post,
            "setting" => Channel::Setting,
            "signal" => Channel::Signal,
            "import" => Channel::Import,
            _ => return None,
        })
    }

    /// Whether the person was signed in when using it, as opening acts need.
    pub fn signed_in(self) -> bool {
        matches!(self, Channel::Form | Channel::Api | Channel::Setting)
    }
}

/// The controller's answer to an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Agreed.
    Upheld,
    /// Refused; never opens anything.
    Refused,
    /// Not authorised; takes effect through the register only.
    Void,
}

impl Outcome {
    /// The spelling in the exchange format.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Upheld => "upheld",
            Outcome::Refused => "refused",
            Outcome::Void => "void",
        }
    }

    /// The outcome with this spelling.
    pub fn lookup(text: &str) -> Option<Outcome> {
        Some(match text {
            "upheld" => Outcome::Upheld,
            "refused" => Outcome::Refused,
            "void" => Outcome::Void,
            _ => return None,
        })
    }
}

/// What the act is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Says no to uses.
    Object {
        /// Which uses; absent means all.
        uses: Option<Vec<Pattern>>,
        /// Which recipients; absent means all.
        recipients: Option<Vec<Pattern>>,
        /// Which items; absent means all.
        items: Option<Vec<Pattern>>,
    },
    /// Turns a control off (or to a position nobody knows, which counts as off).
    SetOff {
        /// The control's id.
        control: String,
    },
    /// Turns a control on.
    SetOn {
        /// The control's id.
        control: String,
    },
    /// Takes one objection back.
    Withdraw {
        /// The objection's id.
        of: String,
    },
    /// Says yes to one use.
    Consent {
        /// As given; opens only if it is exactly one exact use.
        uses: Option<Vec<Pattern>>,
        /// As given; opens only exact recipients, or all of the use when absent.
        recipients: Option<Vec<Pattern>>,
    },
    /// Takes a consent back.
    WithdrawConsent {
        /// The consent's id.
        of: String,
    },
    /// Joins two accounts.
    Link {
        /// The other account.
        to: Account,
        /// How they belong together.
        how: LinkKind,
    },
    /// Ends a link.
    Unlink {
        /// The link's id.
        of: String,
    },
    /// Has items erased.
    Erase {
        /// Which items; absent means all.
        items: Option<Vec<Pattern>>,
    },
    /// A preference signal that says no.
    Signal {
        /// The signal's name.
        signal: String,
    },
    /// The controller's answer.
    Answer {
        /// The act answered.
        of: String,
        /// What it says.
        outcome: Outcome,
    },
    /// An act that cannot be evaluated; counts as a no to everything.
    Unreadable,
}

impl Act {
    /// Whether the act can only let more through, never less.
    pub fn opens(&self) -> bool {
        matches!(self, Act::SetOn { .. } | Act::Withdraw { .. } | Act::Consent { .. } | Act::Unlink { .. })
    }
}

/// One dated act of a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Choice {
    /// Its id.
    pub id: String,
    /// Whose act it is; `None` only for an answer.
    pub person: Option<Account>,
    /// The act.
    pub act: Act,
    /// When it counts in law.
    pub received_at: Instant,
    /// When the ledger took it; absent is the same moment.
    pub recorded_at: Option<Instant>,
    /// Who sent it; absent is the person.
    pub by: Option<By>,
    /// How it came.
    pub channel: Option<Channel>,
    /// Whether its sender is not confirmed to be the account's holder. It counts all the same; only a register can say so.
    pub provisional: bool,
}

impl Choice {
    /// From when on it counts: opening acts from the later of both clocks, all others from `received_at`.
    pub fn counts_from(&self) -> Instant {
        match self.recorded_at {
            Some(recorded) if self.act.opens() => self.received_at.max(recorded),
            _ => self.received_at,
        }
    }

    /// Whether it came by the person's own hand, as opening acts need.
    pub fn by_own_hand(&self) -> bool {
        matches!(self.by, None | Some(By::Own)) && self.channel.is_none_or(Channel::signed_in)
    }
}
