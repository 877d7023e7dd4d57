//! Bodies and connections by people who mean no good.

use std::time::{Duration, Instant};

use bezwaar_server::witness::{BODY_BYTES_MAX, CONNECTIONS_MAX, STOP_SECONDS_MAX};

use crate::support::{Connection, Ledger, Serving, open};

#[test]
fn bodies_that_are_no_requests_are_bad_requests() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let good = String::from_utf8(Ledger::new(7).body(0)).unwrap();
    let note = good.split_once("\n\n").unwrap().1.to_owned();
    let line = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=\n";
    let bodies = [
        String::new(),
        "\n".to_owned(),
        "old 0\n".to_owned(),
        "old 0\n\n".to_owned(),
        note.clone(),
        format!("\n{note}"),
        format!("old\n\n{note}"),
        format!("old \n\n{note}"),
        format!("old 00\n\n{note}"),
        format!("old 01\n\n{note}"),
        format!("old +1\n\n{note}"),
        format!("old -1\n\n{note}"),
        format!("old 0x0\n\n{note}"),
        format!("old  0\n\n{note}"),
        format!("old 0 \n\n{note}"),
        format!("Old 0\n\n{note}"),
        format!("old 18446744073709551616\n\n{note}"),
        format!("old 0\n{note}"),
        format!("old 0\r\n\r\n{note}"),
        format!("old 0\nold 0\n\n{note}"),
        format!("old 0\nnot base64\n\n{note}"),
        format!("old 0\n{}\n\n{note}", line.trim_end().trim_end_matches('=')),
        format!("old 0\nAAAA\n\n{note}"),
        format!("old 0\n {line}\n{note}"),
        format!("old 0\n{}\n{note}", line.repeat(64)),
        format!("old 0\n\n{}", note.trim_end()),
        format!("old 0\n\n{}", note.replace("\n7\n", "\n07\n")),
        format!("old 0\n\n{}", note.replace("\n7\n", "\n99999999999999999999\n")),
        format!("old 0\n\n{}", note.split("\n\n").next().unwrap()),
        format!("old 0\n\n\n{note}"),
        format!("old 0\n\n{note}\0"),
        format!("\u{feff}{good}"),
    ];
    for body in bodies {
        assert_eq!(serving.post(body.as_bytes()).status, 400, "{body:?}");
    }
    let mut not_text = good.clone().into_bytes();
    for place in [0, 4, 8, 30, not_text.len() - 3] {
        let kept = std::mem::replace(&mut not_text[place], 0xff);
        assert_eq!(serving.post(&not_text).status, 400, "byte {place}");
        not_text[place] = kept;
    }
    let sixty_three = format!("old 0\n{}\n{note}", line.repeat(63));
    assert_eq!(serving.post(sixty_three.as_bytes()).status, 422, "63 lines can be read, and do not fit");
    assert_eq!(serving.post(good.as_bytes()).status, 200, "none of that kept it from working");
}

#[test]
fn the_largest_size_is_a_size() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let good = String::from_utf8(Ledger::new(7).body(0)).unwrap();
    assert_eq!(serving.post(good.replace("\n7\n", "\n18446744073709551615\n").as_bytes()).status, 403);
    assert_eq!(serving.post(good.replace("old 0\n", "old 18446744073709551615\n").as_bytes()).status, 400);
}

#[test]
fn bodies_have_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    assert_eq!(serving.post(&vec![b'x'; BODY_BYTES_MAX]).status, 400, "read, and not understood");
    assert_eq!(serving.post(&vec![b'x'; BODY_BYTES_MAX + 1]).status, 413);
}

