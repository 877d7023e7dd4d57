//! What a provider says of itself: OpenID Connect Discovery 1.0, section 3; RFC 8414; RFC 9207, section 3.

use std::fmt;

use serde::Deserialize;
use url::Url;

use super::settings::{ProviderSettings, safe_url};
use crate::identity::oidc::SubjectKind;

/// Where it stands, after the issuer (OpenID Connect Discovery 1.0, section 4).
pub const PATH: &str = "/.well-known/openid-configuration";

/// The document, as far as it is looked at.
#[derive(Deserialize)]
struct Wire {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    response_types_supported: Vec<String>,
    subject_types_supported: Vec<String>,
    id_token_signing_alg_values_supported: Vec<String>,
    grant_types_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What is kept of it.
#[derive(Clone, Debug)]
pub(super) struct Metadata {
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: String,
    pub(super) keys_address: String,
    pub(super) names_itself_in_responses: bool,
}

/// Reads the document and holds it to what is agreed.
pub(super) fn read(document: &[u8], settings: &ProviderSettings) -> Result<Metadata, Vec<MetadataProblem>> {
    let wire: Wire = serde_json::from_slice(document).map_err(|_| vec![MetadataProblem::NotMetadata])?;
    let mut problems = Vec::new();
    let mut unless = |sound: bool, problem| {
        if !sound {
            problems.push(problem);
        }
    };
    let has = |list: &[String], value: &str| list.iter().any(|found| found == value);
    // A provider that says nothing about a list has the one the specification says.
    let may_have = |list: &Option<Vec<String>>, value: &str, default: bool| list.as_ref().map_or(default, |list| has(list, value));
    unless(wire.issuer == settings.issuer, MetadataProblem::OtherIssuer);
    unless(has(&wire.response_types_supported, "code"), MetadataProblem::NoCodeFlow);
    unless(may_have(&wire.grant_types_supported, "authorization_code", true), MetadataProblem::NoCodeFlow);
    unless(may_have(&wire.code_challenge_methods_supported, "S256", true), MetadataProblem::NoS256);
    let algorithms = &wire.id_token_signing_alg_values_supported;
    unless(algorithms.iter().any(|name| settings.algorithm.is_named(name)), MetadataProblem::OtherAlgorithm);
    let method = settings.authentication.as_str();
    let methods = &wire.token_endpoint_auth_methods_supported;
    unless(may_have(methods, method, method == "client_secret_basic"), MetadataProblem::OtherAuthentication);
    if settings.account_is_subject() {
        let public = has(&wire.subject_types_supported, "public");
        unless(public, MetadataProblem::PairwiseSubject);
        let told = settings.subject_kind == SubjectKind::RegisteredPublic || !has(&wire.subject_types_supported, "pairwise");
        unless(told || !public, MetadataProblem::SubjectNotSaid);
    }
    let mut endpoint = |text: &str, name| {
        let url = safe_url(text).filter(|url| url.fragment().is_none());
        unless(url.is_some(), MetadataProblem::Endpoint(name));
        url
    };
    let authorization_endpoint = endpoint(&wire.authorization_endpoint, "authorization_endpoint");
    let token_endpoint = endpoint(&wire.token_endpoint, "token_endpoint");
    let keys_address = endpoint(&wire.jwks_uri, "jwks_uri");
    match (authorization_endpoint, token_endpoint, keys_address) {
        (Some(authorization_endpoint), Some(token_endpoint), Some(keys_address)) if problems.is_empty() => Ok(Metadata {
            authorization_endpoint,
            token_endpoint: token_endpoint.into(),
            keys_address: keys_address.into(),
            names_itself_in_responses: wire.authorization_response_iss_parameter_supported,
        }),
        _ => Err(problems),
    }
}

/// Why a provider cannot be used as configured. All are fatal at start-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataProblem {
    /// Not an object in JSON with what must be there.
    NotMetadata,
    /// It names another issuer than the configuration, be it by one sign.
    OtherIssuer,
    /// No authorization code flow.
    NoCodeFlow,
    /// PKCE without `S256`.
    NoS256,
    /// It does not sign ID tokens by the configured algorithm.
    OtherAlgorithm,
    /// It does not let clients prove themselves as configured.
    OtherAuthentication,
    /// An endpoint that is not at an `https` address.
    Endpoint(&'static str),
    /// The account is to be taken from `sub`, which is another one for every client here: it is the account of nobody in the corpus.
    PairwiseSubject,
    /// The account is to be taken from `sub`, which may be another one for every client here, and nobody has said that ours is public.
    SubjectNotSaid,
}

impl MetadataProblem {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            MetadataProblem::NotMetadata => "check that an OpenID Connect provider answers at the issuer's address",
            MetadataProblem::OtherIssuer => "copy the issuer from the provider's own document, letter by letter: a `/` at the end matters",
            MetadataProblem::NoCodeFlow => "let the provider allow the authorization code flow",
            MetadataProblem::NoS256 => "let the provider allow PKCE with S256",
            MetadataProblem::OtherAlgorithm => "configure an algorithm that the provider signs ID tokens with",
            MetadataProblem::OtherAuthentication => "configure a client authentication that the provider allows",
            MetadataProblem::Endpoint(_) => "let the provider serve it over https",
            MetadataProblem::PairwiseSubject => "let the provider send the account's id in a claim of its own, and name that claim",
            MetadataProblem::SubjectNotSaid => {
                "register the client with `subject_type: public` and say so in the configuration, or name another claim for the account"
            }
        }
    }
}

impl fmt::Display for MetadataProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MetadataProblem::NotMetadata => f.write_str("this is not what a provider says of itself"),
            MetadataProblem::OtherIssuer => f.write_str("the provider calls itself something else than the configuration does"),
            MetadataProblem::NoCodeFlow => f.write_str("the provider has no authorization code flow"),
            MetadataProblem::NoS256 => f.write_str("the provider has no PKCE with S256"),
            MetadataProblem::OtherAlgorithm => f.write_str("the provider does not sign with the configured algorithm"),
            MetadataProblem::OtherAuthentication => f.write_str("the provider does not allow the configured client authentication"),
            MetadataProblem::Endpoint(name) => write!(f, "the provider's `{name}` is not at a safe address"),
            MetadataProblem::PairwiseSubject => {
                f.write_str("the provider's `sub` is another one for every client, and cannot name an account")
            }
            MetadataProblem::SubjectNotSaid => f.write_str("nobody has said whether the provider's `sub` is the same for every client"),
        }
    }
}

impl std::error::Error for MetadataProblem {}
