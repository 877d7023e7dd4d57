use bezwaar_signal::{InputError, Kind, check_input};

const KINDS: [Kind; 4] = [Kind::Fields, Kind::Robots, Kind::Tdmrep, Kind::Record];

#[test]
fn what_is_no_text_is_refused_whatever_it_is_said_to_be() {
    for kind in KINDS {
        assert_eq!(check_input(kind, b"\xff\xfeC\0o\0n\0"), Err(InputError::Wide), "{kind:?}");
        assert_eq!(check_input(kind, b"\xfe\xff\0C\0o"), Err(InputError::Wide), "{kind:?}");
        assert_eq!(check_input(kind, b"\x00\x00\xfe\xff\0\0\0C"), Err(InputError::Wide), "{kind:?}");
        assert_eq!(check_input(kind, b"one: two\nC\0o\0"), Err(InputError::Nul { line: 2 }), "{kind:?}");
        for page in
            ["<!DOCTYPE html>\n<html>", " \n<HTML lang=en>", "\u{feff}<html>", "<!-- a -->\n<!doctype html>", "<?xml version='1.0'?>"]
        {
            assert_eq!(check_input(kind, page.as_bytes()), Err(InputError::Page), "{kind:?}: {page}");
        }
        for fine in ["", "User-agent: *\r\nContent-Usage: train-ai=n\r\n", "[]", "<!-- no end", "<!-- a -->\nUser-agent: *"] {
            assert_eq!(check_input(kind, fine.as_bytes()), Ok(()), "{kind:?}: {fine}");
        }
    }
}

#[test]
fn fields_are_not_as_curl_shows_them() {
    let at = |text: &str| check_input(Kind::Fields, text.as_bytes());
    assert_eq!(at("* Trying\n> GET / HTTP/1.1\n>\n< Content-Usage: train-ai=n\n"), Err(InputError::Transcript { line: 2 }));
    assert_eq!(at("HTTP/1.1 200 OK\r\n< Content-Usage: train-ai=n\r\n"), Err(InputError::Transcript { line: 2 }));
    assert_eq!(at("Content-Usage: train-ai=n\r\n\r\n<html>\n> quoted\n\0"), Ok(()), "the content is not looked at");
    assert_eq!(check_input(Kind::Robots, b"> quoted\n"), Ok(()));
    for error in [InputError::Wide, InputError::Nul { line: 1 }, InputError::Page, InputError::Transcript { line: 1 }] {
        assert!(!error.to_string().ends_with('.') && !error.help().is_empty());
    }
}
