//! Dictionaries of RFC 9651, with every member in its order.
//!
//! The standard keeps the last of several members of one name. Here all of them are kept: a no that stands before a yes is still a no.

use std::convert::Infallible;
use std::fmt;

use sfv::visitor::{DictionaryVisitor, EntryVisitor, Ignored, InnerListVisitor, ItemVisitor, ParameterVisitor};
use sfv::{BareItemFromInput, KeyRef, Parser};

/// What a member of a dictionary is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A token, such as `n`.
    Token(String),
    /// Anything else: a number, a string, a list. Its kind, for messages.
    Other(&'static str),
}

/// One member of a dictionary, without its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: Value,
}

/// A dictionary as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dictionary {
    /// The members, repeated keys too.
    pub members: Vec<Member>,
}

/// A text that is no dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DictionaryError {
    offset: usize,
    message: String,
}

impl DictionaryError {
    /// Where it is wrong, in bytes from the start.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for DictionaryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DictionaryError {}

/// Reads a dictionary by RFC 9651, section 4.2.2. Lines of a field are to be joined by a comma before.
pub fn parse_dictionary(text: &[u8]) -> Result<Dictionary, DictionaryError> {
    let parsed = Parser::new(text).parse_dictionary_with_visitor(Collect::default());
    parsed.map_err(|error| DictionaryError { offset: error.index().unwrap_or(text.len()), message: format!("{error:#}") })
}

#[derive(Default)]
struct Collect {
    members: Vec<Member>,
}

impl<'de> DictionaryVisitor<'de> for Collect {
    type Out = Dictionary;
    type Error = Infallible;

    fn entry(&mut self, key: &'de KeyRef) -> Result<impl EntryVisitor<'de>, Infallible> {
        self.members.push(Member { key: key.as_str().to_owned(), value: Value::Other("list") });
        Ok(One(self.members.last_mut().map(|member| &mut member.value)))
    }

    fn finish(self) -> Result<Dictionary, Infallible> {
        Ok(Dictionary { members: self.members })
    }
}

/// The value of the member that is being read.
struct One<'a>(Option<&'a mut Value>);

impl<'de> EntryVisitor<'de> for One<'_> {
    type Error = Infallible;

    fn item(self) -> Result<impl ItemVisitor<'de>, Infallible> {
        Ok(self)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'de>, Infallible> {
        Ok(Ignored)
    }
}

impl<'de> ItemVisitor<'de> for One<'_> {
    type Out = ();
    type Error = Infallible;

    fn bare_item(self, item: BareItemFromInput<'de>) -> Result<impl ParameterVisitor<'de, Out = ()>, Infallible> {
        let value = match item {
            BareItemFromInput::Token(token) => Value::Token(token.as_str().to_owned()),
            BareItemFromInput::Boolean(_) => Value::Other("true or false"),
            BareItemFromInput::String(_) | BareItemFromInput::DisplayString(_) => Value::Other("text in quotes"),
            BareItemFromInput::Integer(_) | BareItemFromInput::Decimal(_) => Value::Other("number"),
            BareItemFromInput::ByteSequence(_) => Value::Other("sequence of bytes"),
            BareItemFromInput::Date(_) => Value::Other("date"),
        };
        if let Some(place) = self.0 {
            *place = value;
        }
        Ok(Ignored)
    }
}
