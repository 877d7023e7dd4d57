//! JSON in the one form of [RFC 8785](https://www.rfc-editor.org/rfc/rfc8785), written and read by hand: what is hashed has one
//! form, and what has another is refused rather than understood.
//!
//! Every document of ours has fixed fields, sorted, all of them there. So a reader asks for the bytes it expects, one after
//! the other, and never builds a tree.

use std::borrow::Cow;

use bezwaar_core::time::Instant;

use crate::hex;

/// The largest number a document may hold: RFC 8785 writes numbers as IEEE 754 doubles.
pub(crate) const NUMBER_MAX: u64 = (1 << 53) - 1;

/// Appends a text in quotes.
pub(crate) fn put_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(place) = rest.iter().position(|byte| must_be_escaped(*byte)) {
        let (before, after) = rest.split_at(place);
        out.extend_from_slice(before);
        let Some((byte, after)) = after.split_first() else { break };
        match short_escape(*byte) {
            Some(letter) => out.extend_from_slice(&[b'\\', letter]),
            None => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn must_be_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The letter after the backslash, for what RFC 8785 escapes with a letter.
fn short_escape(byte: u8) -> Option<u8> {
    Some(match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        _ => return None,
    })
}

/// Appends a number, which must not be above [`NUMBER_MAX`].
pub(crate) fn put_number(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(number.to_string().as_bytes());
}

/// Appends `true` or `false`.
pub(crate) fn put_bool(value: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

/// Appends bytes as a text of hexadecimal digits.
pub(crate) fn put_hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(hex::encode(bytes).as_bytes());
    out.push(b'"');
}

/// Appends what is there, or `null`.
pub(crate) fn put_option<T>(value: Option<T>, out: &mut Vec<u8>, put: impl FnOnce(T, &mut Vec<u8>)) {
    match value {
        Some(value) => put(value, out),
        None => out.extend_from_slice(b"null"),
    }
}

/// Appends a list.
pub(crate) fn put_list<T>(list: impl IntoIterator<Item = T>, out: &mut Vec<u8>, mut put: impl FnMut(T, &mut Vec<u8>)) {
    out.push(b'[');
    let mut first = true;
    for one in list {
        if !first {
            out.push(b',');
        }
        first = false;
        put(one, out);
    }
    out.push(b']');
}

/// 0000-01-01 and the end of 9999-12-30 less two hours, which is as late as the time library goes, in seconds since 1970.
const FIRST_SECOND: i64 = -62_167_219_200;
const LAST_SECOND: i64 = 253_402_207_200;

/// The letters of an instant, `2025-05-27T00:00:00Z` with up to six digits of fraction and none that ends in zero. `None`: it does not
/// lie in the years 0 to 9999.
pub(crate) fn instant_text(moment: Instant) -> Option<String> {
    let (seconds, micros) = (moment.as_micros().div_euclid(1_000_000), moment.as_micros().rem_euclid(1_000_000));
    if !(FIRST_SECOND..LAST_SECOND).contains(&seconds) {
        return None;
    }
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = day_of(days);
    let mut text = Vec::with_capacity(27);
    let mut put = |before: Option<u8>, value: i64, width: u32| {
        text.extend(before);
        text.extend((0..width).rev().map(|place| b'0' + (value / 10_i64.pow(place) % 10) as u8));
    };
    put(None, year, 4);
    put(Some(b'-'), month, 2);
    put(Some(b'-'), day, 2);
    put(Some(b'T'), second / 3600, 2);
    put(Some(b':'), second / 60 % 60, 2);
    put(Some(b':'), second % 60, 2);
    if micros != 0 {
        put(Some(b'.'), micros, 6);
        while text.last() == Some(&b'0') {
            text.pop();
        }
    }
    text.push(b'Z');
    String::from_utf8(text).ok()
}

/// Reads the letters [`instant_text`] writes, and no others.
pub(crate) fn instant_of(text: &str) -> Option<Instant> {
    let bytes = text.as_bytes().strip_suffix(b"Z")?;
    let (whole, fraction) = bytes.split_at_checked(19)?;
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1] = *whole else { return None };
    let number = |digits: &[u8]| {
        let decimal = |sum: i64, digit: &u8| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'));
        digits.iter().try_fold(0_i64, decimal)
    };
    let (year, month, day) = (number(&[y0, y1, y2, y3])?, number(&[m0, m1])?, number(&[d0, d1])?);
    let (hour, minute, second) = (number(&[h0, h1])?, number(&[n0, n1])?, number(&[s0, s1])?);
    if hour > 23 || minute > 59 || second > 59 || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    let days = days_to(year, month, day);
    // A day the month does not have comes back as one of the next.
    if day_of(days) != (year, month, day) {
        return None;
    }
    let micros = match fraction {
        [] => 0,
        [b'.', digits @ ..] if (1..=6).contains(&digits.len()) && digits.last() != Some(&b'0') => {
            number(digits)? * 10_i64.pow(6 - digits.len() as u32)
        }
        _ => return None,
    };
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    let within = (FIRST_SECOND..LAST_SECOND).contains(&seconds);
    within.then(|| Instant::from_micros(seconds * 1_000_000 + micros))
}

