//! Signed tokens and keys: the examples of the specifications, and what must not pass for a key. Tokens are verified through hand-overs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bezwaar_core::time::Instant;
use bezwaar_server::identity::handover::{HandedOver, Handover, HandoverSettings};
use bezwaar_server::identity::keys::{KEY_ID_BYTES_MAX, KEYS_BYTES_MAX, KEYS_MAX, Keys, KeysError, RSA_BITS_MAX, RSA_BITS_MIN};
use bezwaar_server::identity::token::{TOKEN_BYTES_MAX, TokenAlgorithm, TokenError};
use serde_json::{Value, json};

use crate::signing::{NOW_SECONDS, Signer, at, encode, hmac_token, key_set, unsigned_token};

/// RFC 7515, appendix A.2 and A.3: the same claims, signed by each key.
const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const RS256_SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const RS256_MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const ES256_SIGNATURE: &str = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const ES256_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const ES256_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

/// Takes tokens of `joe` as these keys sign them.
fn joe(algorithm: TokenAlgorithm, keys: Keys) -> Handover {
    let text = |text: &str| text.to_owned();
    let settings = HandoverSettings {
        issuer: text("joe"),
        audience: text("https://portal.example"),
        algorithm,
        account_claim: text("sub"),
        service: text("chirp"),
    };
    Handover::new(settings, keys)
}

fn verify(algorithm: TokenAlgorithm, key: Value, token: &str) -> Result<HandedOver, TokenError> {
    joe(algorithm, Keys::from_jwk_set(&key_set(&[key]), algorithm).unwrap()).verify(token, at(0))
}

/// The examples have no audience: that is what a right signature comes to here.
const VERIFIED: Result<HandedOver, TokenError> = Err(TokenError::Missing { claim: "aud" });

#[test]
fn rs256_of_rfc_7515_appendix_a_2() {
    let token = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}.{RS256_SIGNATURE}");
    let key = json!({"kty": "RSA", "n": RS256_MODULUS, "e": "AQAB"});
    assert_eq!(verify(TokenAlgorithm::Rs256, key, &token), VERIFIED);
    // Some write a zero before the modulus.
    let padded =
        STANDARD.encode([&[0], base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(RS256_MODULUS).unwrap().as_slice()].concat());
    let key = json!({"kty": "RSA", "n": padded.replace('+', "-").replace('/', "_").trim_end_matches('='), "e": "AQAB"});
    assert_eq!(verify(TokenAlgorithm::Rs256, key.clone(), &token), VERIFIED);
    assert_eq!(verify(TokenAlgorithm::Rs256, key, &token.replace(".cC4h", ".cC4i")), Err(TokenError::Signature));
}

#[test]
fn es256_of_rfc_7515_appendix_a_3() {
    let token = format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}.{ES256_SIGNATURE}");
    let key = json!({"kty": "EC", "crv": "P-256", "x": ES256_X, "y": ES256_Y});
    assert_eq!(verify(TokenAlgorithm::Es256, key.clone(), &token), VERIFIED);
    assert_eq!(verify(TokenAlgorithm::Es256, key, &token.replace(".DtEh", ".DtEi")), Err(TokenError::Signature));
}

#[test]
fn ed25519_of_rfc_8037_appendix_a_4() {
    // What is signed there is not JSON: that is told only once the signature is right.
    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    assert_eq!(verify(TokenAlgorithm::EdDsa, key.clone(), token), Err(TokenError::Payload));
    assert_eq!(verify(TokenAlgorithm::EdDsa, key, &token.replace(".hgyY", ".hgyZ")), Err(TokenError::Signature));
}

#[test]
fn hs256_and_none_of_the_specifications_are_refused() {
    // RFC 7515, appendix A.1; RFC 7519, section 6.1.
    let hs256 = format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let none = format!("eyJhbGciOiJub25lIn0.{PAYLOAD}.");
    for token in [hs256.as_str(), none.as_str()] {
        for algorithm in [TokenAlgorithm::Rs256, TokenAlgorithm::Es256] {
            let key = json!({"kty": "RSA", "n": RS256_MODULUS, "e": "AQAB"});
            let other = json!({"kty": "EC", "crv": "P-256", "x": ES256_X, "y": ES256_Y});
            let keys = Keys::from_jwk_set(&key_set(&[key, other]), algorithm).unwrap();
            assert_eq!(joe(algorithm, keys).verify(token, at(0)), Err(TokenError::Algorithm));
        }
    }
}

fn claims() -> Value {
    json!({"iss": "joe", "aud": "https://portal.example", "sub": "77", "jti": "one", "iat": NOW_SECONDS, "exp": NOW_SECONDS + 60})
}

