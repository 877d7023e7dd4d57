//! Items: the facts about one record that a decision may use.

use crate::time::Interval;

/// What kind of data a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Category {
    /// A post of one's own.
    Post,
    /// A comment under something.
    Comment,
    /// A photo.
    Photo,
    /// A video.
    Video,
    /// A sound recording, live or not.
    Audio,
    /// Name, picture, description of a profile.
    Profile,
    /// A message in a chat, with people or with an AI.
    Message,
    /// A prompt or answer outside a chat.
    AiInteraction,
    /// A like, vote or other mark.
    Reaction,
    /// Data about the use of the service.
    Metadata,
}

impl Category {
    /// Every category.
    pub const ALL: [Category; 10] = [
        Category::Post,
        Category::Comment,
        Category::Photo,
        Category::Video,
        Category::Audio,
        Category::Profile,
        Category::Message,
        Category::AiInteraction,
        Category::Reaction,
        Category::Metadata,
    ];

    /// The spelling in the exchange formats.
    pub fn as_str(self) -> &'static str {
        match self {
            Category::Post => "post",
            Category::Comment => "comment",
            Category::Photo => "photo",
            Category::Video => "video",
            Category::Audio => "audio",
            Category::Profile => "profile",
            Category::Message => "message",
            Category::AiInteraction => "ai-interaction",
            Category::Reaction => "reaction",
            Category::Metadata => "metadata",
        }
    }

    /// The category with this spelling.
    pub fn lookup(text: &str) -> Option<Category> {
        Category::ALL.into_iter().find(|category| category.as_str() == text)
    }
}

/// Who could see a record when it was collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Audience {
    /// Everyone.
    Public,
    /// A circle the person chose.
    Restricted,
    /// The people in a conversation, or the person alone.
    Private,
}

impl Audience {
    /// Every audience.
    pub const ALL: [Audience; 3] = [Audience::Public, Audience::Restricted, Audience::Private];

    /// The spelling in the exchange formats.
    pub fn as_str(self) -> &'static str {
        match self {
            Audience::Public => "public",
            Audience::Restricted => "restricted",
            Audience::Private => "private",
        }
    }

    /// The audience with this spelling.
    pub fn lookup(text: &str) -> Option<Audience> {
        Audience::ALL.into_iter().find(|audience| audience.as_str() == text)
    }
}

/// Who talks with whom in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChatKind {
    /// Two people.
    Direct,
    /// Several people.
    Group,
    /// A person and an AI: all turns belong to the person.
    Ai,
}

impl ChatKind {
    /// The spelling in the exchange formats.
    pub fn as_str(self) -> &'static str {
        match self {
            ChatKind::Direct => "direct",
            ChatKind::Group => "group",
            ChatKind::Ai => "ai",
        }
    }

    /// The kind with this spelling.
    pub fn lookup(text: &str) -> Option<ChatKind> {
        [ChatKind::Direct, ChatKind::Group, ChatKind::Ai].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The conversation a record stands in; every part may be unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Conversation {
    /// Who talks with whom.
    pub kind: Option<ChatKind>,
    /// Whether an AI takes part.
    pub ai_participant: Option<bool>,
    /// Whether this message mentions the AI or was handed to it.
    pub ai_addressed: Option<bool>,
}

/// Why a record is kept although it may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hold {
    /// For law or a legal claim.
    Legal,
    /// For safety or security.
    Safety,
}

impl Hold {
    /// The spelling in the exchange formats.
    pub fn as_str(self) -> &'static str {
        match self {
            Hold::Legal => "legal",
            Hold::Safety => "safety",
        }
    }

    /// The hold with this spelling.
    pub fn lookup(text: &str) -> Option<Hold> {
        [Hold::Legal, Hold::Safety].into_iter().find(|hold| hold.as_str() == text)
    }
}

/// How a person stands in someone else's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// Tagged or named.
    Mention,
    /// Their words are repeated.
    Quote,
    /// It answers something of theirs.
    Reply,
    /// They are seen or heard in it.
    Depict,
    /// They take part in the conversation.
    Participant,
    /// They handed the record on, to an AI for example.
    Forwarder,
    /// Not said; always counts.
    Unspecified,
}

impl Relation {
    /// The relations a policy may name and an item may state.
    pub const NAMED: [Relation; 6] =
        [Relation::Mention, Relation::Quote, Relation::Reply, Relation::Depict, Relation::Participant, Relation::Forwarder];

