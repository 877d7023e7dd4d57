//! Hand-overs of the platform: each thing that is agreed, and each way not to keep to it.

use std::process::Command;

use bezwaar_server::identity::handover::{
    HANDOVER_MICROS_MAX, HandedOver, Handover, HandoverSettings, LANGUAGE_BYTES_MAX, TOKEN_ID_BYTES_MAX,
};
use bezwaar_server::identity::keys::Keys;
use bezwaar_server::identity::token::{TokenAlgorithm, TokenError};
use serde_json::{Value, json};

use crate::servers;
use crate::signing::{NOW_SECONDS, Signer, at, key_set, with};

const PORTAL: &str = "https://portal.example/";
const MAX_SECONDS: i64 = HANDOVER_MICROS_MAX / 1_000_000;

fn settings(algorithm: TokenAlgorithm, account_claim: &str) -> HandoverSettings {
    HandoverSettings {
        issuer: "https://chirp.example".to_owned(),
        audience: PORTAL.to_owned(),
        algorithm,
        account_claim: account_claim.to_owned(),
        service: "chirp".to_owned(),
    }
}

fn claims() -> Value {
    json!({
        "iss": "https://chirp.example", "aud": PORTAL, "sub": "77", "jti": "one", "lang": "nl",
        "iat": NOW_SECONDS, "exp": NOW_SECONDS + 300, "name": "Anna",
    })
}

struct Platform {
    signer: Signer,
    handover: Handover,
}

fn platform() -> Platform {
    let signer = Signer::eddsa();
    let keys = Keys::from_jwk_set(&key_set(&[signer.jwk("a")]), TokenAlgorithm::EdDsa).unwrap();
    Platform { signer, handover: Handover::new(settings(TokenAlgorithm::EdDsa, "sub"), keys) }
}

impl Platform {
    fn sends(&self, claims: &Value, after_seconds: i64) -> Result<HandedOver, TokenError> {
        self.handover.verify(&self.signer.plain("a", claims), at(after_seconds))
    }

    fn refuses(&self, name: &str, value: Value) -> TokenError {
        self.sends(&with(&claims(), name, value), 0).unwrap_err()
    }
}

#[test]
fn a_hand_over_names_the_account() {
    let handed = platform().sends(&claims(), 10).unwrap();
    assert_eq!((handed.account.expose_personal(), handed.service.as_str()), ("77", "chirp"));
    assert_eq!((handed.token_id.expose_personal(), handed.language.as_deref()), ("one", Some("nl")));
    assert_eq!((handed.issued_at, handed.ends_at), (at(0), at(300)));
    let signer = Signer::es256();
    let keys = || Keys::from_jwk_set(&key_set(&[signer.jwk("a")]), TokenAlgorithm::Es256).unwrap();
    let own = with(&with(&claims(), "sub", Value::Null), "user", json!({"id": 9_007_199_254_740_993_u64}));
    let handover = Handover::new(settings(TokenAlgorithm::Es256, "user.id"), keys());
    assert_eq!(handover.verify(&signer.plain("a", &own), at(0)).unwrap().account.expose_personal(), "9007199254740993");
    let handover = Handover::new(settings(TokenAlgorithm::Es256, "sub"), keys());
    assert_eq!(handover.verify(&signer.plain("a", &own), at(0)), Err(TokenError::Account));
}

#[test]
fn who_signs_and_for_whom_is_held_to_the_letter() {
    let platform = platform();
    for issuer in ["https://chirp.example/", "https://CHIRP.example", "https://chirp.example:443", ""] {
        assert_eq!(platform.refuses("iss", json!(issuer)), TokenError::Issuer, "{issuer}");
    }
    assert_eq!(platform.refuses("iss", json!(["https://chirp.example"])), TokenError::Form { claim: "iss" });
    for audience in [
        json!("https://portal.example"),
        json!("https://other.example/"),
        json!([PORTAL, "https://other.example/"]),
        json!([PORTAL, PORTAL]),
    ] {
        assert_eq!(platform.refuses("aud", audience.clone()), TokenError::Audience, "{audience}");
    }
    assert!(platform.sends(&with(&claims(), "aud", json!([PORTAL])), 0).is_ok());
    assert_eq!(platform.refuses("aud", json!([])), TokenError::Form { claim: "aud" });
    assert_eq!(platform.refuses("aud", json!([PORTAL, 1])), TokenError::Form { claim: "aud" });
    for missing in ["iss", "aud", "iat", "exp", "jti"] {
        assert_eq!(platform.refuses(missing, Value::Null), TokenError::Missing { claim: missing });
    }
}

