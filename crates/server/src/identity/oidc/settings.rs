//! What is agreed with a provider.

use std::fmt;

use url::{Host, Url};

use crate::identity::private::Secret;
use crate::identity::token::TokenAlgorithm;

/// How this portal proves to the provider who it is (OpenID Connect Core 1.0, section 9).
#[derive(Clone, Debug)]
pub enum ClientAuthentication {
    /// A password in the `Authorization` header: `client_secret_basic`.
    Basic(Secret),
    /// A password in the form: `client_secret_post`.
    Post(Secret),
    /// None: the client is public, and PKCE alone ties the code to this portal.
    None,
}

impl ClientAuthentication {
    /// The name in the provider's metadata.
    pub fn as_str(&self) -> &'static str {
        match self {
            ClientAuthentication::Basic(_) => "client_secret_basic",
            ClientAuthentication::Post(_) => "client_secret_post",
            ClientAuthentication::None => "none",
        }
    }
}

/// What the operator knows about the `sub` of this client (OpenID Connect Core 1.0, section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// Nobody has said: fine as long as the account is not taken from `sub`.
    NotSaid,
    /// The client is registered with `subject_type: public`: its `sub` is the same for every client.
    RegisteredPublic,
}

/// What is agreed with a provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Who the provider is: its address, letter by letter as it writes it itself.
    pub issuer: String,
    /// What the provider calls this portal.
    pub client_id: String,
    /// How this portal proves that it is the client.
    pub authentication: ClientAuthentication,
    /// The one algorithm of ID tokens.
    pub algorithm: TokenAlgorithm,
    /// What is asked for besides `openid`, such as `profile`.
    pub scopes: Vec<String>,
    /// The claim of the ID token with the account's id in the corpus. `sub` only if it is public. Points lead into claims within others.
    pub account_claim: String,
    /// What is known about `sub`.
    pub subject_kind: SubjectKind,
    /// The claim with roles, such as `realm_access.roles`, if roles are wanted.
    pub roles_claim: Option<String>,
    /// Whether the mail address is wanted: the claims `email` and `email_verified`.
    pub with_mail: bool,
}

impl ProviderSettings {
    /// Everything that is wrong with the settings by themselves.
    pub fn problems(&self) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        let mut unless = |sound: bool, problem| {
            if !sound {
                problems.push(problem);
            }
        };
        unless(is_issuer(&self.issuer), SettingsProblem::Issuer);
        unless(is_visible(&self.client_id), SettingsProblem::ClientId);
        unless(self.scopes.iter().all(|scope| is_scope(scope)), SettingsProblem::Scope);
        let claims = [Some(&self.account_claim), self.roles_claim.as_ref()];
        unless(claims.into_iter().flatten().all(|claim| !claim.is_empty()), SettingsProblem::Claim);
        problems
    }

    /// Whether the account is taken from `sub`.
    pub(super) fn account_is_subject(&self) -> bool {
        self.account_claim == "sub"
    }
}

/// An issuer is an address without query and fragment (OpenID Connect Core 1.0, section 1.2).
fn is_issuer(text: &str) -> bool {
    safe_url(text).is_some_and(|url| url.query().is_none() && url.fragment().is_none())
}

/// An address that what is sent there can be read by nobody else: `https`, or `http` to this machine itself; without a name and password in it.
pub(super) fn safe_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let own_machine = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let safe = url.scheme() == "https" || (url.scheme() == "http" && own_machine);
    (safe && url.username().is_empty() && url.password().is_none()).then_some(url)
}

/// RFC 6749, appendix A.1: visible ASCII and spaces; ours have no spaces.
fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// RFC 6749, section 3.3.
fn is_scope(text: &str) -> bool {
    is_visible(text) && !text.contains(['"', '\\'])
}

/// What is wrong with the settings of a provider. All are fatal at start-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsProblem {
    /// The issuer is not an `https` address without query and fragment.
    Issuer,
    /// The client id is empty or has signs it cannot have.
    ClientId,
    /// A scope has signs it cannot have.
    Scope,
    /// A claim without a name.
    Claim,
}

impl SettingsProblem {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            SettingsProblem::Issuer => "write the issuer as the provider does: `https://…`; `http` is for this machine itself only",
            SettingsProblem::ClientId => "copy the client id from the provider's administration",
            SettingsProblem::Scope => "write each scope by itself, such as `profile`",
            SettingsProblem::Claim => "name the claim, or leave it out",
        }
    }
}

impl fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SettingsProblem::Issuer => "the issuer is not an address that can be trusted with a sign-in",
            SettingsProblem::ClientId => "the client id is not one",
            SettingsProblem::Scope => "a scope is not one",
            SettingsProblem::Claim => "a claim has no name",
        })
    }
}

impl std::error::Error for SettingsProblem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_nobody_listens_to_on_the_way() {
        for right in ["https://id.example/realms/x", "http://localhost:8080", "http://127.0.0.1:3", "http://[::1]:3/a"] {
            assert!(safe_url(right).is_some(), "{right}");
        }
        // The last ones only look like this machine.
        let wrong = [
            "http://id.example",
            "ftp://localhost",
            "https://a:b@id.example",
            "x",
            "http://localhost.id.example",
            "http://127.0.0.1.id.example",
        ];
        for wrong in wrong {
            assert!(safe_url(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let settings = ProviderSettings {
            issuer: "https://id.example/?a=b".to_owned(),
            client_id: "a b".to_owned(),
            authentication: ClientAuthentication::None,
            algorithm: TokenAlgorithm::Rs256,
            scopes: vec!["profile email".to_owned()],
            account_claim: String::new(),
            subject_kind: SubjectKind::NotSaid,
            roles_claim: None,
            with_mail: false,
        };
        use SettingsProblem::{Claim, ClientId, Issuer, Scope};
        assert_eq!(settings.problems(), [Issuer, ClientId, Scope, Claim]);
    }
}
