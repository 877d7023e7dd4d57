//! Signing in at a provider by other hands, over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use bezwaar_register::randomness::{Randomness, RandomnessError};
use bezwaar_server::identity::oidc::{
    Begin, ClientAuthentication, DiscoverError, FinishError, HttpFetch, MetadataProblem, Pending, Provider, ProviderSettings, SignedIn,
    SubjectKind,
};
use bezwaar_server::identity::private::Secret;
use bezwaar_server::identity::token::TokenAlgorithm;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;
use url::Url;

use crate::servers::{Server, now, providers};

const BACK: &str = "http://127.0.0.1:9/sign-in/back";
const SECRET: &str = "a secret: with % + signs & more";

struct Random;

impl Randomness for Random {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
        SystemRandom::new().fill(buffer).map_err(|_| RandomnessError)
    }
}

fn secret() -> Secret {
    Secret::try_new(SECRET).unwrap()
}

fn settings(
    server: &Server,
    which: &str,
    client_id: &str,
    authentication: ClientAuthentication,
    algorithm: TokenAlgorithm,
) -> ProviderSettings {
    ProviderSettings {
        issuer: server.said[which].as_str().unwrap().to_owned(),
        client_id: client_id.to_owned(),
        authentication,
        algorithm,
        scopes: vec!["account".to_owned()],
        account_claim: "x_id".to_owned(),
        subject_kind: SubjectKind::NotSaid,
        roles_claim: Some("roles".to_owned()),
        with_mail: true,
    }
}

fn public(server: &Server) -> Provider {
    let settings = settings(server, "public", "by:basic", ClientAuthentication::Basic(secret()), TokenAlgorithm::Rs256);
    Provider::discover(settings, Arc::new(HttpFetch::new()), now()).unwrap()
}

fn begin(provider: &Provider) -> (String, Pending) {
    provider.begin(&Begin { redirect_uri: BACK, language: Some("nl"), age_seconds_max: Some(600) }, now(), &mut Random).unwrap()
}

/// Goes where a browser would go, cookies and all, until the provider sends it back. Gives the query it comes back with.
fn browse(url: &str) -> String {
    browse_to(url, 9)
}

/// As [`browse`], until it is sent back to this port.
pub(crate) fn browse_to(url: &str, port: u16) -> String {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).max_redirects_will_error(false).build().into();
    let mut cookies = BTreeMap::new();
    let mut url = Url::parse(url).unwrap();
    for _ in 0..10 {
        let sent = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<String>>().join("; ");
        let mut answer = agent.get(url.as_str()).header("Cookie", &sent).call().unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        let Some(next) = answer.headers().get("location").map(|next| next.to_str().unwrap().to_owned()) else {
            panic!("HTTP status {}: {}", answer.status(), answer.body_mut().read_to_string().unwrap());
        };
        url = url.join(&next).unwrap();
        if url.port() == Some(port) {
            return url.query().unwrap().to_owned();
        }
    }
    panic!("the provider sends around in circles");
}

fn sign_in(provider: &Provider) -> Result<SignedIn, FinishError> {
    let (url, pending) = begin(provider);
    let query = browse(&url);
    provider.finish(pending, &query, now())
}

#[test]
fn somebody_signs_in_with_each_client_authentication_and_algorithm() {
    let Some(server) = providers() else { return };
    let clients = [
        ("by:basic", ClientAuthentication::Basic(secret()), TokenAlgorithm::Rs256),
        ("by-post", ClientAuthentication::Post(secret()), TokenAlgorithm::Es256),
        ("by-none", ClientAuthentication::None, TokenAlgorithm::EdDsa),
    ];
    for which in ["public", "pairwise"] {
        for (client_id, authentication, algorithm) in clients.clone() {
            let settings = settings(&server, which, client_id, authentication, algorithm);
            let provider = Provider::discover(settings, Arc::new(HttpFetch::new()), now()).unwrap();
            let signed_in = sign_in(&provider).unwrap();
            assert_eq!(signed_in.account.expose_personal(), "900719925474099312");
            assert_eq!(signed_in.roles, ["privacy-team"]);
            assert_eq!(signed_in.mail.as_ref().unwrap().expose_personal(), "anna@example.nl");
            assert_eq!(signed_in.subject.expose_personal() == "person-1", which == "public");
            assert!(signed_in.authenticated_at.is_some());
        }
    }
}

