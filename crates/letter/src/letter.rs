//! A letter, before it becomes text, mail or PDF.

use std::fmt;

use bezwaar_core::time::Day;

use crate::texts::{Language, Texts};

/// A part of a letter's body.
#[derive(Clone, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Paragraph(String),
    /// A list with dots.
    Bullets(Vec<String>),
    /// A numbered list.
    Numbered(Vec<String>),
}

impl Block {
    /// Its texts, in order.
    pub fn texts(&self) -> &[String] {
        match self {
            Block::Paragraph(text) => std::slice::from_ref(text),
            Block::Bullets(items) | Block::Numbered(items) => items,
        }
    }
}

/// A letter.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its language.
    pub language: Language,
    /// Lines about who writes: name, address, e-mail.
    pub sender: Vec<String>,
    /// Name and e-mail address of who writes, for mail.
    pub from: (String, Option<String>),
    /// Lines about whom it is for.
    pub addressee: Vec<String>,
    /// Name and e-mail address of whom it is for, for mail.
    pub to: (String, Option<String>),
    /// Its day.
    pub date: Day,
    /// What it is about.
    pub subject: String,
    /// The words that open it.
    pub salutation: String,
    /// What it says.
    pub body: Vec<Block>,
    /// The words that close it.
    pub closing: String,
    /// Lines below the signature.
    pub signature: Vec<String>,
    /// What goes with it.
    pub enclosures: Vec<String>,
}

/// Letters hold personal data, so they are not shown.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").field("language", &self.language).field("date", &self.date).finish_non_exhaustive()
    }
}

/// Widest line of a letter as text, in characters.
pub const TEXT_WIDTH: usize = 76;

impl Letter {
    /// The letter as plain text, lines up to [`TEXT_WIDTH`] wide (a longer word stands on a line of its own).
    pub fn to_text(&self) -> String {
        let texts = Texts::of(self.language);
        let mut page = Page { texts: &texts, text: String::new() };
        page.lines(&self.sender);
        page.gap();
        page.lines(&self.addressee);
        page.gap();
        page.wrapped("", "", &texts.day(self.date));
        page.gap();
        let label = format!("{}: ", texts.raw("frame", "subject"));
        page.wrapped(&label, &" ".repeat(label.chars().count()), &self.subject);
        page.gap();
        self.body_into(&mut page);
        page.text
    }

    /// The letter as the body of a mail: from the salutation on, since the rest stands in the head.
    pub fn to_mail_body(&self) -> String {
        let texts = Texts::of(self.language);
        let mut page = Page { texts: &texts, text: String::new() };
        self.body_into(&mut page);
        page.text
    }

    fn body_into(&self, page: &mut Page<'_>) {
        page.wrapped("", "", &self.salutation);
        for block in &self.body {
            page.gap();
            match block {
                Block::Paragraph(text) => page.wrapped("", "", text),
                Block::Bullets(items) => items.iter().for_each(|item| page.wrapped("- ", "  ", item)),
                Block::Numbered(items) => {
                    for (place, item) in items.iter().enumerate() {
                        page.wrapped(&format!("{:<3}", format!("{}.", place + 1)), "   ", item);
                    }
                }
            }
        }
        page.gap();
        page.wrapped("", "", &self.closing);
        page.gap();
        page.lines(&self.signature);
        if !self.enclosures.is_empty() {
            page.gap();
            page.lines(&[format!("{}:", page.texts.raw("frame", "enclosures"))]);
            self.enclosures.iter().for_each(|item| page.wrapped("- ", "  ", item));
        }
    }

    /// Every text of the letter in the order it is read.
    pub fn all_texts(&self) -> Vec<&str> {
        let body = self.body.iter().flat_map(Block::texts);
        let ends = [&self.subject, &self.salutation].into_iter().chain(body).chain([&self.closing]);
        let all = self.sender.iter().chain(&self.addressee).chain(ends).chain(&self.signature).chain(&self.enclosures);
        all.map(String::as_str).collect()
    }
}

/// Text being set, line by line.
struct Page<'t> {
    texts: &'t Texts,
    text: String,
}

impl Page<'_> {
    fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    fn lines(&mut self, lines: &[String]) {
        for line in lines {
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }

    fn wrapped(&mut self, first: &str, rest: &str, text: &str) {
        for (place, line) in text.lines().enumerate() {
            let mut current = if place == 0 { first.to_owned() } else { rest.to_owned() };
            let mut empty = true;
            for word in self.texts.words(line) {
                if !empty && current.chars().count() + 1 + word.chars().count() > TEXT_WIDTH {
                    self.text.push_str(current.trim_end());
                    self.text.push('\n');
                    current = rest.to_owned();
                    empty = true;
                }
                if !empty {
                    current.push(' ');
                }
                current.push_str(&word);
                empty = false;
            }
            self.text.push_str(current.trim_end());
            self.text.push('\n');
        }
    }
}
