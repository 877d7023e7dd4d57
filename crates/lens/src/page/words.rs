//! What the policies' own texts are in another language, as far as somebody wrote it down.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Words for a language: a file `words.nl.toml` beside the policies. All of it is optional; what is missing is shown as the policy has it.
///
/// A translation belongs to a text and not to an id: when the text of a policy changes, an old translation no longer says what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Words {
    /// What recipients are called, by id.
    pub recipient: BTreeMap<String, String>,
    /// What texts of policies are in this language, by the text, letter by letter.
    pub text: BTreeMap<String, String>,
}

impl Words {
    /// Reads a file of words; an error has the place in the text.
    pub fn parse(text: &str) -> Result<Words, toml::de::Error> {
        toml::from_str(text)
    }

    /// A text of a policy in this language, if somebody wrote it down.
    pub fn lookup(&self, text: &str) -> Option<&str> {
        self.text.get(text).map(String::as_str)
    }

    /// A text of a policy in this language, or as it is.
    pub fn say(&self, text: &str) -> String {
        self.lookup(text).unwrap_or(text).to_owned()
    }
}
