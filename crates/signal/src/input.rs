//! What a text is not: a page, a transcript, bytes of something else. Such a text says neither yes nor no, and must not be taken to be silent.

use std::fmt;

/// What somebody says a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// HTTP fields.
    Fields,
    /// robots.txt.
    Robots,
    /// `tdmrep.json`.
    Tdmrep,
    /// A record in a person's own repository.
    Record,
}

/// Why a text cannot be of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputError {
    /// It is text in UTF-16 or UTF-32.
    Wide,
    /// A line holds a NUL byte, so it is no text.
    Nul {
        /// The line, from 1.
        line: usize,
    },
    /// It is a page of HTML or another text in marks.
    Page,
    /// A line stands as `curl -v` shows it.
    Transcript {
        /// The line, from 1.
        line: usize,
    },
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InputError::Wide => f.write_str("the text is in UTF-16 or UTF-32"),
            InputError::Nul { line } => write!(f, "line {line} holds a NUL byte, so this is no text"),
            InputError::Page => f.write_str("this is a page (HTML or XML), not what it is said to be"),
            InputError::Transcript { line } => write!(f, "line {line} begins with `<` or `>`, as `curl -v` shows fields"),
        }
    }
}

impl std::error::Error for InputError {}

impl InputError {
    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            InputError::Wide => "save it as UTF-8",
            InputError::Nul { .. } => "check that it is the right file, whole and not compressed",
            InputError::Page => "a site without the file often answers with a page; that is neither a yes nor a no",
            InputError::Transcript { .. } => "save the fields alone: curl -sI https://example.org/ > fields.txt",
        }
    }
}

/// Whether bytes can be a text of this kind. What the text says, and whether all of it can be read, is for its reader.
///
/// Of fields only the head is looked at, up to the first empty line: the content after it is of no kind in particular.
pub fn check_input(kind: Kind, bytes: &[u8]) -> Result<(), InputError> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.starts_with(b"\x00\x00\xfe\xff") {
        return Err(InputError::Wide);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if page(bytes) {
        return Err(InputError::Page);
    }
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    for (place, text) in lines.enumerate() {
        let line = place + 1;
        if kind == Kind::Fields && text.trim_ascii().is_empty() {
            break;
        }
        if text.contains(&0) {
            return Err(InputError::Nul { line });
        }
        if kind == Kind::Fields && matches!(text, [b'<' | b'>'] | [b'<' | b'>', b' ' | b'\t', ..]) {
            return Err(InputError::Transcript { line });
        }
    }
    Ok(())
}

/// Whether a text begins as a page does, comments before it left out.
fn page(text: &[u8]) -> bool {
    let mut rest = text.trim_ascii_start();
    while let Some(comment) = rest.strip_prefix(b"<!--") {
        let Some(end) = comment.windows(3).position(|three| three == b"-->") else { break };
        rest = comment.get(end + 3..).unwrap_or_default().trim_ascii_start();
    }
    let begins = |mark: &&[u8]| rest.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark));
    [b"<!doctype".as_slice(), b"<html", b"<head", b"<body", b"<?xml"].iter().any(begins)
}