    /// The spelling in the exchange formats.
    pub fn as_str(self) -> &'static str {
        match self {
            Relation::Mention => "mention",
            Relation::Quote => "quote",
            Relation::Reply => "reply",
            Relation::Depict => "depict",
            Relation::Participant => "participant",
            Relation::Forwarder => "forwarder",
            Relation::Unspecified => "unspecified",
        }
    }

    /// The relation with this spelling; one nobody knows counts like one not said.
    pub fn parse(text: &str) -> Relation {
        Relation::NAMED.into_iter().find(|relation| relation.as_str() == text).unwrap_or(Relation::Unspecified)
    }
}

/// A person someone else's record is about.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct About {
    /// The account, as the record writes it; `None` when it names nobody.
    pub person: Option<String>,
    /// How the person stands in it.
    pub relation: Relation,
}

/// An age at collection, in whole years, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgeBand {
    /// At least this old.
    pub youngest: i64,
    /// At most this old.
    pub oldest: i64,
}

/// An age above this is taken for a mistake, and so for unknown.
pub const AGE_MAX: i64 = 130;

impl AgeBand {
    /// A band, or `None` when nobody is that old or it is turned round.
    pub fn try_new(youngest: i64, oldest: i64) -> Option<AgeBand> {
        (0 <= youngest && youngest <= oldest && youngest <= AGE_MAX).then_some(AgeBand { youngest, oldest })
    }

    /// Reads `34`, `16-20`, `18-` or `18+`.
    pub fn parse(text: &str) -> Option<AgeBand> {
        let number = |part: &str| {
            let part = part.trim();
            let digits = !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
            if digits { part.parse::<i64>().ok() } else { None }
        };
        if let Some(age) = number(text) {
            return AgeBand::try_new(age, age);
        }
        if let Some(youngest) = text.trim().strip_suffix('+') {
            return AgeBand::try_new(number(youngest)?, i64::MAX);
        }
        let (youngest, oldest) = text.split_once('-')?;
        match (youngest.trim(), oldest.trim()) {
            (_, "") => AgeBand::try_new(number(youngest)?, i64::MAX),
            ("", _) => AgeBand::try_new(0, number(oldest)?),
            _ => AgeBand::try_new(number(youngest)?, number(oldest)?),
        }
    }
}

/// Who wrote a record, as the record writes it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Authors(pub Vec<Option<String>>);

/// The facts about one record that a decision may use. `None` is unknown, or for `deleted_at` and `hold` none known.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// The record's id.
    pub id: String,
    /// Who wrote it: none, one, or several; `None` inside is somebody who cannot be told.
    pub authors: Authors,
    /// Whom it is about.
    pub about: Vec<About>,
    /// What kind of data it is.
    pub category: Option<Category>,
    /// Who could see it when collected.
    pub audience: Option<Audience>,
    /// When it was made.
    pub created_at: Option<Interval>,
    /// When it was collected.
    pub collected_at: Option<Interval>,
    /// How old the author was when it was collected.
    pub author_age: Option<AgeBand>,
    /// Where the author lived when it was collected, as written; only ISO 3166-1 codes are known values.
    pub region: Option<String>,
    /// The conversation it stands in.
    pub conversation: Option<Conversation>,
    /// When the author deleted it.
    pub deleted_at: Option<Interval>,
    /// Why it is kept although it may not be used.
    pub hold: Option<Hold>,
    /// Whether its author has an account there.
    pub registered: Option<bool>,
    /// Why it could not be read: then nothing else of it counts.
    pub unreadable: bool,
}

impl Item {
    /// A record that could not be read.
    pub fn unreadable(id: &str) -> Item {
        Item { unreadable: true, ..Item::blank(id) }
    }

    /// A record of which nothing is known.
    pub fn blank(id: &str) -> Item {
        Item {
            id: id.to_owned(),
            authors: Authors(Vec::new()),
            about: Vec::new(),
            category: None,
            audience: None,
            created_at: None,
            collected_at: None,
            author_age: None,
            region: None,
            conversation: None,
            deleted_at: None,
            hold: None,
            registered: None,
            unreadable: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands() {
        let band = |youngest, oldest| Some(AgeBand { youngest, oldest });
        for (text, expect) in [
            ("34", band(34, 34)),
            ("16-20", band(16, 20)),
            ("18-", band(18, i64::MAX)),
            ("18+", band(18, i64::MAX)),
            ("-17", band(0, 17)),
            ("20-16", None),
            ("-", None),
            ("", None),
            ("adult", None),
            ("999", None),
            ("1e2", None),
        ] {
            assert_eq!(AgeBand::parse(text), expect, "{text}");
        }
    }
}
