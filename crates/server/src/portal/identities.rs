//! How people show who they are, as the settings have it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bezwaar_core::time::Instant;

use super::app::Parts;
use super::known::{ClaimState, Known};
use super::service::PortalError;
use super::settings::{HandOver, Oidc};
use crate::identity::handover::{Handover, HandoverSettings};
use crate::identity::keys::Keys;
use crate::identity::oidc::{ClientAuthentication, DiscoverError, HttpFetch, Provider, ProviderSettings, SubjectKind};
use crate::identity::private::Secret;
use crate::identity::token::TokenAlgorithm;

/// After the provider could not be reached it is asked again at the earliest so much later.
const ASK_AGAIN_MICROS: i64 = 10_000_000;

/// The ways to sign in.
#[derive(Default)]
pub(crate) struct Identities {
    provider: Option<(ProviderSettings, Mutex<Found>)>,
    /// Whether the provider's account is the corpus's.
    pub(crate) known: Option<Known>,
    pub(crate) hand_over: Option<Handover>,
}

#[derive(Default)]
struct Found {
    provider: Option<Arc<Provider>>,
    asked_at: Option<Instant>,
}

impl Identities {
    /// Reads keys and secrets, and asks the provider what it is. One that cannot be reached is asked again later; one that cannot be used stops the portal.
    pub(crate) fn of(parts: &Parts) -> Result<Identities, PortalError> {
        let (settings, beside, now, trace) = (&parts.settings, &parts.beside, (parts.clock)(), &*parts.tracer);
        let mut found = Identities::default();
        if let Some(oidc) = &settings.sign_in.oidc {
            let known = Known::of(oidc, &parts.services, &parts.folder, &parts.secrets)?;
            match known.state() {
                ClaimState::NotTested => trace(
                    "`sign-in.oidc` has no `known-record`: nobody has shown that its `account-claim` holds the account's id as the corpus has it; docs/identity.md",
                ),
                ClaimState::Waiting => {
                    trace("nobody can sign in at the provider before the known record of `sign-in.oidc` has: sign in with it");
                }
                ClaimState::Proven | ClaimState::Refuted => {}
            }
            found.known = Some(known);
            let wanted = provider_settings(oidc, beside)?;
            let held = match Provider::discover(wanted.clone(), Arc::new(HttpFetch::new()), now) {
                Ok(provider) => Found { provider: Some(Arc::new(provider)), asked_at: Some(now) },
                Err(error @ (DiscoverError::Fetch(_) | DiscoverError::Status(_))) => {
                    trace(&format!("the sign-in provider does not answer yet: {error}; it is asked again when somebody signs in"));
                    Found { provider: None, asked_at: Some(now) }
                }
                Err(error) => return Err(PortalError::SignIn { because: error.to_string(), help: error.help() }),
            };
            found.provider = Some((wanted, Mutex::new(held)));
        }
        if let Some(hand_over) = &settings.sign_in.hand_over {
            found.hand_over = Some(hand_over_of(hand_over, &settings.base_url, beside)?);
        }
        Ok(found)
    }

    /// The provider, if there is one and it can be reached. It may wait for the network.
    pub(crate) fn provider(&self, now: Instant) -> Option<Arc<Provider>> {
        let (settings, held) = self.provider.as_ref()?;
        {
            let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
            if held.provider.is_some() {
                return held.provider.clone();
            }
            if held.asked_at.is_some_and(|asked_at| now < asked_at.plus_micros(ASK_AGAIN_MICROS)) {
                return None;
            }
            held.asked_at = Some(now);
        }
        let found = Provider::discover(settings.clone(), Arc::new(HttpFetch::new()), now).ok().map(Arc::new);
        held.lock().unwrap_or_else(PoisonError::into_inner).provider.clone_from(&found);
        found
    }
}

fn algorithm(name: &str) -> Result<TokenAlgorithm, PortalError> {
    let help = "write `RS256`, `ES256` or `EdDSA`";
    TokenAlgorithm::lookup(name).ok_or_else(|| PortalError::SignIn { because: format!("`{name}` is no algorithm of tokens"), help })
}

fn provider_settings(oidc: &Oidc, beside: &Path) -> Result<ProviderSettings, PortalError> {
    let authentication = match &oidc.client_secret_file {
        None => ClientAuthentication::None,
        Some(path) => {
            let secret = Secret::read(&beside.join(path));
            let secret =
                secret.map_err(|error| PortalError::SignIn { because: format!("the client's secret: {error}"), help: error.help() })?;
            ClientAuthentication::Basic(secret)
        }
    };
    Ok(ProviderSettings {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        authentication,
        algorithm: algorithm(&oidc.algorithm)?,
        scopes: oidc.scopes.clone(),
        account_claim: oidc.account_claim.clone(),
        subject_kind: if oidc.public_subjects { SubjectKind::RegisteredPublic } else { SubjectKind::NotSaid },
        roles_claim: oidc.role_claim.clone(),
        with_mail: oidc.role_claim.is_some(),
    })
}

fn hand_over_of(hand_over: &HandOver, base_url: &str, beside: &Path) -> Result<Handover, PortalError> {
    let algorithm = algorithm(&hand_over.algorithm)?;
    let keys = Keys::read(&beside.join(&hand_over.keys_file), algorithm);
    let keys = keys.map_err(|error| PortalError::SignIn { because: format!("the platform's keys: {error}"), help: error.help() })?;
    let settings = HandoverSettings {
        issuer: hand_over.issuer.clone(),
        audience: base_url.to_owned(),
        algorithm,
        account_claim: "sub".to_owned(),
        service: hand_over.service.clone(),
    };
    Ok(Handover::new(settings, keys))
}
