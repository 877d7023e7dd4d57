//! Signing in, at a provider that does what a test wants: each check, and each way not to pass it.

use std::sync::{Arc, Mutex};

use bezwaar_core::account::{Account, Kind, Services};
use bezwaar_core::time::Instant;
use bezwaar_server::identity::oidc::{
    Answer, Begin, BeginError, CODE_BYTES_MAX, ClientAuthentication, DiscoverError, Fetch, FetchError, FinishError, KEYS_AGAIN_MICROS_MIN,
    KEYS_AGE_MICROS_MAX, KnownError, MetadataProblem, PENDING_MICROS_MAX, Pending, Provider, ProviderSettings, QUERY_BYTES_MAX,
    SettingsProblem, SignedIn, SubjectKind, TokenRequest, challenge,
};
use bezwaar_server::identity::private::Secret;
use bezwaar_server::identity::token::{TokenAlgorithm, TokenError};
use serde_json::{Value, json};
use url::Url;

use crate::signing::{Counting, NOW_SECONDS, Signer, at, hmac_token, key_set, unsigned_token, with};

const ISSUER: &str = "https://id.example/realms/chirp";
const BACK: &str = "https://portal.example/sign-in/back";

/// A provider in memory.
#[derive(Default)]
struct Fake {
    metadata: Mutex<Value>,
    keys: Mutex<Vec<u8>>,
    answer: Mutex<(u16, String)>,
    asked: Mutex<Vec<String>>,
}

impl Fetch for Fake {
    fn get(&self, url: &str) -> Result<Answer, FetchError> {
        self.asked.lock().unwrap().push(url.to_owned());
        let body = match url {
            "https://id.example/realms/chirp/.well-known/openid-configuration" => self.metadata.lock().unwrap().to_string().into_bytes(),
            "https://id.example/keys" => self.keys.lock().unwrap().clone(),
            _ => return Ok(Answer { status: 404, body: Vec::new().into() }),
        };
        Ok(Answer { status: if body.is_empty() { 503 } else { 200 }, body: body.into() })
    }

    fn post(&self, request: &TokenRequest) -> Result<Answer, FetchError> {
        let authorization = request.authorization.as_ref().map_or("-", |text| text.as_str());
        self.asked.lock().unwrap().push(format!("{} {authorization} {}", request.url, request.form.as_str()));
        let (status, body) = self.answer.lock().unwrap().clone();
        Ok(Answer { status, body: body.into_bytes().into() })
    }
}

fn metadata() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://id.example/auth?tenant=7",
        "token_endpoint": "https://id.example/token",
        "jwks_uri": "https://id.example/keys",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "authorization_response_iss_parameter_supported": true,
    })
}

fn settings() -> ProviderSettings {
    ProviderSettings {
        issuer: ISSUER.to_owned(),
        client_id: "portal:1".to_owned(),
        authentication: ClientAuthentication::Basic(Secret::try_new("s&cret %").unwrap()),
        algorithm: TokenAlgorithm::Es256,
        scopes: vec!["profile".to_owned()],
        account_claim: "x_id".to_owned(),
        subject_kind: SubjectKind::NotSaid,
        roles_claim: Some("realm_access.roles".to_owned()),
        with_mail: true,
    }
}

struct World {
    fake: Arc<Fake>,
    signer: Signer,
    provider: Provider,
}

fn world() -> World {
    let (fake, signer) = (Arc::new(Fake::default()), Signer::es256());
    *fake.metadata.lock().unwrap() = metadata();
    *fake.keys.lock().unwrap() = key_set(&[signer.jwk("a")]);
    let provider = Provider::discover(settings(), fake.clone(), at(0)).unwrap();
    World { fake, signer, provider }
}

const PLAIN: Begin<'_> = Begin { redirect_uri: BACK, language: None, age_seconds_max: None };

impl World {
    fn begin(&self) -> Pending {
        self.provider.begin(&PLAIN, at(0), &mut Counting(0)).unwrap().1
    }

