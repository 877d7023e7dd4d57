//! The language people are spoken to in, as an argument and as the environment names it.

use bezwaar_lens::plain;
use clap::ValueEnum;

use crate::error::Error;

pub(crate) use bezwaar_lens::plain::{Texts, capital, fill};

/// A language as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Dutch
    Nl,
    /// English
    En,
}

impl Language {
    /// The language of messages as the environment names it.
    #[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
    pub(crate) fn of_environment() -> Language {
        let named = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
        let language = named.into_iter().find(|value| !value.is_empty()).map(|locale| plain::Language::of_locale(&locale));
        match language {
            Some(plain::Language::Nl) => Language::Nl,
            Some(plain::Language::En) | None => Language::En,
        }
    }

    /// It, as the texts know it.
    pub(crate) fn plain(self) -> plain::Language {
        match self {
            Language::Nl => plain::Language::Nl,
            Language::En => plain::Language::En,
        }
    }

    /// The texts of it.
    pub(crate) fn texts(self) -> Result<Texts, Error> {
        Texts::of(self.plain()).map_err(|_| Error::internal("a text file of the program cannot be read"))
    }
}
