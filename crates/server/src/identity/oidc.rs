//! Signing in at an OpenID Connect provider: the authorization code flow of OpenID Connect Core 1.0 with PKCE (RFC 7636), as RFC 9700 advises.
//!
//! [`Provider::discover`] reads what the provider says of itself and refuses one that cannot prove the account; [`Provider::begin`] makes the address that
//! somebody is sent to and what must be kept until they are back; [`Provider::finish`] checks what they come back with, asks the provider for the ID token
//! itself, and verifies that.
//!
//! Only the ID token is looked at: the claim with the account must be in it. No access token is kept, and none is used.

mod fetch;
mod finish;
mod metadata;
mod pending;
mod provider;
mod settings;

pub(crate) use fetch::certificates;
pub use fetch::{ANSWER_BYTES_MAX, Answer, Fetch, FetchError, HttpFetch, REQUEST_SECONDS_MAX, TokenRequest};
pub use finish::{CODE_BYTES_MAX, FinishError, QUERY_BYTES_MAX, SignedIn};
pub use metadata::{MetadataProblem, PATH as METADATA_PATH};
pub use pending::{PENDING_BYTES_MAX, PENDING_MICROS_MAX, Pending, PendingError, challenge};
pub use provider::{Begin, BeginError, DiscoverError, KEYS_AGAIN_MICROS_MIN, KEYS_AGE_MICROS_MAX, KnownError, Provider};
pub use settings::{ClientAuthentication, ProviderSettings, SettingsProblem, SubjectKind};