    /// The claims of a good token: the nonce is what the second random text is.
    fn claims(&self) -> Value {
        json!({
            "iss": ISSUER, "aud": "portal:1", "sub": "s-1", "nonce": nonce(&self.begin()), "x_id": 900_719_925_474_099_312_u64,
            "iat": NOW_SECONDS + 30, "exp": NOW_SECONDS + 330, "auth_time": NOW_SECONDS + 29, "birthdate": "1990-02-03",
            "realm_access": {"roles": ["staff"]}, "email": "anna@example.nl", "email_verified": true,
        })
    }

    fn answers(&self, status: u16, body: &str) {
        *self.fake.answer.lock().unwrap() = (status, body.to_owned());
    }

    fn finish(&self, pending: Pending, query: &str, after_seconds: i64) -> Result<SignedIn, FinishError> {
        self.provider.finish(pending, query, at(after_seconds))
    }

    /// What a sign-in with this token comes to, half a minute after it began.
    fn with_token(&self, token: &str) -> Result<SignedIn, FinishError> {
        self.answers(200, &json!({"id_token": token, "access_token": "x", "token_type": "Bearer"}).to_string());
        let pending = self.begin();
        let query = query(&pending);
        self.finish(pending, &query, 30)
    }

    fn with_claims(&self, claims: &Value) -> Result<SignedIn, FinishError> {
        self.with_token(&self.signer.plain("a", claims))
    }

    fn refuses(&self, name: &str, value: Value) -> TokenError {
        refused(self.with_claims(&with(&self.claims(), name, value)))
    }

    fn key_requests(&self) -> usize {
        self.fake.asked.lock().unwrap().iter().filter(|url| url.ends_with("/keys")).count()
    }
}