#[test]
fn a_code_is_for_one_sign_in_once() {
    let Some(server) = providers() else { return };
    let provider = public(&server);
    let (url, pending) = begin(&provider);
    let query = browse(&url);
    assert!(provider.finish(pending.clone(), &query, now()).is_ok());
    assert!(matches!(provider.finish(pending, &query, now()), Err(FinishError::CodeRefused)), "the code was used");
    let changed = |from: &dyn Fn(&Value) -> Value| {
        let (url, pending) = begin(&provider);
        let query = browse(&url);
        let wire: Value = serde_json::from_str(&pending.expose_text()).unwrap();
        let changed = Pending::parse(&from(&wire).to_string()).unwrap();
        provider.finish(changed, &query, now())
    };
    let with = |wire: &Value, name: &str, value: &str| {
        let mut wire = wire.clone();
        wire[name] = value.into();
        wire
    };
    assert!(changed(&|wire| wire.clone()).is_ok());
    let verifier = "x".repeat(43);
    assert!(matches!(changed(&|wire| with(wire, "v", &verifier)), Err(FinishError::CodeRefused)), "another verifier");
    assert!(matches!(changed(&|wire| with(wire, "r", &format!("{BACK}/other"))), Err(FinishError::CodeRefused)), "another address");
    assert!(matches!(changed(&|wire| with(wire, "n", &verifier)), Err(FinishError::Token(_))), "another nonce");
    assert!(matches!(changed(&|wire| with(wire, "s", &verifier)), Err(FinishError::State)), "another state");
    // Somebody else's code, put into one's own way back.
    let (own_url, own) = begin(&provider);
    let others = browse(&begin(&provider).0);
    let own_state = own.state().to_owned();
    let other_state = Url::parse(&format!("x:?{others}")).unwrap().query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    browse(&own_url);
    assert!(matches!(provider.finish(own, &others.replace(&other_state, &own_state), now()), Err(FinishError::CodeRefused)));
}

#[test]
fn who_declines_is_not_signed_in() {
    let Some(server) = providers() else { return };
    let provider = public(&server);
    let (url, pending) = begin(&provider);
    let query = browse(&format!("{url}&login_hint=decline"));
    assert!(matches!(provider.finish(pending, &query, now()), Err(FinishError::Declined)));
}

#[test]
fn a_client_that_is_not_the_one_it_says_gets_nothing() {
    let Some(server) = providers() else { return };
    let wrong = ClientAuthentication::Basic(Secret::try_new("guessed").unwrap());
    let settings = settings(&server, "public", "by:basic", wrong, TokenAlgorithm::Rs256);
    let provider = Provider::discover(settings, Arc::new(HttpFetch::new()), now()).unwrap();
    assert!(matches!(sign_in(&provider), Err(FinishError::TradeRefused { status: 401, code: "invalid_client" })));
}

#[test]
fn what_the_provider_says_of_its_subjects_is_believed_at_start_up() {
    let Some(server) = providers() else { return };
    let discover = |which: &str, kind| {
        let settings = settings(&server, which, "by:basic", ClientAuthentication::Basic(secret()), TokenAlgorithm::Rs256);
        let by_subject = ProviderSettings { account_claim: "sub".to_owned(), subject_kind: kind, ..settings };
        Provider::discover(by_subject, Arc::new(HttpFetch::new()), now())
    };
    let problems = |which: &str, kind| match discover(which, kind) {
        Err(DiscoverError::Metadata(problems)) => problems,
        other => panic!("{other:?}"),
    };
    assert_eq!(problems("pairwise", SubjectKind::RegisteredPublic), [MetadataProblem::PairwiseSubject]);
    assert_eq!(problems("both", SubjectKind::NotSaid), [MetadataProblem::SubjectNotSaid]);
    assert!(discover("both", SubjectKind::RegisteredPublic).is_ok());
    let provider = discover("public", SubjectKind::NotSaid).unwrap();
    assert_eq!(sign_in(&provider).unwrap().account.expose_personal(), "person-1");
}

#[test]
fn a_provider_that_is_not_there_is_told_from_one_that_is_another() {
    let Some(server) = providers() else { return };
    let address = server.said["public"].as_str().unwrap();
    let discover = |issuer: &str| {
        let settings = settings(&server, "public", "by:basic", ClientAuthentication::Basic(secret()), TokenAlgorithm::Rs256);
        Provider::discover(ProviderSettings { issuer: issuer.to_owned(), ..settings }, Arc::new(HttpFetch::new()), now()).unwrap_err()
    };
    assert!(matches!(discover("http://127.0.0.1:9"), DiscoverError::Fetch(_)));
    assert!(matches!(discover(&format!("{address}/realm")), DiscoverError::Status(404)));
    // The same machine by another name, and with one sign more.
    for other in [address.replace("127.0.0.1", "localhost"), format!("{address}/")] {
        assert!(matches!(discover(&other), DiscoverError::Metadata(problems) if problems == [MetadataProblem::OtherIssuer]), "{other}");
    }
}
