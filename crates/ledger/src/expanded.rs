//! Expanded choices: one act of a person with every field written out, in the one form that is hashed.
//!
//! A choice of the exchange format may leave fields out, spell an account in many ways and write a time in any zone. An expanded
//! choice is a JSON object of [RFC 8785](https://www.rfc-editor.org/rfc/rfc8785) with all fields of [`FIELDS`], `null` where the
//! act has none, so that one act has one form. `spec/ledger.md`, *Expanded choice*, has its bytes.

use std::fmt;

use bezwaar_core::account::{Account, NORMALISER_VERSION};
use bezwaar_core::choice::{Act, By, Channel, Choice, LinkKind, Outcome};
use bezwaar_core::pattern::Pattern;

use crate::json::{Reader, put_bool, put_instant, put_list, put_number, put_option, put_text};

/// The fields of an expanded choice, in their order.
pub const FIELDS: [&str; 18] = [
    "act",
    "by",
    "channel",
    "control",
    "how",
    "id",
    "items",
    "normaliser",
    "of",
    "outcome",
    "person",
    "provisional",
    "received_at",
    "recipients",
    "signal",
    "to",
    "uses",
    "v",
];

/// The most bytes the body of an entry may take, be it an expanded choice or another event.
pub const BODY_BYTES_MAX: usize = 1 << 17;

/// The version of expanded choices and events this program writes and reads.
pub(crate) const BODY_VERSION: u64 = 1;

/// Appends the expanded form of a choice. What stands in the entry, `recorded_at`, is left out; who sent it is the person unless the
/// choice says otherwise. With an error nothing is appended.
pub fn write_choice(choice: &Choice, out: &mut Vec<u8>) -> Result<(), ExpandedError> {
    let start = out.len();
    let written = put_choice(choice, out).and_then(|()| match out.len() - start {
        len if len > BODY_BYTES_MAX => Err(ExpandedError::TooLong),
        _ => Ok(()),
    });
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Reads an expanded choice, and refuses every other form than the one [`write_choice`] would have written. `recorded_at` is left
/// open: it stands in the entry.
pub fn read_choice(bytes: &[u8]) -> Result<Choice, ExpandedError> {
    if bytes.len() > BODY_BYTES_MAX {
        return Err(ExpandedError::TooLong);
    }
    let text = str::from_utf8(bytes).map_err(|_| ExpandedError::NotUtf8)?;
    let mut reader = Reader::new(text);
    let fields = Fields::read(&mut reader).map_err(|field| ExpandedError::Field { field })?;
    reader.literal("}").and_then(|()| reader.end()).ok_or(ExpandedError::Trailing)?;
    if fields.normaliser != u64::from(NORMALISER_VERSION) {
        return Err(ExpandedError::Normaliser);
    }
    fields.choice()
}

fn put_choice(choice: &Choice, out: &mut Vec<u8>) -> Result<(), ExpandedError> {
    let body = Body::of(&choice.act);
    if choice.id.is_empty() {
        return Err(ExpandedError::Field { field: "id" });
    }
    // Only the controller's answer is nobody's act.
    if choice.person.is_none() && !matches!(choice.act, Act::Answer { .. }) {
        return Err(ExpandedError::Field { field: "person" });
    }
    let patterns = |list: Option<&[Pattern]>, out: &mut Vec<u8>| put_option(list, out, |list, out| put_list(list, out, put_pattern));
    let word = |word: Option<&str>, out: &mut Vec<u8>| put_option(word, out, put_text);

    out.extend_from_slice(b"{\"act\":");
    put_text(body.act, out);
    out.extend_from_slice(b",\"by\":");
    put_text(choice.by.unwrap_or(By::Own).as_str(), out);
    out.extend_from_slice(b",\"channel\":");
    word(choice.channel.map(Channel::as_str), out);
    out.extend_from_slice(b",\"control\":");
    word(body.control, out);
    out.extend_from_slice(b",\"how\":");
    word(body.how.map(LinkKind::as_str), out);
    out.extend_from_slice(b",\"id\":");
    put_text(&choice.id, out);
    out.extend_from_slice(b",\"items\":");
    patterns(body.items, out);
    out.extend_from_slice(b",\"normaliser\":");
    put_number(NORMALISER_VERSION.into(), out);
    out.extend_from_slice(b",\"of\":");
    word(body.of, out);
    out.extend_from_slice(b",\"outcome\":");
    word(body.outcome.map(Outcome::as_str), out);
    out.extend_from_slice(b",\"person\":");
    word(choice.person.as_ref().map(Account::expose_canonical), out);
    out.extend_from_slice(b",\"provisional\":");
    put_bool(choice.provisional, out);
    out.extend_from_slice(b",\"received_at\":");
    put_instant(choice.received_at, out).ok_or(ExpandedError::Field { field: "received_at" })?;
    out.extend_from_slice(b",\"recipients\":");
    patterns(body.recipients, out);
    out.extend_from_slice(b",\"signal\":");
    word(body.signal, out);
    out.extend_from_slice(b",\"to\":");
    word(body.to, out);
    out.extend_from_slice(b",\"uses\":");
    patterns(body.uses, out);
    out.extend_from_slice(b",\"v\":");
    put_number(BODY_VERSION, out);
    out.push(b'}');
    Ok(())
}

fn put_pattern(pattern: &Pattern, out: &mut Vec<u8>) {
    match pattern {
        Pattern::Any => put_text("*", out),
        Pattern::Exact(text) => put_text(text, out),
        Pattern::Prefix(text) => put_text(&format!("{text}*"), out),
    }
}

/// What the fields of an act hold.
#[derive(Default)]
struct Body<'a> {
    act: &'static str,
    control: Option<&'a str>,
    how: Option<LinkKind>,
    items: Option<&'a [Pattern]>,
    of: Option<&'a str>,
    outcome: Option<Outcome>,
    recipients: Option<&'a [Pattern]>,
    signal: Option<&'a str>,
    to: Option<&'a str>,
    uses: Option<&'a [Pattern]>,
}