fn refused(result: Result<SignedIn, FinishError>) -> TokenError {
    match result {
        Err(FinishError::Token(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// What is written of a pending sign-in.
fn written(pending: &Pending, name: &str) -> String {
    let text = pending.expose_text();
    serde_json::from_str::<Value>(&text).unwrap()[name].as_str().unwrap().to_owned()
}

fn nonce(pending: &Pending) -> String {
    written(pending, "n")
}

fn query(pending: &Pending) -> String {
    format!("code=c-1&state={}&iss=https%3A%2F%2Fid.example%2Frealms%2Fchirp&session_state=x", pending.state())
}

#[test]
fn a_sign_in_names_the_account() {
    let world = world();
    let signed_in = world.with_claims(&world.claims()).unwrap();
    assert_eq!(signed_in.account.expose_personal(), "900719925474099312");
    assert_eq!((signed_in.issuer.as_str(), signed_in.subject.expose_personal()), (ISSUER, "s-1"));
    assert_eq!((signed_in.roles.as_slice(), signed_in.authenticated_at), (["staff".to_owned()].as_slice(), Some(at(29))));
    assert_eq!(signed_in.mail.as_ref().map(|mail| mail.expose_personal()), Some("anna@example.nl"));
    assert_eq!(signed_in.claim("birthdate").unwrap().expose_personal(), "1990-02-03");
    let debug = format!("{signed_in:?} {:?}", world.provider);
    assert!(!debug.contains("anna") && !debug.contains("9007") && !debug.contains("s-1"), "{debug}");
}

#[test]
fn what_is_sent_is_what_the_specifications_ask() {
    let world = world();
    let begin = Begin { redirect_uri: BACK, language: Some("nl"), age_seconds_max: Some(0) };
    let (url, pending) = world.provider.begin(&begin, at(0), &mut Counting(0)).unwrap();
    let url = Url::parse(&url).unwrap();
    let sent: Vec<(String, String)> = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let verifier = written(&pending, "v");
    let expected = [
        ("tenant", "7"),
        ("response_type", "code"),
        ("client_id", "portal:1"),
        ("redirect_uri", BACK),
        ("scope", "openid profile email"),
        ("state", pending.state()),
        ("nonce", &nonce(&pending)),
        ("code_challenge", &challenge(&verifier)),
        ("code_challenge_method", "S256"),
        ("ui_locales", "nl"),
        ("max_age", "0"),
    ];
    assert_eq!(sent, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(!url.as_str().contains(&verifier));
    world.with_claims(&world.claims()).unwrap();
    let asked = world.fake.asked.lock().unwrap().last().unwrap().clone();
    // `portal:1` and `s&cret %`, each encoded as in a form, then together in base64.
    let form = format!(
        "grant_type=authorization_code&code=c-1&redirect_uri=https%3A%2F%2Fportal.example%2Fsign-in%2Fback&code_verifier={verifier}"
    );
    assert_eq!(asked, format!("https://id.example/token Basic cG9ydGFsJTNBMTpzJTI2Y3JldCslMjU= {form}"));
    for wrong in ["http://portal.example/back", "https://portal.example/back#x", "portal.example", "javascript:x"] {
        let begin = Begin { redirect_uri: wrong, ..PLAIN };
        assert_eq!(world.provider.begin(&begin, at(0), &mut Counting(0)).unwrap_err(), BeginError::RedirectUri, "{wrong}");
    }
    assert!(matches!(world.provider.begin(&PLAIN, at(0), &mut Counting(255)), Err(BeginError::Randomness(_))));
}

#[test]
fn what_comes_back_belongs_to_the_sign_in() {
    let world = world();
    world.answers(200, &json!({"id_token": world.signer.plain("a", &world.claims())}).to_string());
    let good = query(&world.begin());
    let other = world.provider.begin(&PLAIN, at(0), &mut Counting(9)).unwrap().1;
    let finish = |query: &str| world.finish(world.begin(), query, 30).map(|_| ());
    assert!(finish(&good).is_ok());
    for state in [
        good.replace("state=", "stat="),
        query(&other),
        good.replace(world.begin().state(), ""),
        good.replace("&iss", "x&iss"),
        String::new(),
    ] {
        assert!(matches!(finish(&state), Err(FinishError::State)), "{state}");
    }
    // Another provider, the same one with one sign more, and one that does not say though it always does.
    for issuer in [good.replace("id.example", "id.evil"), good.replace("chirp", "chirp%2F"), good.replace("&iss=", "&is=")] {
        assert!(matches!(finish(&issuer), Err(FinishError::OtherIssuer)), "{issuer}");
    }
    for twice in [
        format!("{good}&code=c-2"),
        format!("{good}&state=x"),
        format!("{good}&iss=x"),
        good.replace("code=c-1", "code="),
        good.replace("code=c-1", ""),
    ] {
        assert!(matches!(finish(&twice), Err(FinishError::Query)), "{twice}");
    }
    let padded = |bytes: usize| format!("{good}&x={}", "x".repeat(bytes - good.len() - 3));
    assert!(finish(&padded(QUERY_BYTES_MAX)).is_ok());
    assert!(matches!(finish(&padded(QUERY_BYTES_MAX + 1)), Err(FinishError::Query)));
    let code = |bytes: usize| good.replace("c-1", &"c".repeat(bytes));
    assert!(finish(&code(CODE_BYTES_MAX)).is_ok());
    assert!(matches!(finish(&code(CODE_BYTES_MAX + 1)), Err(FinishError::Query)));
    let error = |code: &str| finish(&good.replace("code=c-1", &format!("error={code}&error_description=anna")));
    assert!(matches!(error("access_denied"), Err(FinishError::Declined)));
    assert!(matches!(error("login_required"), Err(FinishError::Provider { code: "login_required" })));
    assert!(matches!(error("%3Cscript%3E"), Err(FinishError::Provider { code: "another" })));
    // An error that is not of this sign-in says nothing.
    assert!(matches!(finish("error=access_denied&state=x"), Err(FinishError::State)));
    assert!(matches!(finish(&query(&other).replace("code=c-1", "error=access_denied")), Err(FinishError::State)));
    let late = |micros: i64| world.provider.finish(world.begin(), &good, at(0).plus_micros(micros)).map(|_| ());
    assert!(late(PENDING_MICROS_MAX - 1).is_err_and(|error| matches!(error, FinishError::Token(TokenError::Expired))));
    assert!(matches!(late(PENDING_MICROS_MAX), Err(FinishError::TooLate)));
    assert!(matches!(late(-1), Err(FinishError::TooLate)));
    let asked = world.fake.asked.lock().unwrap().len();
    let elsewhere = Pending::parse(&world.begin().expose_text().replace("/chirp", "/other")).unwrap();
    assert!(matches!(world.finish(elsewhere, &good, 30), Err(FinishError::OtherProvider)));
    assert_eq!(world.fake.asked.lock().unwrap().len(), asked, "nothing is asked for what does not belong here");
}

#[test]
fn the_id_token_is_by_the_provider_for_this_portal_and_this_sign_in() {
    let world = world();
    for issuer in [format!("{ISSUER}/"), ISSUER.replace("https", "http"), "https://id.example".to_owned()] {
        assert_eq!(world.refuses("iss", json!(issuer)), TokenError::Issuer);
    }
    for audience in [json!("portal"), json!("PORTAL:1"), json!(["other"])] {
        assert_eq!(world.refuses("aud", audience), TokenError::Audience);
    }
    let several = with(&world.claims(), "aud", json!(["other", "portal:1"]));
    assert_eq!(refused(world.with_claims(&several)), TokenError::AuthorisedParty);
    assert_eq!(refused(world.with_claims(&with(&several, "azp", json!("other")))), TokenError::AuthorisedParty);
    assert!(world.with_claims(&with(&several, "azp", json!("portal:1"))).is_ok());
    assert_eq!(world.refuses("azp", json!("other")), TokenError::AuthorisedParty);
    assert_eq!(world.refuses("azp", json!(["portal:1"])), TokenError::Form { claim: "azp" });
    for nonce in [json!("x"), json!(""), json!(world.begin().state())] {
        assert_eq!(world.refuses("nonce", nonce), TokenError::Nonce);
    }
    for missing in ["iss", "aud", "nonce", "iat", "exp", "sub"] {
        assert_eq!(world.refuses(missing, Value::Null), TokenError::Missing { claim: missing });
    }
    for subject in ["", &"x".repeat(256)] {
        assert_eq!(world.refuses("sub", json!(subject)), TokenError::Form { claim: "sub" });
    }
    assert_eq!(world.refuses("x_id", Value::Null), TokenError::Account);
    assert_eq!(world.refuses("x_id", json!(1e30)), TokenError::Account);
    assert_eq!(world.refuses("realm_access", json!({"roles": "staff,lead".len()})), TokenError::Roles);
    assert!(world.with_claims(&with(&world.claims(), "realm_access", Value::Null)).unwrap().roles.is_empty());
    // An address the provider has not verified is anybody's.
    for (name, value) in
        [("email_verified", json!(false)), ("email_verified", Value::Null), ("email_verified", json!("true")), ("email", Value::Null)]
    {
        assert_eq!(world.with_claims(&with(&world.claims(), name, value)).unwrap().mail, None);
    }
}

#[test]
fn the_id_token_counts_now() {
    let world = world();
    let seconds = |seconds: i64| json!(NOW_SECONDS + seconds);
    let passes = |name: &str, value: Value| world.with_claims(&with(&world.claims(), name, value)).is_ok();
    // It is half a minute after the sign-in began; clocks may differ by a minute.
    assert!(passes("exp", seconds(-29)));
    assert_eq!(world.refuses("exp", seconds(-30)), TokenError::Expired);
    assert!(passes("iat", seconds(90)));
    assert_eq!(world.refuses("iat", seconds(91)), TokenError::NotYet);
    assert!(passes("iat", seconds(-60)));
    assert_eq!(world.refuses("iat", seconds(-61)), TokenError::BeforeRequest);
    assert!(passes("nbf", seconds(90)));
    assert_eq!(world.refuses("nbf", seconds(91)), TokenError::NotYet);
    assert!(passes("auth_time", seconds(90)));
    assert_eq!(world.refuses("auth_time", seconds(91)), TokenError::NotYet);
    assert_eq!(world.refuses("auth_time", json!("now")), TokenError::Form { claim: "auth_time" });
    // Somebody who was asked to sign in lately.
    let lately = |authenticated: Value| {
        let begin = Begin { age_seconds_max: Some(300), ..PLAIN };
        let pending = world.provider.begin(&begin, at(0), &mut Counting(0)).unwrap().1;
        let token = world.signer.plain("a", &with(&world.claims(), "auth_time", authenticated));
        world.answers(200, &json!({"id_token": token}).to_string());
        let query = query(&pending);
        world.finish(pending, &query, 30)
    };
    assert!(lately(seconds(-360)).is_ok());
    assert_eq!(refused(lately(seconds(-361))), TokenError::SignInTooOld);
    assert_eq!(refused(lately(Value::Null)), TokenError::Missing { claim: "auth_time" });
}

#[test]
fn the_id_token_is_signed_by_the_provider_as_agreed() {
    let world = world();
    let claims = world.claims();
    let (stranger, other) = (Signer::es256(), Signer::eddsa());
    assert_eq!(refused(world.with_token(&stranger.plain("a", &claims))), TokenError::Signature);
    assert_eq!(refused(world.with_token(&stranger.plain("b", &claims))), TokenError::UnknownKey);
    assert_eq!(refused(world.with_token(&other.plain("a", &claims))), TokenError::Algorithm);
    assert_eq!(refused(world.with_token(&unsigned_token(&claims))), TokenError::Algorithm);
    assert_eq!(refused(world.with_token(&hmac_token(world.signer.public(), "a", &claims))), TokenError::Algorithm);
    assert_eq!(refused(world.with_token(&hmac_token(b"s&cret %", "a", &claims))), TokenError::Algorithm);
    assert_eq!(refused(world.with_token("")), TokenError::Shape);
}

#[test]
fn keys_are_asked_for_again_but_not_too_often() {
    let world = world();
    let next = Signer::es256();
    assert_eq!(world.key_requests(), 1);
    let later = |signer: &Signer, id: &str, after_micros: i64| {
        let now = Instant::from_micros(at(0).as_micros() + after_micros);
        let pending = world.provider.begin(&PLAIN, now, &mut Counting(0)).unwrap().1;
        let mut claims = world.claims();
        for claim in ["iat", "exp", "auth_time"] {
            claims[claim] = json!(now.as_micros() / 1_000_000 + i64::from(claim == "exp"));
        }
        world.answers(200, &json!({"id_token": signer.plain(id, &claims)}).to_string());
        let query = query(&pending);
        world.provider.finish(pending, &query, now).map(|_| ())
    };
    let unknown = |result: Result<(), FinishError>| matches!(result, Err(FinishError::Token(TokenError::UnknownKey)));
    assert!(unknown(later(&next, "b", KEYS_AGAIN_MICROS_MIN - 1)));
    assert_eq!(world.key_requests(), 1);
    assert!(unknown(later(&next, "b", KEYS_AGAIN_MICROS_MIN)));
    assert_eq!(world.key_requests(), 2);
    assert!(unknown(later(&next, "b", 2 * KEYS_AGAIN_MICROS_MIN - 1)));
    assert_eq!(world.key_requests(), 2);
    *world.fake.keys.lock().unwrap() = key_set(&[world.signer.jwk("a"), next.jwk("b")]);
    assert!(later(&next, "b", 2 * KEYS_AGAIN_MICROS_MIN).is_ok());
    assert!(later(&world.signer, "a", 2 * KEYS_AGAIN_MICROS_MIN).is_ok());
    assert_eq!(world.key_requests(), 3);
    // A key that was withdrawn lives on for an hour at most.
    *world.fake.keys.lock().unwrap() = key_set(&[next.jwk("b")]);
    let fetched = 2 * KEYS_AGAIN_MICROS_MIN;
    assert!(later(&world.signer, "a", fetched + KEYS_AGE_MICROS_MAX).is_ok());
    assert!(unknown(later(&world.signer, "a", fetched + KEYS_AGE_MICROS_MAX + 1)));
    assert_eq!(world.key_requests(), 4);
    // A clock that went back says nothing about how old they are.
    let asked = world.key_requests();
    assert!(unknown(later(&world.signer, "a", fetched)));
    assert_eq!(world.key_requests(), asked + 1);
    // Keys that cannot be had are no keys.
    world.fake.keys.lock().unwrap().clear();
    let failed = later(&next, "b", fetched + 2 * KEYS_AGE_MICROS_MAX + 2);
    assert!(matches!(failed, Err(FinishError::Keys(error)) if matches!(*error, DiscoverError::Status(503))));
}

#[test]
fn a_provider_that_does_not_trade_signs_nobody_in() {
    let world = world();
    let trade = |status: u16, body: &str| {
        world.answers(status, body);
        let pending = world.begin();
        let query = query(&pending);
        world.finish(pending, &query, 30).unwrap_err()
    };
    assert!(matches!(trade(400, r#"{"error":"invalid_grant","error_description":"anna"}"#), FinishError::CodeRefused));
    assert!(matches!(trade(401, r#"{"error":"invalid_client"}"#), FinishError::TradeRefused { status: 401, code: "invalid_client" }));
    assert!(matches!(trade(500, "<html>anna"), FinishError::TradeRefused { status: 500, code: "none" }));
    assert!(matches!(trade(400, r#"{"error":"anna"}"#), FinishError::TradeRefused { code: "another", .. }));
    assert!(matches!(trade(302, ""), FinishError::TradeRefused { status: 302, .. }));
    for body in ["", "[]", "{}", r#"{"access_token":"x"}"#, r#"{"id_token":7}"#, r#"{"id_token":"a","id_token":"b"}"#] {
        assert!(matches!(trade(200, body), FinishError::NoToken), "{body}");
    }
}

fn discover(change: impl FnOnce(&mut Value), settings: ProviderSettings) -> Result<Provider, DiscoverError> {
    let fake = Fake::default();
    let mut metadata = metadata();
    change(&mut metadata);
    *fake.metadata.lock().unwrap() = metadata;
    *fake.keys.lock().unwrap() = key_set(&[Signer::es256().jwk("a")]);
    Provider::discover(settings, Arc::new(fake), at(0))
}

fn problems(change: impl FnOnce(&mut Value), settings: ProviderSettings) -> Vec<MetadataProblem> {
    match discover(change, settings) {
        Ok(_) => Vec::new(),
        Err(DiscoverError::Metadata(problems)) => problems,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_provider_that_cannot_be_used_as_configured_is_refused_at_start_up() {
    let set = |name: &'static str, value: Value| move |metadata: &mut Value| metadata[name] = value;
    for issuer in [format!("{ISSUER}/"), "https://id.evil".to_owned()] {
        assert_eq!(problems(set("issuer", json!(issuer)), settings()), [MetadataProblem::OtherIssuer]);
    }
    assert_eq!(problems(set("response_types_supported", json!(["id_token"])), settings()), [MetadataProblem::NoCodeFlow]);
    assert_eq!(problems(set("grant_types_supported", json!(["implicit"])), settings()), [MetadataProblem::NoCodeFlow]);
    assert_eq!(problems(set("code_challenge_methods_supported", json!(["plain"])), settings()), [MetadataProblem::NoS256]);
    assert_eq!(problems(set("code_challenge_methods_supported", Value::Null), settings()), []);
    assert_eq!(
        problems(set("id_token_signing_alg_values_supported", json!(["RS256", "HS256", "none"])), settings()),
        [MetadataProblem::OtherAlgorithm]
    );
    let method = "token_endpoint_auth_methods_supported";
    assert_eq!(problems(set(method, json!(["private_key_jwt"])), settings()), [MetadataProblem::OtherAuthentication]);
    assert_eq!(problems(set(method, Value::Null), settings()), []);
    let post = ProviderSettings { authentication: ClientAuthentication::Post(Secret::try_new("x").unwrap()), ..settings() };
    assert_eq!(problems(set(method, Value::Null), post), [MetadataProblem::OtherAuthentication]);
    for endpoint in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        for address in ["http://id.example/x", "/x", "https://id.example/x#y", "https://a:b@id.example/x", "file:///etc/passwd"] {
            assert_eq!(problems(set(endpoint, json!(address)), settings()), [MetadataProblem::Endpoint(endpoint)], "{address}");
        }
        assert_eq!(problems(set(endpoint, Value::Null), settings()), [MetadataProblem::NotMetadata]);
    }
    let all = |metadata: &mut Value| {
        metadata["issuer"] = json!("x");
        metadata["jwks_uri"] = json!("http://id.example/keys");
    };
    let error = discover(all, settings()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the sign-in provider cannot be used as configured: the provider calls itself something else than the configuration does; the provider's `jwks_uri` is not at a \
         safe address"
    );
    let wrong = ProviderSettings { issuer: "http://id.example".to_owned(), ..settings() };
    assert!(matches!(discover(|_| (), wrong), Err(DiscoverError::Settings(problems)) if problems == [SettingsProblem::Issuer]));
    let elsewhere = ProviderSettings { issuer: "https://id.example".to_owned(), ..settings() };
    assert!(matches!(discover(|_| (), elsewhere), Err(DiscoverError::Status(404))));
    let other = ProviderSettings { algorithm: TokenAlgorithm::Rs256, ..settings() };
    assert!(matches!(discover(|_| (), other), Err(DiscoverError::Keys(_))));
}

#[test]
fn a_pairwise_subject_is_never_taken_for_an_account() {
    let by_subject = |kind| ProviderSettings { account_claim: "sub".to_owned(), subject_kind: kind, ..settings() };
    let types = |types: Value| move |metadata: &mut Value| metadata["subject_types_supported"] = types;
    use SubjectKind::{NotSaid, RegisteredPublic};
    assert_eq!(problems(types(json!(["pairwise"])), by_subject(NotSaid)), [MetadataProblem::PairwiseSubject]);
    assert_eq!(problems(types(json!(["pairwise"])), by_subject(RegisteredPublic)), [MetadataProblem::PairwiseSubject]);
    assert_eq!(problems(types(json!([])), by_subject(RegisteredPublic)), [MetadataProblem::PairwiseSubject]);
    assert_eq!(problems(types(json!(["public", "pairwise"])), by_subject(NotSaid)), [MetadataProblem::SubjectNotSaid]);
    assert_eq!(problems(types(json!(["public", "pairwise"])), by_subject(RegisteredPublic)), []);
    assert_eq!(problems(types(json!(["public"])), by_subject(NotSaid)), []);
    // Another claim names the account: then it does not matter what `sub` is.
    assert_eq!(problems(types(json!(["pairwise"])), settings()), []);
}

#[test]
fn a_known_account_shows_whether_the_claim_is_the_right_one() {
    let world = world();
    let services = Services::default();
    let known = |text: &str| -> Account { services.parse(text).unwrap() };
    let check = |claim: Value, kind, account: &str| {
        let signed_in = world.with_claims(&with(&world.claims(), "x_id", claim)).unwrap();
        world.provider.check_known(&signed_in, ("chirp", kind), &services, &known(account))
    };
    assert_eq!(check(json!(77), Kind::Id, "chirp:77"), Ok(()));
    assert_eq!(check(json!("Anna"), Kind::Handle, "chirp:@anna"), Ok(()));
    assert_eq!(check(json!(78), Kind::Id, "chirp:77"), Err(KnownError::OtherAccount));
    assert_eq!(check(json!(77), Kind::Id, "flock:77"), Err(KnownError::OtherAccount));
    assert_eq!(check(json!("anna"), Kind::Handle, "chirp:77"), Err(KnownError::OtherKind));
    assert_eq!(check(json!("[deleted]"), Kind::Handle, "chirp:77"), Err(KnownError::NotAnAccount));
}