#[test]
fn the_algorithm_is_ours_to_choose() {
    let (first, second) = (Signer::es256(), Signer::eddsa());
    let keys = Keys::from_jwk_set(&key_set(&[first.jwk("a"), second.jwk("b")]), TokenAlgorithm::Es256).unwrap();
    assert_eq!(keys.count(), 1);
    let handover = joe(TokenAlgorithm::Es256, keys);
    let verify = |token: &str| handover.verify(token, at(0)).map(|handed| handed.account.expose_personal().to_owned());
    assert_eq!(verify(&first.plain("a", &claims())).as_deref(), Ok("77"));
    assert_eq!(verify(&second.plain("b", &claims())), Err(TokenError::Algorithm));
    assert_eq!(verify(&unsigned_token(&claims())), Err(TokenError::Algorithm));
    // The public key taken for a secret: as bytes, and as the text of the key set.
    for secret in [first.public(), first.jwk("a").to_string().as_bytes()] {
        assert_eq!(verify(&hmac_token(secret, "a", &claims())), Err(TokenError::Algorithm));
    }
    // Another algorithm in the header over a signature of the right one, and names that look alike.
    for name in ["es256", "ES384", "ES256K", "RS256", "none", ""] {
        assert_eq!(verify(&first.token(&json!({"alg": name, "kid": "a"}), &claims())), Err(TokenError::Algorithm), "{name}");
    }
    let other = joe(TokenAlgorithm::EdDsa, Keys::from_jwk_set(&key_set(&[second.jwk("b")]), TokenAlgorithm::EdDsa).unwrap());
    // The name of RFC 9864 for the same algorithm.
    assert!(other.verify(&second.token(&json!({"alg": "Ed25519", "kid": "b"}), &claims()), at(0)).is_ok());
}

#[test]
fn algorithms_have_one_name_and_none_is_symmetric() {
    assert_eq!(TokenAlgorithm::ALL.map(|algorithm| TokenAlgorithm::lookup(algorithm.as_str())), TokenAlgorithm::ALL.map(Some));
    for name in ["none", "HS256", "rs256", "PS256", ""] {
        assert_eq!(TokenAlgorithm::lookup(name), None);
    }
}

#[test]
fn no_token_with_another_sign_anywhere_passes() {
    for (signer, algorithm) in [(Signer::es256(), TokenAlgorithm::Es256), (Signer::eddsa(), TokenAlgorithm::EdDsa)] {
        let handover = joe(algorithm, Keys::from_jwk_set(&key_set(&[signer.jwk("a")]), algorithm).unwrap());
        let good = signer.plain("a", &claims());
        assert!(handover.verify(&good, at(0)).is_ok());
        for place in 0..good.len() {
            for sign in ["A", "B", "Q", "g", "w", "8", "-", "_", ".", "=", "", "AA"] {
                let changed = format!("{}{sign}{}", &good[..place], &good[place + 1..]);
                assert!(changed == good || handover.verify(&changed, at(0)).is_err(), "{place} {sign}");
            }
        }
    }
}

#[test]
fn the_key_is_the_one_that_is_named() {
    let (first, second, stranger) = (Signer::es256(), Signer::es256(), Signer::es256());
    let keys = |keys: &[Value]| Keys::from_jwk_set(&key_set(keys), TokenAlgorithm::Es256).unwrap();
    let both = joe(TokenAlgorithm::Es256, keys(&[first.jwk("a"), second.jwk("b")]));
    let verify = |handover: &Handover, token: &str| handover.verify(token, at(0)).map(|_| ());
    assert_eq!(verify(&both, &first.plain("a", &claims())), Ok(()));
    assert_eq!(verify(&both, &second.plain("b", &claims())), Ok(()));
    assert_eq!(verify(&both, &first.plain("b", &claims())), Err(TokenError::Signature));
    assert_eq!(verify(&both, &first.plain("c", &claims())), Err(TokenError::UnknownKey));
    let nameless = json!({"alg": "ES256"});
    assert_eq!(verify(&both, &first.token(&nameless, &claims())), Err(TokenError::UnclearKey));
    assert_eq!(
        verify(&joe(TokenAlgorithm::Es256, keys(&[first.jwk("a"), second.jwk("a")])), &first.plain("a", &claims())),
        Err(TokenError::UnclearKey)
    );
    let one = joe(TokenAlgorithm::Es256, keys(&[first.jwk("a")]));
    assert_eq!(verify(&one, &first.token(&nameless, &claims())), Ok(()));
    assert_eq!(verify(&one, &first.plain("b", &claims())), Err(TokenError::UnknownKey));
    // A key that the token brings along counts for nothing.
    let brought =
        json!({"alg": "ES256", "kid": "a", "jwk": stranger.jwk("a"), "jku": "http://127.0.0.1:9/keys", "x5u": "http://127.0.0.1:9/"});
    assert_eq!(verify(&one, &stranger.token(&brought, &claims())), Err(TokenError::Signature));
}