/// Days in 400 years, after which the calendar repeats.
const CYCLE: i64 = 146_097;
/// From 0000-03-01, where years that end in February begin, to 1970-01-01.
const SHIFT: i64 = 719_468;

/// The day so many days after 1970-01-01, in the calendar of Gregory. Counted in years that begin in March, so that a leap day comes last.
fn day_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + SHIFT;
    let (cycle, in_cycle) = (shifted.div_euclid(CYCLE), shifted.rem_euclid(CYCLE));
    let year_of_cycle = (in_cycle - in_cycle / 1460 + in_cycle / 36_524 - in_cycle / (CYCLE - 1)) / 365;
    let in_year = in_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    // Months from March have 153 days in each five.
    let month_from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_cycle + 400 * cycle + i64::from(month <= 2);
    (year, month, day)
}

fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (cycle, year_of_cycle) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let in_year = (153 * month_from_march + 2) / 5 + day - 1;
    cycle * CYCLE + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + in_year - SHIFT
}

/// Appends an instant as a text.
pub(crate) fn put_instant(moment: Instant, out: &mut Vec<u8>) -> Option<()> {
    let text = instant_text(moment)?;
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Some(())
}

/// A document being read. Every reader gives `None` for any other form than the one its writer has.
pub(crate) struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Reader<'a> {
        Reader(text)
    }

    /// Exactly these bytes.
    pub(crate) fn literal(&mut self, literal: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(literal)?;
        Some(())
    }

    /// What follows exactly these bytes.
    pub(crate) fn after(&mut self, literal: &str) -> Option<&mut Self> {
        self.literal(literal)?;
        Some(self)
    }

    /// Whether these bytes come next; then they are taken.
    pub(crate) fn takes(&mut self, literal: &str) -> bool {
        self.literal(literal).is_some()
    }

    /// A text in quotes.
    pub(crate) fn text(&mut self) -> Option<Cow<'a, str>> {
        let rest = self.0.strip_prefix('"')?;
        let end = rest.bytes().position(must_be_escaped)?;
        let (plain, after) = rest.split_at_checked(end)?;
        if let Some(after) = after.strip_prefix('"') {
            self.0 = after;
            return Some(Cow::Borrowed(plain));
        }
        self.0 = after;
        self.escaped(plain.to_owned()).map(Cow::Owned)
    }

    /// The rest of a text, from its first escape.
    fn escaped(&mut self, mut text: String) -> Option<String> {
        loop {
            let end = self.0.bytes().position(must_be_escaped)?;
            let (plain, after) = self.0.split_at_checked(end)?;
            text.push_str(plain);
            if let Some(after) = after.strip_prefix('"') {
                self.0 = after;
                return Some(text);
            }
            let after = after.strip_prefix('\\')?;
            let (letter, after) = after.split_at_checked(1)?;
            let (escaped, after) = match letter {
                "u" => {
                    let (digits, after) = after.split_at_checked(4)?;
                    let [high, byte] = hex::decode::<2>(digits)?;
                    // Only what must be escaped is, and with its letter if it has one.
                    let proper = high == 0 && byte < 0x20 && short_escape(byte).is_none();
                    (proper.then_some(byte)?, after)
                }
                "b" => (0x08, after),
                "t" => (b'\t', after),
                "n" => (b'\n', after),
                "f" => (0x0c, after),
                "r" => (b'\r', after),
                "\"" => (b'"', after),
                "\\" => (b'\\', after),
                _ => return None,
            };
            text.push(char::from(escaped));
            self.0 = after;
        }
    }

    /// A whole number up to [`NUMBER_MAX`], without leading zeros.
    pub(crate) fn number(&mut self) -> Option<u64> {
        let end = self.0.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, after) = self.0.split_at_checked(end)?;
        let plain = digits == "0" || !digits.starts_with('0');
        let number = digits.parse().ok().filter(|number| plain && *number <= NUMBER_MAX)?;
        self.0 = after;
        Some(number)
    }

    pub(crate) fn bool(&mut self) -> Option<bool> {
        if self.takes("true") { Some(true) } else { self.literal("false").map(|()| false) }
    }

    /// Exactly `N` bytes in hexadecimal.
    pub(crate) fn hex<const N: usize>(&mut self) -> Option<[u8; N]> {
        hex::decode(&self.text()?)
    }

    pub(crate) fn instant(&mut self) -> Option<Instant> {
        instant_of(&self.text()?)
    }

    /// What `read` reads, or `null`.
    pub(crate) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.takes("null") { Some(None) } else { read(self).map(Some) }
    }

    /// A list.
    pub(crate) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.literal("[")?;
        let mut list = Vec::new();
        if self.takes("]") {
            return Some(list);
        }
        loop {
            list.push(read(self)?);
            if self.takes("]") {
                return Some(list);
            }
            self.literal(",")?;
        }
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a str {
        self.0
    }

    /// Nothing is left.
    pub(crate) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        put_text(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn texts_have_one_form() {
        // The example of RFC 8785, section 3.2.2.2.
        let text = "\u{20ac}$\u{f}\nA'B\"\\\\\"/";
        assert_eq!(written(text), "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"");
        for text in [text, "", "plain", "\u{8}\t\n\u{c}\r\u{0}\u{1f}\u{7f}\u{2028}", "\"", "a\\"] {
            let json = written(text);
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            let mut reader = Reader::new(&json);
            assert_eq!(reader.text().as_deref(), Some(text));
            reader.end().unwrap();
        }
        for other in
            [r#""\/""#, r#""\u000a""#, r#""\u000F""#, r#""\u0041""#, r#""\u20ac""#, "\"\n\"", "\"", "\"a", r#""\"#, r#""\u00""#, "a\""]
        {
            let mut reader = Reader::new(other);
            assert!(reader.text().and_then(|_| reader.end()).is_none(), "{other}");
        }
    }

    #[test]
    fn numbers_and_lists_have_one_form() {
        let number = |text: &str| {
            let mut reader = Reader::new(text);
            let number = reader.number()?;
            reader.end().map(|()| number)
        };
        assert_eq!(number("0"), Some(0));
        assert_eq!(number("9007199254740991"), Some(NUMBER_MAX));
        for other in ["9007199254740992", "01", "00", "-1", "1.0", "1e2", "", " 1", "99999999999999999999"] {
            assert_eq!(number(other), None, "{other}");
        }
        let list = |text: &str| {
            let mut reader = Reader::new(text);
            let list = reader.list(Reader::number)?;
            reader.end().map(|()| list)
        };
        assert_eq!(list("[]"), Some(vec![]));
        assert_eq!(list("[1,2]"), Some(vec![1, 2]));
        for other in ["[1,]", "[,1]", "[1, 2]", "[1", "[", "1]"] {
            assert_eq!(list(other), None, "{other}");
        }
    }

    #[test]
    fn instants_are_those_of_the_time_library() {
        let mut state = 1_u64;
        for turn in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let second = FIRST_SECOND + ((state >> 11) as i64).rem_euclid(LAST_SECOND - FIRST_SECOND);
            let micros = [0, 1, 500_000, 999_999, 120][turn % 5];
            let moment = Instant::from_micros(second * 1_000_000 + micros);
            let text = instant_text(moment).unwrap();
            assert_eq!(text, moment.to_string());
            assert_eq!(instant_of(&text), Some(moment));
        }
        for moment in [FIRST_SECOND * 1_000_000 - 1, LAST_SECOND * 1_000_000, i64::MIN, i64::MAX] {
            assert_eq!(instant_text(Instant::from_micros(moment)), None);
        }
        let refused = [
            "2025-02-29T00:00:00Z",
            "2025-00-01T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-01-00T00:00:00Z",
            "2025-04-31T00:00:00Z",
            "2025-01-01T24:00:00Z",
            "2025-01-01T00:60:00Z",
            "2025-01-01T00:00:60Z",
            "2025-01-01t00:00:00Z",
            "2025-01-01T00:00:00z",
            "2025-01-01T00:00:00",
            "2025-01-01T00:00:00+00:00",
            "2025-01-01T00:00:00.Z",
            "2025-01-01T00:00:00.10Z",
            "2025-01-01T00:00:00.1234567Z",
            "+2025-01-01T00:00:00Z",
            "9999-12-31T00:00:00Z",
            "",
        ];
        for text in refused {
            assert_eq!(instant_of(text), None, "{text}");
        }
    }
}