#[test]
fn a_hand_over_counts_for_ten_minutes_at_most() {
    let platform = platform();
    let ends = |seconds: i64| with(&claims(), "exp", json!(NOW_SECONDS + seconds));
    assert!(platform.sends(&ends(MAX_SECONDS), 0).is_ok());
    assert_eq!(platform.sends(&ends(MAX_SECONDS + 1), 0), Err(TokenError::Lifetime));
    assert_eq!(platform.sends(&ends(0), -30), Err(TokenError::Lifetime));
    assert_eq!(platform.sends(&ends(-1), -30), Err(TokenError::Lifetime));
    assert!(platform.sends(&ends(300), 299).is_ok());
    assert_eq!(platform.sends(&ends(300), 300), Err(TokenError::Expired));
    // The clocks of both may differ by a minute, and no more.
    assert!(platform.sends(&claims(), -60).is_ok());
    assert_eq!(platform.sends(&claims(), -61), Err(TokenError::NotYet));
    assert_eq!(platform.refuses("nbf", json!(NOW_SECONDS + 61)), TokenError::NotYet);
    assert!(platform.sends(&with(&claims(), "nbf", json!(NOW_SECONDS + 61)), 1).is_ok());
    for wrong in [json!("soon"), json!(-1), json!(1e20), json!(NOW_SECONDS * 1000), json!([])] {
        assert_eq!(platform.refuses("exp", wrong.clone()), TokenError::Form { claim: "exp" }, "{wrong}");
    }
}

#[test]
fn each_token_has_an_id_to_be_used_once() {
    let platform = platform();
    let once = |claims: &Value| *platform.sends(claims, 0).unwrap().once_key();
    let with_id = |id: &str| with(&claims(), "jti", json!(id));
    assert_eq!(once(&with_id("one")), once(&with(&with_id("one"), "sub", json!("78"))));
    assert_ne!(once(&with_id("one")), once(&with_id("two")));
    assert!(platform.sends(&with_id(&"x".repeat(TOKEN_ID_BYTES_MAX)), 0).is_ok());
    assert_eq!(platform.refuses("jti", json!("x".repeat(TOKEN_ID_BYTES_MAX + 1))), TokenError::TokenId);
    assert_eq!(platform.refuses("jti", json!("")), TokenError::TokenId);
    assert_eq!(platform.refuses("jti", json!(7)), TokenError::Form { claim: "jti" });
}

#[test]
fn the_account_and_the_language_are_what_they_should_be() {
    let platform = platform();
    for account in [Value::Null, json!(""), json!(" 77"), json!("7\n7"), json!(7.5), json!(["77"]), json!("x".repeat(256))] {
        assert_eq!(platform.refuses("sub", account.clone()), TokenError::Account, "{account}");
    }
    let language = |tag: &str| platform.sends(&with(&claims(), "lang", json!(tag)), 0).map(|handed| handed.language.unwrap());
    assert_eq!(language("nl-NL").as_deref(), Ok("nl-NL"));
    assert_eq!(platform.sends(&with(&claims(), "lang", Value::Null), 0).unwrap().language, None);
    let longest = "abcdefgh-".repeat(4);
    assert_eq!(longest.len(), LANGUAGE_BYTES_MAX + 1);
    assert!(language(&longest[..LANGUAGE_BYTES_MAX]).is_ok());
    for wrong in ["", "n", "nl_NL", "nl-", "nl;q=1", "nederlandse", "é2", &longest, &format!("{}a", &longest[..LANGUAGE_BYTES_MAX])] {
        assert_eq!(language(wrong), Err(TokenError::Language), "{wrong}");
    }
    assert_eq!(platform.refuses("lang", json!(["nl"])), TokenError::Form { claim: "lang" });
}

/// The example in the documentation, run as it stands there, with the library that it names.
#[test]
fn the_example_in_the_documentation_makes_hand_overs() {
    let Some(python) = servers::python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = include_str!("../../../../docs/identity.md");
    let example = page.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    std::fs::write(folder.path().join("handover.py"), example).unwrap();
    let script = "\
import sys
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
kind, folder = sys.argv[1], sys.argv[2]
key = {'EdDSA': ed25519.Ed25519PrivateKey.generate, 'ES256': lambda: ec.generate_private_key(ec.SECP256R1()),
       'RS256': lambda: rsa.generate_private_key(65537, 2048)}[kind]()
open(f'{folder}/private.pem', 'wb').write(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))
open(f'{folder}/public.pem', 'wb').write(key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo))
import handover
handover.ALGORITHM, handover.PRIVATE_KEY = kind, open(f'{folder}/private.pem').read()
print(handover.token('77', 'nl'))
";
    for (name, algorithm) in [("EdDSA", TokenAlgorithm::EdDsa), ("ES256", TokenAlgorithm::Es256), ("RS256", TokenAlgorithm::Rs256)] {
        let mut command = Command::new(&python);
        command.args(["-B", "-c", script, name]).arg(folder.path()).current_dir(folder.path()).env("PYTHONPATH", folder.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).unwrap();
        let token = printed.trim();
        let keys = Keys::read(&folder.path().join("public.pem"), algorithm).unwrap();
        assert!(Keys::read(&folder.path().join("private.pem"), algorithm).is_err());
        let issuer = HandoverSettings {
            issuer: "https://www.example.nl".to_owned(),
            audience: "https://privacy.example.nl".to_owned(),
            ..settings(algorithm, "sub")
        };
        let now = servers::now();
        let handed = Handover::new(issuer.clone(), keys.clone()).verify(token, now).unwrap();
        assert_eq!((handed.account.expose_personal(), handed.language.as_deref()), ("77", Some("nl")));
        assert_eq!(Handover::new(issuer, keys).verify(token, now.plus_micros(HANDOVER_MICROS_MAX)), Err(TokenError::Expired));
    }
}
