//! The way to a provider: what is believed of certificates, and what is not waited for, followed or read to its end.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bezwaar_server::identity::oidc::{
    ANSWER_BYTES_MAX, ClientAuthentication, DiscoverError, Fetch, FetchError, HttpFetch, Provider, ProviderSettings, REQUEST_SECONDS_MAX,
    SubjectKind, TokenRequest,
};
use bezwaar_server::identity::token::TokenAlgorithm;

use crate::servers::mail_servers;
use crate::signing::at;

/// Answers one request with these bytes, and gives what was asked.
fn answering(answer: Vec<u8>) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut asked = vec![0; 4096];
        let mut length = 0;
        // All of it: a head, or a head and a body that ends in `end`.
        while !asked[..length].ends_with(if asked.starts_with(b"POST") { b"end".as_slice() } else { b"\r\n\r\n" }) {
            length += stream.read(&mut asked[length..]).unwrap();
        }
        // Whoever does not read to the end may have gone.
        drop(stream.write_all(&answer));
        String::from_utf8_lossy(&asked[..length]).into_owned()
    });
    (address, asked)
}

fn response(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).as_bytes(), body].concat()
}

#[test]
fn an_answer_is_read_up_to_the_limit_and_no_further() {
    let get = |length: usize| {
        let (address, _) = answering(response("200 OK", &vec![b' '; length]));
        HttpFetch::new().get(&address).map(|answer| answer.body.len())
    };
    assert_eq!(get(ANSWER_BYTES_MAX).unwrap(), ANSWER_BYTES_MAX);
    assert!(matches!(get(ANSWER_BYTES_MAX + 1), Err(FetchError::TooLong)));
    // A head without end, and an answer that is none.
    let (address, _) = answering([b"HTTP/1.1 200 OK\r\n".as_slice(), "X-A: b\r\n".repeat(10_000).as_bytes(), b"\r\n"].concat());
    assert!(matches!(HttpFetch::new().get(&address), Err(FetchError::NoAnswer(_))));
    let (address, _) = answering(b"220 localhost ESMTP\r\n".to_vec());
    assert!(matches!(HttpFetch::new().get(&address), Err(FetchError::NoAnswer(_))));
}

#[test]
fn nobody_is_waited_for_long() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    // One sign a second: each is in time, and all of them together are not.
    let slow = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        stream.write_all(b"HTTP/1.1 200 OK\r\nX-Slow: ").unwrap();
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    let began = Instant::now();
    assert!(matches!(HttpFetch::new().get(&address), Err(FetchError::NoAnswer(_))));
    let took = began.elapsed().as_secs();
    assert!((REQUEST_SECONDS_MAX - 1..=REQUEST_SECONDS_MAX + 5).contains(&took), "{took}");
    slow.join().unwrap();
}

#[test]
fn nobody_is_sent_elsewhere() {
    // Nothing listens there: whoever followed would find nobody.
    let (address, _) = answering(response("302 Found\r\nLocation: http://127.0.0.1:9/", b""));
    assert_eq!(HttpFetch::new().get(&address).unwrap().status, 302);
    let (address, asked) = answering(response("307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/", b""));
    let request =
        TokenRequest { url: address, authorization: Some("Basic eA==".to_owned().into()), form: "code=1&x=end".to_owned().into() };
    assert!(!format!("{request:?}").contains("code"));
    let answer = HttpFetch::new().post(&request).unwrap();
    assert_eq!((answer.status, format!("{answer:?}").as_str()), (307, "Answer(307, …)"));
    let asked = asked.join().unwrap().to_lowercase();
    assert!(asked.starts_with("post / http/1.1\r\n") && asked.contains("authorization: basic ea==\r\n"), "{asked}");
    assert!(asked.contains("content-type: application/x-www-form-urlencoded\r\n") && asked.ends_with("code=1&x=end"), "{asked}");
    let (issuer, _) = answering(response("301 Moved Permanently\r\nLocation: http://127.0.0.1:9/", b""));
    let settings = ProviderSettings {
        issuer,
        client_id: "portal".to_owned(),
        authentication: ClientAuthentication::None,
        algorithm: TokenAlgorithm::Rs256,
        scopes: Vec::new(),
        account_claim: "x_id".to_owned(),
        subject_kind: SubjectKind::NotSaid,
        roles_claim: None,
        with_mail: false,
    };
    assert!(matches!(Provider::discover(settings, Arc::new(HttpFetch::new()), at(0)), Err(DiscoverError::Status(301))));
}

#[test]
fn certificates_are_believed_only_from_who_may_sign_them() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = mail_servers(folder.path()) else { return };
    let port = server.said["https"].as_u64().unwrap();
    let pem = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let get = |fetch: &HttpFetch, host: &str| fetch.get(&format!("https://{host}:{port}/")).map(|answer| answer.status);
    let trusting = HttpFetch::with_authorities(&pem("authority.pem")).unwrap();
    assert_eq!(get(&trusting, "localhost").unwrap(), 200);
    assert_eq!(get(&trusting, "127.0.0.1").unwrap(), 200);
    assert!(matches!(get(&trusting, "127.0.0.2"), Err(FetchError::NoAnswer(_))), "the server listens on one address only");
    assert!(matches!(get(&HttpFetch::new(), "localhost"), Err(FetchError::NoAnswer(_))));
    assert!(matches!(get(&HttpFetch::with_authorities(&pem("other.pem")).unwrap(), "localhost"), Err(FetchError::NoAnswer(_))));
    let both = [pem("other.pem"), pem("authority.pem")].concat();
    assert_eq!(get(&HttpFetch::with_authorities(&both).unwrap(), "localhost").unwrap(), 200);
    for wrong in [b"".as_slice(), b"x", &pem("leaf.pem")] {
        assert!(matches!(HttpFetch::with_authorities(wrong), Err(FetchError::Authorities)), "a private key is no certificate");
    }
}