impl<'a> Body<'a> {
    fn of(act: &'a Act) -> Body<'a> {
        let none = Body::default();
        match act {
            Act::Object { uses, recipients, items } => {
                Body { act: "object", uses: uses.as_deref(), recipients: recipients.as_deref(), items: items.as_deref(), ..none }
            }
            Act::SetOff { control } => Body { act: "set", control: Some(control), to: Some("off"), ..none },
            Act::SetOn { control } => Body { act: "set", control: Some(control), to: Some("on"), ..none },
            Act::Withdraw { of } => Body { act: "withdraw", of: Some(of), ..none },
            Act::Consent { uses, recipients } => Body { act: "consent", uses: uses.as_deref(), recipients: recipients.as_deref(), ..none },
            Act::WithdrawConsent { of } => Body { act: "withdraw-consent", of: Some(of), ..none },
            Act::Link { to, how } => Body { act: "link", to: Some(to.expose_canonical()), how: Some(*how), ..none },
            Act::Unlink { of } => Body { act: "unlink", of: Some(of), ..none },
            Act::Erase { items } => Body { act: "erase", items: items.as_deref(), ..none },
            Act::Signal { signal } => Body { act: "signal", signal: Some(signal), ..none },
            Act::Answer { of, outcome } => Body { act: "answer", of: Some(of), outcome: Some(*outcome), ..none },
            Act::Unreadable => Body { act: "unreadable", ..none },
        }
    }
}

/// The fields as read.
#[derive(Default)]
struct Fields {
    act: String,
    by: Option<By>,
    channel: Option<Channel>,
    control: Option<String>,
    how: Option<LinkKind>,
    id: String,
    items: Option<Vec<Pattern>>,
    normaliser: u64,
    of: Option<String>,
    outcome: Option<Outcome>,
    person: Option<Account>,
    provisional: bool,
    received_at: Option<bezwaar_core::time::Instant>,
    recipients: Option<Vec<Pattern>>,
    signal: Option<String>,
    to: Option<String>,
    uses: Option<Vec<Pattern>>,
}

impl Fields {
    /// Reads all of [`FIELDS`], in their order. An error names the field.
    fn read(reader: &mut Reader<'_>) -> Result<Fields, &'static str> {
        let text = |reader: &mut Reader<'_>| reader.text().map(std::borrow::Cow::into_owned);
        let optional = |reader: &mut Reader<'_>| reader.option(text);
        let patterns =
            |reader: &mut Reader<'_>| reader.option(|reader| reader.list(|reader| reader.text().map(|text| Pattern::parse(&text))));
        // One comparison for each name: this is read for every act there is.
        macro_rules! field {
            ($name:literal, $before:literal, $read:expr) => {
                reader.literal(concat!($before, "\"", $name, "\":")).and_then(|()| $read(&mut *reader)).ok_or($name)?
            };
            ($name:literal, $read:expr) => {
                field!($name, ",", $read)
            };
        }
        let fields = Fields {
            act: field!("act", "{", text),
            by: field!("by", |reader: &mut Reader<'_>| By::lookup(&reader.text()?).map(Some)),
            channel: field!("channel", |reader: &mut Reader<'_>| reader.option(|reader| Channel::lookup(&reader.text()?))),
            control: field!("control", optional),
            how: field!("how", |reader: &mut Reader<'_>| reader.option(|reader| LinkKind::lookup(&reader.text()?))),
            id: field!("id", |reader: &mut Reader<'_>| text(reader).filter(|id| !id.is_empty())),
            items: field!("items", patterns),
            normaliser: field!("normaliser", Reader::number),
            of: field!("of", optional),
            outcome: field!("outcome", |reader: &mut Reader<'_>| reader.option(|reader| Outcome::lookup(&reader.text()?))),
            person: field!("person", |reader: &mut Reader<'_>| reader.option(|reader| Account::from_canonical(&reader.text()?))),
            provisional: field!("provisional", Reader::bool),
            received_at: Some(field!("received_at", Reader::instant)),
            recipients: field!("recipients", patterns),
            signal: field!("signal", optional),
            to: field!("to", optional),
            uses: field!("uses", patterns),
        };
        field!("v", |reader: &mut Reader<'_>| reader.number().filter(|version| *version == BODY_VERSION));
        Ok(fields)
    }

    fn choice(mut self) -> Result<Choice, ExpandedError> {
        let needed = |field: &'static str| ExpandedError::Field { field };
        let act = match self.act.as_str() {
            "object" => Act::Object { uses: self.uses.take(), recipients: self.recipients.take(), items: self.items.take() },
            "set" => {
                let control = self.control.take().ok_or(needed("control"))?;
                match self.to.take().as_deref() {
                    Some("on") => Act::SetOn { control },
                    Some("off") => Act::SetOff { control },
                    _ => return Err(needed("to")),
                }
            }
            "withdraw" => Act::Withdraw { of: self.of.take().ok_or(needed("of"))? },
            "consent" => Act::Consent { uses: self.uses.take(), recipients: self.recipients.take() },
            "withdraw-consent" => Act::WithdrawConsent { of: self.of.take().ok_or(needed("of"))? },
            "link" => {
                let to = self.to.take().and_then(|to| Account::from_canonical(&to)).ok_or(needed("to"))?;
                Act::Link { to, how: self.how.take().ok_or(needed("how"))? }
            }
            "unlink" => Act::Unlink { of: self.of.take().ok_or(needed("of"))? },
            "erase" => Act::Erase { items: self.items.take() },
            "signal" => Act::Signal { signal: self.signal.take().ok_or(needed("signal"))? },
            "answer" => {
                let of = self.of.take().ok_or(needed("of"))?;
                Act::Answer { of, outcome: self.outcome.take().ok_or(needed("outcome"))? }
            }
            "unreadable" => Act::Unreadable,
            _ => return Err(needed("act")),
        };
        // What is left belongs to another act.
        let left = [
            ("control", self.control.is_some()),
            ("how", self.how.is_some()),
            ("items", self.items.is_some()),
            ("of", self.of.is_some()),
            ("outcome", self.outcome.is_some()),
            ("recipients", self.recipients.is_some()),
            ("signal", self.signal.is_some()),
            ("to", self.to.is_some()),
            ("uses", self.uses.is_some()),
        ];
        if let Some((field, _)) = left.into_iter().find(|(_, there)| *there) {
            return Err(needed(field));
        }
        if self.person.is_none() && !matches!(act, Act::Answer { .. }) {
            return Err(needed("person"));
        }
        Ok(Choice {
            id: self.id,
            person: self.person,
            act,
            received_at: self.received_at.ok_or(needed("received_at"))?,
            recorded_at: None,
            by: self.by,
            channel: self.channel,
            provisional: self.provisional,
        })
    }
}

/// Why a choice has no expanded form, or bytes are not one. It never holds what stood there: an integrity failure when the bytes came
/// from a register, a mistake of the caller when they were to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpandedError {
    /// Over [`BODY_BYTES_MAX`].
    TooLong,
    /// Not text.
    NotUtf8,
    /// A field that is not there, not in its one form, or has no place in this act.
    Field {
        /// The field.
        field: &'static str,
    },
    /// Something follows the last field.
    Trailing,
    /// Accounts in it were normalised by another version.
    Normaliser,
}

impl fmt::Display for ExpandedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExpandedError::TooLong => write!(f, "an act takes more than {BODY_BYTES_MAX} bytes in full"),
            ExpandedError::NotUtf8 => f.write_str("an expanded act is not text"),
            ExpandedError::Field { field } => write!(f, "the field `{field}` of an expanded act is not in the one form it has"),
            ExpandedError::Trailing => f.write_str("something follows the last field of an expanded act"),
            ExpandedError::Normaliser => f.write_str("an act was expanded with another version of account normalisation"),
        }
    }
}

impl ExpandedError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ExpandedError::TooLong => "name fewer uses, recipients or items in one act, or use a pattern",
            ExpandedError::NotUtf8 | ExpandedError::Field { .. } | ExpandedError::Trailing => {
                "do not use it; the bytes are not as a register writes them: restore them from a copy"
            }
            ExpandedError::Normaliser => "use the version of the program that wrote it",
        }
    }
}

impl std::error::Error for ExpandedError {}
