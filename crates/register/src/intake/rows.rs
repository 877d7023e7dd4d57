//! Rows of an import file, whatever its form.

use std::io::{self, BufRead};

use bezwaar_core::account::Services;
use bezwaar_core::wire::{ChoiceLine, LineError, choice_text};

use super::contact::Contact;
use super::csv::{self, Mapping};
use super::lines::{LINE_BYTES_MAX, Line, for_each_line};
use super::source::{FileHash, Hashing, Source};

/// How a file of choices is written.
#[derive(Clone, Copy, Debug)]
pub enum Form<'a> {
    /// The exchange format, JSON Lines.
    Lines,
    /// CSV, with what its columns mean.
    Csv(&'a Mapping),
}

/// One act of a file, or what is wrong with it.
#[derive(Debug)]
pub(super) struct Row {
    /// The line it begins on, from 1.
    pub(super) line: usize,
    pub(super) read: Result<(ChoiceLine, Contact), Vec<LineError>>,
}

/// A file to read choices from.
pub(super) struct Input<'a, S: ?Sized> {
    pub(super) source: &'a S,
    pub(super) form: Form<'a>,
    pub(super) services: &'a Services,
    /// What the ids of rows without one begin with.
    pub(super) id_prefix: String,
}

impl<S: Source + ?Sized> Input<'_, S> {
    /// Reads every row, and gives the hash of what was read.
    pub(super) fn read<E: From<io::Error>>(&self, mut take: impl FnMut(Row) -> Result<(), E>) -> Result<FileHash, E> {
        let mut reader = Hashing::new(self.source.open()?);
        match self.form {
            Form::Csv(mapping) => csv::for_each_row(&mut reader as &mut dyn BufRead, mapping, self.services, &self.id_prefix, take)?,
            Form::Lines => for_each_line::<E>(&mut reader, |index, line| {
                let number = index + 1;
                let wrong = |message: String| Err(vec![LineError::new(number, 0, message)]);
                let read = match line {
                    Line::Text(text) => match choice_text(index, text) {
                        Some(text) => ChoiceLine::parse(number, text, self.services).map(|read| (read, Contact::default())),
                        None => return Ok(()),
                    },
                    Line::TooLong => wrong(format!("the line is over {LINE_BYTES_MAX} bytes")),
                    Line::NotUtf8 => wrong("the text is not UTF-8".to_owned()),
                };
                take(Row { line: number, read })
            })?,
        }
        Ok(reader.get_ref().hash())
    }
}