#[test]
fn what_is_not_a_token_for_us_is_refused() {
    let signer = Signer::es256();
    let handover = joe(TokenAlgorithm::Es256, Keys::from_jwk_set(&key_set(&[signer.jwk("a")]), TokenAlgorithm::Es256).unwrap());
    let verify = |token: &str| handover.verify(token, at(0)).map(|_| ());
    let header = |name: &str, value: Value| {
        let mut header = json!({"alg": "ES256", "kid": "a"});
        header[name] = value;
        signer.token(&header, &claims())
    };
    let good = signer.plain("a", &claims());
    assert_eq!(verify(&good), Ok(()));
    assert_eq!(verify(&header("typ", json!("jwt"))), Ok(()));
    for kind in ["at+jwt", "logout+jwt", "dpop+jwt", ""] {
        assert_eq!(verify(&header("typ", json!(kind))), Err(TokenError::Type), "{kind}");
    }
    for critical in [json!(["b64"]), json!(["exp"]), json!([])] {
        assert_eq!(verify(&header("crit", critical)), Err(TokenError::Critical));
    }
    let parts: Vec<&str> = good.split('.').collect();
    let shapes = [
        String::new(),
        "..".to_owned(),
        parts[..2].join("."),
        format!("{good}."),
        format!("{good}.x"),
        format!(" {good}"),
        format!("{good}="),
        format!("{good}\n"),
        good.replace('.', ""),
        signer.token_of("[]", "{}"),
        signer.token_of(r#"{"alg":"ES256","alg":"none"}"#, "{}"),
        signer.token_of(r#"{"kid":"a"}"#, "{}"),
        r#"{"payload":"e30","signatures":[]}"#.to_owned(),
    ];
    for shape in shapes {
        assert_eq!(verify(&shape), Err(TokenError::Shape), "{shape}");
    }
    // Signed, and still not claims.
    for payload in ["", "[]", "\"x\"", "{", r#"{"sub":"a","sub":"b"}"#, "{}x"] {
        assert_eq!(verify(&signer.token_of(r#"{"alg":"ES256","kid":"a"}"#, payload)), Err(TokenError::Payload), "{payload}");
    }
    // Another signature of the same length, none, and one in DER.
    for signature in [parts[2].chars().rev().collect::<String>(), String::new(), parts[2][..40].to_owned()] {
        let found = verify(&format!("{}.{}.{signature}", parts[0], parts[1]));
        assert!(matches!(found, Err(TokenError::Signature | TokenError::Shape)), "{found:?}");
    }
    let long = |bytes: usize| format!("{}.{}", &good[..good.len()], "A".repeat(bytes - good.len() - 1));
    assert_eq!(verify(&long(TOKEN_BYTES_MAX)), Err(TokenError::Shape));
    assert_eq!(verify(&long(TOKEN_BYTES_MAX + 1)), Err(TokenError::TooLong));
}

#[test]
fn what_is_not_a_key_for_us_is_passed_over_or_refused() {
    let signer = Signer::es256();
    let of = |keys: &[Value]| Keys::from_jwk_set(&key_set(keys), TokenAlgorithm::Es256).map(|keys| keys.count());
    let with = |name: &str, value: Value| {
        let mut key = signer.jwk("a");
        key[name] = value;
        key
    };
    assert_eq!(of(&[signer.jwk("a")]).unwrap(), 1);
    assert_eq!(of(&[with("key_ops", json!(["verify"]))]).unwrap(), 1);
    assert_eq!(of(&[with("kid", json!("x".repeat(KEY_ID_BYTES_MAX)))]).unwrap(), 1);
    let unfit = [
        with("use", json!("enc")),
        with("alg", json!("ES384")),
        with("key_ops", json!(["deriveKey"])),
        with("crv", json!("P-384")),
        with("kty", json!("RSA")),
        with("x", json!("AAAA")),
        with("y", Value::Null),
        with("kid", json!("x".repeat(KEY_ID_BYTES_MAX + 1))),
        with("kid", json!(7)),
        json!({"kty": "oct", "k": "AAAA", "kid": "a"}),
        json!("a key"),
        json!({}),
    ];
    for key in unfit {
        assert!(matches!(of(std::slice::from_ref(&key)), Err(KeysError::NoneFits)), "{key}");
        assert_eq!(of(&[key, signer.jwk("b")]).unwrap(), 1);
    }
    // A modulus of so many bits, each of them set.
    let rsa = |bits: usize| {
        let mut modulus = vec![255; bits.div_ceil(8)];
        modulus[0] >>= modulus.len() * 8 - bits;
        Keys::from_jwk_set(&key_set(&[json!({"kty": "RSA", "n": encode(modulus), "e": "AQAB"})]), TokenAlgorithm::Rs256).is_ok()
    };
    assert!(rsa(RSA_BITS_MIN) && rsa(RSA_BITS_MAX) && !rsa(RSA_BITS_MIN - 1) && !rsa(RSA_BITS_MAX + 1));
    assert!(matches!(of(&[signer.jwk("b"), with("d", json!("AAAA"))]), Err(KeysError::Private)));
    assert!(matches!(of(&[]), Err(KeysError::NoneFits)));
    assert!(matches!(Keys::from_jwk_set(b"{}", TokenAlgorithm::Es256), Err(KeysError::NotAKeySet)));
    assert!(matches!(Keys::from_jwk_set(b"-----BEGIN", TokenAlgorithm::Es256), Err(KeysError::NotAKeySet)));
    let many = |count: usize| (0..count).map(|index| signer.jwk(&index.to_string())).collect::<Vec<_>>();
    assert_eq!(of(&many(KEYS_MAX)).unwrap(), KEYS_MAX);
    assert!(matches!(of(&many(KEYS_MAX + 1)), Err(KeysError::TooMany)));
    let padded = |bytes: usize| {
        let set = key_set(&[signer.jwk("a")]);
        [vec![b' '; bytes - set.len()], set].concat()
    };
    assert!(Keys::from_jwk_set(&padded(KEYS_BYTES_MAX), TokenAlgorithm::Es256).is_ok());
    assert!(matches!(Keys::from_jwk_set(&padded(KEYS_BYTES_MAX + 1), TokenAlgorithm::Es256), Err(KeysError::TooLong)));
}

/// A public key in PEM: what stands before the key in DER, and the key.
fn pem(head: &[u8], public: &[u8]) -> String {
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode([head, public].concat()))
}

const P256_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
    0x07, 0x03, 0x42, 0,
];
const ED25519_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0];

#[test]
fn a_public_key_may_be_in_pem() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("platform.pem");
    let cases = [(Signer::es256(), P256_HEAD.as_slice(), TokenAlgorithm::Es256), (Signer::eddsa(), &ED25519_HEAD, TokenAlgorithm::EdDsa)];
    for (signer, head, algorithm) in cases {
        let text = pem(head, signer.public());
        std::fs::write(&file, format!("\n{}", text.replace('\n', "\r\n"))).unwrap();
        let handover = joe(algorithm, Keys::read(&file, algorithm).unwrap());
        // The one key is the key of every token, whatever it calls it.
        assert!(handover.verify(&signer.plain("whatever", &claims()), at(0)).is_ok());
        assert!(matches!(Keys::from_pem(text.as_bytes(), TokenAlgorithm::Rs256), Err(KeysError::NoneFits)));
        let der = [head, signer.public()].concat();
        for cut in 0..der.len() {
            assert!(Keys::from_pem(pem(&der[..cut], &[]).as_bytes(), algorithm).is_err(), "{cut}");
        }
        assert!(Keys::from_pem(pem(&der, &[0]).as_bytes(), algorithm).is_err());
        for wrong in
            [format!("{text}{text}"), text.replace("PUBLIC", "RSA PUBLIC"), text.replace("PUBLIC KEY", "CERTIFICATE"), format!("x{text}")]
        {
            assert!(matches!(Keys::from_pem(wrong.as_bytes(), algorithm), Err(KeysError::NotAPublicKey)));
        }
        assert!(matches!(Keys::from_pem(text.replace("PUBLIC", "PRIVATE").as_bytes(), algorithm), Err(KeysError::Private)));
        std::fs::write(&file, key_set(&[signer.jwk("a")])).unwrap();
        assert_eq!(Keys::read(&file, algorithm).unwrap().count(), 1);
    }
    assert!(matches!(Keys::read(&folder.path().join("none"), TokenAlgorithm::Es256), Err(KeysError::Missing)));
}

#[test]
fn nobody_is_named_in_an_error() {
    let signer = Signer::es256();
    let handover = joe(TokenAlgorithm::Es256, Keys::from_jwk_set(&key_set(&[signer.jwk("a")]), TokenAlgorithm::Es256).unwrap());
    let mut claims = claims();
    claims["sub"] = json!("anna-jansen");
    let good = handover.verify(&signer.plain("a", &claims), at(0)).unwrap();
    assert!(!format!("{good:?} {handover:?}").contains("anna"), "{good:?}");
    claims["exp"] = json!(NOW_SECONDS - 1);
    let token = signer.plain("a", &claims);
    for broken in [token.clone(), format!("{token}x"), hmac_token(b"x", "a", &claims)] {
        let error = handover.verify(&broken, Instant::from_micros(i64::MAX)).unwrap_err();
        let said = format!("{error} {error:?} {}", error.help());
        assert!(!said.contains("anna") && !said.contains(&token[30..50]), "{said}");
    }
}
