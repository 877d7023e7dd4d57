//! CSV: splitting without changing a byte, and fields of a record.

/// Where a scanner stands within CSV text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    FieldStart,
    Plain,
    Quoted,
    /// A quote inside a quoted field: its end, or the first half of a doubled one.
    QuoteSeen,
}

impl Scan {
    /// The state after a byte, and whether the byte ended a record.
    pub(crate) fn step(self, byte: u8) -> (Scan, bool) {
        match (self, byte) {
            (Scan::Quoted, b'"') => (Scan::QuoteSeen, false),
            (Scan::Quoted, _) => (Scan::Quoted, false),
            (Scan::QuoteSeen, b'"') => (Scan::Quoted, false),
            (Scan::FieldStart, b'"') => (Scan::Quoted, false),
            (_, b',') => (Scan::FieldStart, false),
            (_, b'\n') => (Scan::FieldStart, true),
            _ => (Scan::Plain, false),
        }
    }
}

/// The fields of one record, or `None` when its quotes do not close.
pub(crate) fn fields(record: &[u8], output: &mut Vec<u8>, ends: &mut Vec<usize>) -> Option<()> {
    output.clear();
    ends.clear();
    let mut scan = Scan::FieldStart;
    let mut rest = record;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let (next, ended) = scan.step(*byte);
        match (scan, next, *byte) {
            _ if ended => break,
            (_, Scan::FieldStart, b',') => ends.push(output.len()),
            // The opening quote, and the one that may close.
            (Scan::FieldStart, Scan::Quoted, _) | (_, Scan::QuoteSeen, _) => {}
            // The carriage return before the line's end.
            (Scan::Plain | Scan::FieldStart | Scan::QuoteSeen, _, b'\r') if rest.is_empty() || rest == b"\n" => {}
            (_, _, byte) => output.push(byte),
        }
        scan = next;
    }
    ends.push(output.len());
    (scan != Scan::Quoted).then_some(())
}

/// All records of a small CSV text.
pub(crate) fn split_records(bytes: &[u8]) -> Vec<Vec<String>> {
    let (mut records, mut from, mut scan) = (Vec::new(), 0, Scan::FieldStart);
    let mut take = |record: &[u8]| {
        let (mut output, mut ends) = (Vec::new(), Vec::new());
        if !record.is_empty() && fields(record, &mut output, &mut ends).is_some() {
            let mut start = 0;
            let texts = ends.iter().map(|end| {
                let text = String::from_utf8_lossy(output.get(start..*end).unwrap_or_default()).into_owned();
                start = *end;
                text
            });
            records.push(texts.collect());
        }
    };
    for (place, byte) in bytes.iter().enumerate() {
        let (next, ended) = scan.step(*byte);
        scan = next;
        if ended {
            take(bytes.get(from..=place).unwrap_or_default());
            from = place + 1;
        }
    }
    take(bytes.get(from..).unwrap_or_default());
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_lines_and_carriage_returns() {
        let records = split_records(b"a,\"b,\"\"x\"\"\nstill b\",c\r\n1,5\" disk,\r\n\r\nlast,,\"\"");
        assert_eq!(
            records,
            [
                vec!["a".to_owned(), "b,\"x\"\nstill b".to_owned(), "c".to_owned()],
                vec!["1".to_owned(), "5\" disk".to_owned(), String::new()],
                vec![String::new()],
                vec!["last".to_owned(), String::new(), String::new()],
            ]
        );
    }

    #[test]
    fn an_open_quote_is_no_record() {
        assert_eq!(fields(b"a,\"b\n", &mut Vec::new(), &mut Vec::new()), None);
    }
}
