//! Records of intents.

use bezwaar_signal::{RECORD_BYTES_MAX, Signal, read_record};

use crate::said;

fn check(text: &str, expect: &[&str]) {
    let read = read_record(text);
    assert_eq!(said(&read), expect, "{text}");
    assert!(read.statements().iter().all(|one| one.signal() == Signal::UserIntents));
}

#[test]
fn declarations_of_the_proposal() {
    check(
        r#"{"$type":"org.user-intents.declaration","syntheticContentGeneration":{"updatedAt":"2025-02-20T21:37:20.362Z","allow":false}}"#,
        &["syntheticContentGeneration=no"],
    );
    let full = r#"{"$type":"org.user-intents.declaration","updatedAt":"2025-02-20T21:37:20.362Z",
      "publicAccessArchive":{"allow":true,"updatedAt":"2025-02-20T21:37:20.362Z"},
      "syntheticContentGeneration":{"allow":false,"updatedAt":"2025-02-20T21:37:20.362Z"},
      "protocolBridging":{"updatedAt":"2019-02-20T22:44:20.000Z"}}"#;
    check(full, &["publicAccessArchive=yes", "syntheticContentGeneration=no", "protocolBridging=unset"]);
    assert_eq!(read_record(full).written_at().unwrap().to_string(), "2025-02-20T21:37:20.362Z");
    check(r#"{"$type":"org.user-intents.declaration","updatedAt":"2025-02-20T21:37:20.362Z"}"#, &["*=unset"]);
    check(r#"{"$type":"org.user-intents.declaration","bulkDataset":{"allow":null}}"#, &["bulkDataset=unset"]);
}

#[test]
fn preferences_of_the_community_lexicon() {
    let record = |scope: &str, set: &str| {
        format!(
            r#"{{"$type":"community.lexicon.preference.ai","updatedAt":"2026-05-01T00:00:00Z","scope":{{"$type":"community.lexicon.preference.ai#{scope}"}},"preferences":{set}}}"#
        )
    };
    let set =
        r#"{"training":{"allow":false,"updatedAt":"2026-05-01T00:00:00Z"},"embedding":{"allow":true,"updatedAt":"2026-05-01T00:00:00Z"}}"#;
    check(&record("globalScope", set), &["training=no", "embedding=yes"]);
    assert!(read_record(&record("globalScope", set)).notes().is_empty());
    check(&record("entityScope", set), &["training=no", "embedding=yes"]);
    assert!(read_record(&record("entityScope", set)).notes()[0].message().contains("counts for all"));
    check(&record("globalScope", "{}"), &["*=unset"]);
    check(&record("globalScope", r#"{"training":{"allow":null}}"#), &["training=unreadable"]);
    check(&record("globalScope", r#"{"training":{}}"#), &["training=unreadable"]);
    check(&record("globalScope", r#"{"training":false}"#), &["training=unreadable"]);
    check(&record("globalScope", "7"), &["*=unreadable"]);
    check(r#"{"$type":"community.lexicon.preference.ai"}"#, &["*=unreadable"]);
}

#[test]
fn a_member_that_stands_twice_hides_nothing() {
    let text = r#"{"$type":"org.user-intents.declaration","syntheticContentGeneration":{"allow":false,"allow":true}}"#;
    check(text, &["syntheticContentGeneration=no", "syntheticContentGeneration=yes"]);
    let text = r#"{"$type":"org.user-intents.declaration","bulkDataset":{"allow":false},"bulkDataset":{"allow":true}}"#;
    check(text, &["bulkDataset=no", "bulkDataset=yes"]);
}

#[test]
fn answers_of_servers_and_odd_types() {
    let record = r#"{"$type":"org.user-intents.declaration","bulkDataset":{"allow":false}}"#;
    check(&format!(r#"{{"uri":"at://did:plc:x/y/self","cid":"b","value":{record}}}"#), &["bulkDataset=no"]);
    check(&format!(r#"{{"records":[{{"value":{record}}},{{"value":{{"$type":"app.bsky.feed.post","text":"x"}}}}]}}"#), &["bulkDataset=no"]);
    check(&format!("[{record}]"), &["bulkDataset=no"]);
    check(r#"{"bulkDataset":{"allow":false}}"#, &["bulkDataset=no"]);
    check(r#"{"$type":"org.userintents.declaration","bulkDataset":{"allow":"no"}}"#, &["bulkDataset=unreadable"]);
    check(r#"{"$type":"app.bsky.feed.post","text":"x"}"#, &[]);
    check(r#"{"$type":"org.user-intents.declaration","poetry":{"allow":false},"prose":{"allow":true}}"#, &["poetry=no"]);
    check("{", &["*=unreadable"]);
}

#[test]
fn more_than_is_read_closes() {
    let fill = |bytes: usize| format!("[]{}", " ".repeat(bytes - 2));
    check(&fill(RECORD_BYTES_MAX), &[]);
    check(&fill(RECORD_BYTES_MAX + 1), &["*=unreadable"]);
}