#[test]
fn ten_megabytes_are_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let mut declared = Connection::open(serving.address);
    declared.send(b"POST /add-checkpoint HTTP/1.1\r\nhost: witness\r\ncontent-length: 10485760\r\n\r\n");
    assert_eq!(declared.answer().unwrap().status, 413);
    // Without saying how long it will be.
    let mut chunked = Connection::open(serving.address);
    chunked.send(b"POST /add-checkpoint HTTP/1.1\r\nhost: witness\r\ntransfer-encoding: chunked\r\n\r\n");
    let chunk = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
    let sent = (0..640).take_while(|_| std::io::Write::write_all(chunked.stream.get_mut(), &chunk).is_ok()).count();
    assert!(sent < 640 || chunked.answer().is_none_or(|answer| answer.status == 413));
    assert_eq!(serving.post(&Ledger::new(7).body(0)).status, 200);
}

#[test]
fn who_sends_slowly_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_with(open(folder.path()), Duration::from_millis(400));
    let begun = Instant::now();
    let mut slow_body = Connection::open(serving.address);
    slow_body.send(b"POST /add-checkpoint HTTP/1.1\r\nhost: witness\r\ncontent-length: 100\r\n\r\nold 0");
    let mut slow_head = Connection::open(serving.address);
    slow_head.send(b"POST /add-checkpoint HTTP/1.1\r\nhost: wit");
    let mut silent = Connection::open(serving.address);
    assert_eq!(slow_body.answer().unwrap().status, 408);
    assert!(slow_head.answer().is_none_or(|answer| answer.status == 408));
    assert!(silent.answer().is_none_or(|answer| answer.status == 408));
    assert!(begun.elapsed() < Duration::from_secs(8));
    assert_eq!(serving.post(&Ledger::new(7).body(0)).status, 200);
}

#[test]
fn who_says_nothing_keeps_nobody_else_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let silent: Vec<Connection> = (0..100).map(|_| Connection::open(serving.address)).collect();
    let begun = Instant::now();
    assert_eq!(serving.post(&Ledger::new(7).body(0)).status, 200);
    assert!(begun.elapsed() < Duration::from_secs(5));
    drop(silent);
}

#[test]
fn what_is_not_http_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    for bytes in
        [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), b"GET\r\n\r\n", b"old 0\n\n", &[0; 100], b"POST / HTTP/9.9\r\n\r\n"]
    {
        let mut connection = Connection::open(serving.address);
        connection.send(bytes);
        assert!(connection.answer().is_none_or(|answer| answer.status >= 400));
    }
    let mut endless = Connection::open(serving.address);
    let _ = std::io::Write::write_all(endless.stream.get_mut(), &[b"GET / HTTP/1.1\r\nx: ".as_slice(), &[b'y'; 64 * 1024]].concat());
    assert!(endless.answer().is_none_or(|answer| answer.status >= 400));
    assert_eq!(serving.get("/").status, 200);
}

#[test]
fn so_many_connections_are_answered_at_a_time_and_the_next_waits() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_with(open(folder.path()), Duration::from_secs(120));
    let mut connections: Vec<Connection> = (0..CONNECTIONS_MAX).map(|_| Connection::open(serving.address)).collect();
    for connection in &mut connections {
        assert_eq!(connection.get("/").status, 200);
    }
    let mut next = Connection::open(serving.address);
    next.send(b"GET / HTTP/1.1\r\nhost: witness\r\n\r\n");
    next.stream.get_ref().set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(next.answer().is_none(), "all places are taken");
    next.stream.get_ref().set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    drop(connections.pop());
    assert_eq!(next.answer().unwrap().status, 200, "one place is free");
}

#[test]
fn a_request_that_does_not_end_keeps_the_server_from_ending_for_so_long() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_with(open(folder.path()), Duration::from_secs(120));
    let mut slow = Connection::open(serving.address);
    slow.send(b"POST /add-checkpoint HTTP/1.1\r\nhost: witness\r\ncontent-length: 100\r\n\r\nhalf of it");
    // The server has it in hand once another one was answered.
    assert_eq!(serving.get("/").status, 200);
    let stopping = Instant::now();
    drop(serving);
    let took = stopping.elapsed();
    let limit = Duration::from_secs(STOP_SECONDS_MAX);
    assert!((limit..limit + Duration::from_secs(10)).contains(&took), "{took:?}");
    assert!(slow.answer().is_none());
}
