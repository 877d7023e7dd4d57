//! Preference signals: any bytes are read; a no beside them stays a no, and what stands alone is never a yes without the word for it.
#![no_main]

use bezwaar_signal::{Answer, Signal, parse_dictionary, read_fields, read_record, read_robots, read_tdmrep};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let _ = parse_dictionary(bytes);
    let _ = read_record(&text);
    let _ = read_tdmrep(&text, Some("/a"));
    let robots = read_robots(bytes);
    let _ = robots.at(&text, &text);
    // The fields may end before the no is reached, so it stands first.
    let fields = read_fields(&format!("Content-Usage: train-ai=n\nSec-GPC: 1\n{text}"));
    let closes = |signal: Signal| fields.combined().into_iter().any(|((own, _), answer)| own == signal && answer.closes());
    assert!(closes(Signal::Gpc) && closes(Signal::Aipref));
    let mut ruled = b"User-agent: *\nContent-Usage: / train-ai=n\n".to_vec();
    ruled.extend_from_slice(bytes);
    let ruled = read_robots(&ruled);
    assert!(ruled.read().statements().iter().any(|one| one.answer() == Answer::No));
});
