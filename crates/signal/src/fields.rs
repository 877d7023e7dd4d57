//! HTTP fields: `Content-Usage`, `Sec-GPC`, `tdm-reservation`.

use crate::aipref::read_preferences;
use crate::statement::{Answer, EVERYTHING, Place, Read, Signal};
use crate::tdm;

/// Most bytes of fields that are read.
pub const FIELD_BYTES_MAX: usize = 256 * 1024;

/// What a Global Privacy Control signal is about.
pub(crate) const SALE_OR_SHARING: &str = "sale-or-sharing";

/// Part of a field's value, and where it stood.
struct Piece<'t> {
    text: &'t str,
    line: usize,
    column: usize,
}

struct Field<'t> {
    /// Without case, hyphens and blanks.
    name: String,
    pieces: Vec<Piece<'t>>,
}

/// Reads the fields of a request or response, one a line; a first line without a name, and everything from an empty line on (the
/// content), are passed over.
pub fn read_fields(text: &str) -> Read {
    let mut read = Read::default();
    if text.len() > FIELD_BYTES_MAX {
        let place = Place::new(0, 0, "fields");
        for signal in [Signal::Gpc, Signal::Aipref, Signal::Tdm] {
            read.unreadable(signal, EVERYTHING, &place, &format!("more than {FIELD_BYTES_MAX} bytes are not read"));
        }
        return read;
    }
    let fields = fields(text, &mut read);
    for field in &fields {
        if field.name == "secgpc" {
            read_gpc(field, &mut read);
        }
    }
    let usage: Vec<&Piece<'_>> = pieces(&fields, "contentusage");
    if !usage.is_empty() {
        read_usage(&usage, &mut read);
    }
    for piece in pieces(&fields, "tdmreservation") {
        let place = Place::new(piece.line, piece.column, "tdm-reservation");
        tdm::say(piece.text.trim(), &place, &mut read);
    }
    if read.statements.is_empty() && read.notes.is_empty() {
        read.note(&Place::new(0, 0, ""), "no field here is a preference signal; that is neither a yes nor a no");
    }
    read
}

fn pieces<'f, 't>(fields: &'f [Field<'t>], name: &str) -> Vec<&'f Piece<'t>> {
    fields.iter().filter(|field| field.name == name).flat_map(|field| &field.pieces).collect()
}

fn fields<'t>(text: &'t str, read: &mut Read) -> Vec<Field<'t>> {
    let mut found: Vec<Field<'t>> = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let number = place + 1;
        let line = if place == 0 { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
        if line.trim().is_empty() {
            break;
        }
        // Folded lines are obsolete (RFC 9112, section 5.2) and still sent.
        if line.starts_with([' ', '\t']) {
            let column = line.len() - line.trim_start().len() + 1;
            match found.last_mut() {
                Some(field) => field.pieces.push(Piece { text: line.trim(), line: number, column }),
                None => read.note(&Place::new(number, 1, ""), "this line goes on with a field that is not there"),
            }
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            if place > 0 {
                read.note(&Place::new(number, 1, ""), "this line is no field: it has no colon; it is passed over");
            }
            continue;
        };
        let column = name.len() + 2 + (value.len() - value.trim_start().len());
        // Who writes `Content Usage` means the field all the same.
        let name: String = name.chars().filter(|letter| !matches!(letter, '-' | '_' | ' ' | '\t')).collect();
        found.push(Field { name: name.to_ascii_lowercase(), pieces: vec![Piece { text: value.trim(), line: number, column }] });
    }
    found
}

/// Exactly `1` is the signal (GPC, section 3.3). `0` is no signal; any other value is somebody's attempt at one.
fn read_gpc(field: &Field<'_>, read: &mut Read) {
    for piece in &field.pieces {
        let place = Place::new(piece.line, piece.column, "Sec-GPC");
        match piece.text {
            "1" => read.say(Signal::Gpc, SALE_OR_SHARING, Answer::No, &place),
            "0" => read.say(Signal::Gpc, SALE_OR_SHARING, Answer::Unset, &place),
            _ => read.unreadable(Signal::Gpc, SALE_OR_SHARING, &place, "only `1` has a meaning"),
        }
    }
}

/// All lines of a field are one dictionary (RFC 9651, section 4.2).
fn read_usage(pieces: &[&Piece<'_>], read: &mut Read) {
    let mut joined = String::new();
    let mut starts: Vec<(usize, &Piece<'_>)> = Vec::new();
    for piece in pieces {
        if !joined.is_empty() {
            joined.push_str(", ");
        }
        starts.push((joined.len(), piece));
        joined.push_str(piece.text);
    }
    let at = |offset: usize| {
        let piece = starts.iter().rev().find(|(start, _)| *start <= offset).or(starts.first());
        piece.map_or((0, 0), |(start, piece)| (piece.line, piece.column + (offset - start).min(piece.text.len())))
    };
    let before = read.statements.len();
    read_preferences(joined.as_bytes(), "Content-Usage", at, read);
    if read.statements.len() == before {
        read.say(Signal::Aipref, EVERYTHING, Answer::Unset, &Place::new(at(0).0, at(0).1, "Content-Usage"));
    }
}
