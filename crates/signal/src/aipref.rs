//! The vocabulary of AI preferences: draft-ietf-aipref-vocab-08, sections 4 and 6.

use crate::dictionary::{Value, parse_dictionary};
use crate::statement::{Answer, EVERYTHING, Place, Read, Signal};

/// The labels of the categories in the draft: AI training, AI use, search.
pub const LABELS: [&str; 3] = ["train-ai", "ai-use", "search"];

/// Labels of earlier drafts that stand in files still. A no under one of them is a no.
pub const EARLIER_LABELS: [&str; 8] = ["all", "tdm", "ai", "genai", "train-genai", "inference", "infer-user", "infer-system"];

/// Reads a statement of preference: the value of a `Content-Usage` field or the end of such a line in robots.txt.
///
/// `at` gives the place of an offset. Where the draft says *unknown* and something was said all the same (a value that is neither `y`
/// nor `n`, a dictionary that does not parse), the answer is unreadable, which closes. Labels nobody knows are passed over, as the
/// draft asks, but for a no; a statement of nothing but such labels, one of them without a yes, cannot be read either.
pub(crate) fn read_preferences(text: &[u8], within: &str, at: impl Fn(usize) -> (usize, usize), read: &mut Read) {
    let place = |offset: usize| {
        let (line, column) = at(offset);
        Place::new(line, column, within)
    };
    let dictionary = match parse_dictionary(text) {
        Ok(dictionary) => dictionary,
        Err(error) => {
            read.unreadable(Signal::Aipref, EVERYTHING, &place(error.offset()), &error.to_string());
            return;
        }
    };
    let place = place(0);
    let before = read.statements.len();
    for member in &dictionary.members {
        let key = member.key.as_str();
        let known = LABELS.contains(&key);
        match &member.value {
            Value::Token(word) if word == "n" => {
                read.say(Signal::Aipref, key, Answer::No, &place);
                if EARLIER_LABELS.contains(&key) {
                    read.note(&place, format!("`{key}` is of an earlier draft; its no counts"));
                } else if !known {
                    read.note(&place, format!("`{key}` is no category of the drafts; its no counts, since nobody knows what it is about"));
                }
            }
            Value::Token(word) if word == "y" && known => read.say(Signal::Aipref, key, Answer::Yes, &place),
            Value::Token(word) if known => {
                read.unreadable(Signal::Aipref, key, &place, &format!("`{word}` is neither `y` nor `n`"));
            }
            Value::Other(kind) if known => {
                read.unreadable(Signal::Aipref, key, &place, &format!("its value is a {kind} and neither `y` nor `n`"));
            }
            Value::Token(_) | Value::Other(_) => read.note(&place, format!("`{key}` is no category of the drafts; it is passed over")),
        }
    }
    let odd = dictionary.members.iter().any(|member| member.value != Value::Token("y".to_owned()));
    if odd && read.statements.len() == before {
        read.unreadable(Signal::Aipref, EVERYTHING, &place, "none of its words is of the drafts");
    }
}
