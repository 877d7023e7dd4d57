//! Accounts: how people are named, and when two names are the same account.
//!
//! How each service writes its names is data (`policies/services.toml`), read into [`Services`]; this module knows no service.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What kind of name an account goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The service's stable id, digits only.
    Id,
    /// A name the person chose and may change.
    Handle,
    /// A phone number, E.164.
    Phone,
    /// A mail address.
    Mail,
    /// A page about or by the person.
    Url,
    /// An id to be taken as it is.
    Opaque,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 6] = [Kind::Id, Kind::Handle, Kind::Phone, Kind::Mail, Kind::Url, Kind::Opaque];

    /// The spelling in job files and extracts.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Id => "id",
            Kind::Handle => "handle",
            Kind::Phone => "phone",
            Kind::Mail => "mail",
            Kind::Url => "url",
            Kind::Opaque => "opaque",
        }
    }

    /// The kind with this spelling.
    pub fn lookup(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A normalised account: equal exactly when it is the same account. Its `Debug` and `Display` do not show it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    // INVARIANT: `service:kind:value`, all three normalised.
    canonical: String,
    service_len: usize,
}

impl Account {
    /// The normalised form the subject key is computed over. Personal data: never put it in an error or a trace.
    pub fn expose_canonical(&self) -> &str {
        &self.canonical
    }

    /// The service, or `mail`, `tel`, `url` for a person without an account.
    pub fn service(&self) -> &str {
        self.canonical.get(..self.service_len).unwrap_or_default()
    }

    /// The kind of name.
    pub fn kind(&self) -> Kind {
        let rest = self.canonical.get(self.service_len + 1..).unwrap_or_default();
        rest.split_once(':').and_then(|(kind, _)| Kind::lookup(kind)).unwrap_or(Kind::Opaque)
    }

    /// Whether it names an account of a service, not just a person by mail, phone or page.
    pub fn has_service(&self) -> bool {
        !matches!(self.service(), "mail" | "tel" | "url")
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({}:…)", self.service())
    }
}

impl Account {
    /// Reads an account in its normalised form, as [`Account::expose_canonical`] gives it. Nothing is normalised: a text no normaliser
    /// would have written is refused, as far as that can be told without the rules of its service.
    pub fn from_canonical(text: &str) -> Option<Account> {
        let (service, rest) = text.split_once(':')?;
        let (kind, value) = rest.split_once(':')?;
        let kind = Kind::lookup(kind)?;
        let own_kind = match service {
            "mail" => kind == Kind::Mail,
            "tel" => kind == Kind::Phone,
            "url" => kind == Kind::Url,
            _ => true,
        };
        let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        let in_kind = match kind {
            Kind::Id => digits(value),
            Kind::Phone => value.strip_prefix('+').is_some_and(|number| (7..=15).contains(&number.len()) && digits(number)),
            Kind::Mail => value.contains('@'),
            Kind::Url => value.contains("://") && !value.ends_with('/'),
            Kind::Handle | Kind::Opaque => true,
        };
        // Lower case can take more bytes than the letters it was made from, but not twice as many.
        let in_bounds = !service.is_empty() && (1..=2 * ACCOUNT_BYTES_MAX).contains(&value.len());
        let sound = own_kind && in_kind && in_bounds && service.bytes().all(good) && !value.contains(char::is_control);
        sound.then(|| Account { canonical: text.to_owned(), service_len: service.len() })
    }
}

/// How one service writes its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRule {
    /// Handles differ by case.
    pub handles_exact: bool,
    /// What a value of digits only is.
    pub digits: Kind,
    /// What any other value is.
    pub other: Kind,
    /// Values that name nobody, lower-cased.
    pub sentinels: BTreeSet<String>,
}

impl Default for ServiceRule {
    fn default() -> ServiceRule {
        ServiceRule { handles_exact: false, digits: Kind::Id, other: Kind::Handle, sentinels: BTreeSet::new() }
    }
}

/// Bumped when normalisation changes, since keys made with another version do not match.
pub const NORMALISER_VERSION: u32 = 1;

/// Values that name nobody on any service, lower-cased.
const SENTINELS: [&str; 14] =
    ["", "nan", "none", "null", "n/a", "na", "nil", "undefined", "unknown", "[deleted]", "[removed]", "0", "-1", "[unknown]"];

/// The longest account value, in bytes, that is taken for a name.
pub const ACCOUNT_BYTES_MAX: usize = 2048;

/// How the services write their names. A service that is not listed follows [`ServiceRule::default`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services {
    rules: BTreeMap<String, ServiceRule>,
}

impl Services {
    /// The services with these rules.
    pub fn new(rules: BTreeMap<String, ServiceRule>) -> Services {
        Services { rules }
    }

    /// The listed services.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ServiceRule)> {
        self.rules.iter().map(|(id, rule)| (id.as_str(), rule))
    }

    /// All rules as one text: the same for the same rules, another for any others. Keys made under rules with another text may not
    /// match.
    pub fn canonical_text(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| text.extend([name, " ", value, "\n"]);
        // What was written freely has its length before it, so that no text can look like more lines.
        let counted = |value: &str| format!("{} {value}", value.len());
        for (id, rule) in &self.rules {
            line("service", &counted(id));
            line("handles", if rule.handles_exact { "exact" } else { "ignore-case" });
            line("digits", rule.digits.as_str());
            line("other", rule.other.as_str());
            rule.sentinels.iter().for_each(|sentinel| line("sentinel", &counted(sentinel)));
        }
        text
    }

    /// Whether names of a kind can be those of a service, so that a name in a dataset and the same name in a choice are one account.
    pub fn has_kind(&self, service: &str, kind: Kind) -> bool {
        let fallback = ServiceRule::default();
        let rule = self.rules.get(&service.trim().to_ascii_lowercase()).unwrap_or(&fallback);
        match service.trim().to_ascii_lowercase().as_str() {
            "mail" => kind == Kind::Mail,
            "tel" => kind == Kind::Phone,
            "url" => kind == Kind::Url,
            _ => kind == rule.digits || kind == rule.other,
        }
    }

    /// Reads `service:value`, as the exchange formats write it. `None`: it names nobody.
    pub fn parse(&self, text: &str) -> Option<Account> {
        let (service, value) = text.trim().split_once(':')?;
        self.resolve(service, None, value)
    }

    /// The account a value names on a service. Without a kind, the kind is told from the value. `None`: it names nobody.
    pub fn resolve(&self, service: &str, kind: Option<Kind>, value: &str) -> Option<Account> {
        let service = service.trim().to_ascii_lowercase();
        let value = visible(value);
        let value = value.trim();
        // Some datasets write the service into the value as well.
        let value =
            value.split_once(':').filter(|(own, _)| own.trim().eq_ignore_ascii_case(&service)).map_or(value, |(_, rest)| rest.trim());
        let ok = !service.is_empty() && service.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !ok || value.len() > ACCOUNT_BYTES_MAX {
            return None;
        }
        let fallback = ServiceRule::default();
        let rule = self.rules.get(&service).unwrap_or(&fallback);
        let lower = value.to_lowercase();
        if SENTINELS.contains(&lower.as_str()) || rule.sentinels.contains(&lower) {
            return None;
        }
        let kind = match (service.as_str(), kind) {
            ("mail", _) => Kind::Mail,
            ("tel", _) => Kind::Phone,
            ("url", _) => Kind::Url,
            // Digits are what the service says they are, unless a leading `@` makes them a handle.
            (_, Some(Kind::Handle) | None) => told_from(value, rule),
            (_, Some(kind)) => kind,
        };
        let normal = match kind {
            Kind::Id => normal_id(value)?,
            Kind::Handle => normal_handle(value, rule.handles_exact)?,
            Kind::Phone => normal_phone(value)?,
            Kind::Mail => normal_mail(value)?,
            Kind::Url => normal_url(value)?,
            Kind::Opaque => value.to_owned(),
        };
        let canonical = format!("{service}:{}:{normal}", kind.as_str());
        Some(Account { canonical, service_len: service.len() })
    }
}

/// A value without the characters nobody sees, and with full-width letters and digits as plain ones.
fn visible(value: &str) -> String {
    let hidden = |letter: char| {
        matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
            || letter.is_control()
    };
    let narrow = |letter: char| match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(letter as u32 - 0xfee0).unwrap_or(letter),
        other => other,
    };
    value.chars().filter(|letter| !hidden(*letter)).map(narrow).collect()
}

fn told_from(value: &str, rule: &ServiceRule) -> Kind {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(value) {
        rule.digits
    } else if value.strip_prefix('+').is_some_and(|rest| rest.bytes().any(|byte| byte.is_ascii_digit())) {
        Kind::Phone
    } else if rule.digits == Kind::Phone && value.split('@').next().is_some_and(digits_of_phone) {
        // A number with separators, or with the network's own host behind it.
        Kind::Phone
    } else {
        rule.other
    }
}

fn digits_of_phone(value: &str) -> bool {
    value.bytes().filter(u8::is_ascii_digit).count() >= 7 && !value.chars().any(char::is_alphabetic)
}

fn normal_id(value: &str) -> Option<String> {
    if !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let trimmed = value.trim_start_matches('0');
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

fn normal_handle(value: &str, exact: bool) -> Option<String> {
    let bare = value.trim_start_matches('@').trim();
    // Lists, quotes, links and blanks are not part of anyone's handle: what holds them names somebody we cannot tell.
    let foreign = bare.contains(|letter: char| letter.is_whitespace() || "[]{}()<>;,|\"'`\\/?#&=".contains(letter));
    if bare.is_empty() || foreign || (bare == value && was_a_float(bare)) {
        return None;
    }
    Some(if exact { bare.to_owned() } else { bare.to_lowercase() })
}

/// `1234.0` or `1.234e+18`: an id that went through a floating-point column is no longer that id, and no handle either.
/// A leading `@` says that it is a handle all the same.
fn was_a_float(value: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((whole, rest)) = value.split_once('.') else {
        let power = value.split_once(['e', 'E']).map(|(whole, power)| (whole, power.trim_start_matches(['+', '-'])));
        return power.is_some_and(|(whole, power)| digits(whole) && digits(power));
    };
    let fraction = rest.split_once(['e', 'E']).map(|(fraction, power)| (fraction, power.trim_start_matches(['+', '-'])));
    digits(whole) && (rest.bytes().all(|byte| byte == b'0') || fraction.is_some_and(|(fraction, power)| digits(fraction) && digits(power)))
}

/// E.164: `+`, a country code that does not begin with 0, 7 to 15 digits in all.
fn normal_phone(value: &str) -> Option<String> {
    // What follows an `@` is the network's, and a zero in brackets is for callers at home.
    let value = value.split('@').next().unwrap_or_default().trim();
    let value = value.get(..4).filter(|start| start.eq_ignore_ascii_case("tel:")).and_then(|_| value.get(4..)).unwrap_or(value);
    let value = value.replace("(0)", "");
    if was_a_float(value.trim_start_matches('+')) {
        return None;
    }
    let mut digits = String::new();
    let mut plus = false;
    for letter in value.chars() {
        match letter {
            '+' if digits.is_empty() && !plus => plus = true,
            '0'..='9' => digits.push(letter),
            ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' => {}
            _ => return None,
        }
    }
    let international = if plus { Some(digits.as_str()) } else { digits.strip_prefix("00") };
    // Services that name people by bare digits write the country code without a plus.
    let number = international.unwrap_or(&digits);
    let good = (7..=15).contains(&number.len()) && !number.starts_with('0');
    good.then(|| format!("+{number}"))
}

fn normal_mail(value: &str) -> Option<String> {
    let value = value.get(..7).filter(|start| start.eq_ignore_ascii_case("mailto:")).and_then(|_| value.get(7..)).unwrap_or(value);
    let value = value.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(value).trim();
    let (local, domain) = value.rsplit_once('@')?;
    // One plain address; what else stands here names somebody we cannot tell.
    let foreign = value.contains(|letter: char| letter.is_whitespace() || "<>;,\"'()[]|\\".contains(letter)) || local.contains('@');
    let good = !local.is_empty() && !domain.is_empty() && !foreign;
    good.then(|| format!("{}@{}", local.to_lowercase(), domain.trim_end_matches('.').to_lowercase()))
}

fn normal_url(value: &str) -> Option<String> {
    let without_fragment = value.split('#').next().unwrap_or_default();
    let (scheme, rest) = without_fragment.split_once("://").unwrap_or(("https", without_fragment));
    let (host, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    if host.is_empty() {
        return None;
    }
    // http and https lead to the same page.
    let scheme = if scheme.eq_ignore_ascii_case("http") { "https".to_owned() } else { scheme.to_lowercase() };
    Some(format!("{scheme}://{}{}", host.to_lowercase(), path.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services() -> Services {
        let opaque = ServiceRule { other: Kind::Opaque, digits: Kind::Opaque, ..ServiceRule::default() };
        let phones = ServiceRule { digits: Kind::Phone, ..ServiceRule::default() };
        let deleted = ServiceRule { sentinels: BTreeSet::from(["gone user".to_owned()]), ..ServiceRule::default() };
        Services::new(BTreeMap::from([("key".to_owned(), opaque), ("chat".to_owned(), phones), ("forum".to_owned(), deleted)]))
    }

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        let account = services().parse(text);
        if let Some(account) = &account {
            assert_eq!(Account::from_canonical(account.expose_canonical()).as_ref(), Some(account), "{text}");
        }
        assert_eq!(account.as_ref().map(Account::expose_canonical), expect, "{text}");
    }

    #[test]
    fn names_are_normalised_per_kind() {
        check("pics:Noor.V", Some("pics:handle:noor.v"));
        check("pics:@noor.v", Some("pics:handle:noor.v"));
        check("pics:1001", Some("pics:id:1001"));
        check("pics:0001001", Some("pics:id:1001"));
        check("pics:@1001", Some("pics:handle:1001"));
        check("key:aBc", Some("key:opaque:aBc"));
        check("key:123", Some("key:opaque:123"));
        check("chat:31612345678", Some("chat:phone:+31612345678"));
        check("chat:+31 6 1234-5678", Some("chat:phone:+31612345678"));
        check("tel:0031 6 12345678", Some("tel:phone:+31612345678"));
        check("mail:<Noor@Example.NL>", Some("mail:mail:noor@example.nl"));
        check("url:HTTP://Example.org/a/#x", Some("url:url:https://example.org/a"));
        check("pics:\u{200e}noor.v\u{200b}", Some("pics:handle:noor.v"));
        check("pics:@@noor.v", Some("pics:handle:noor.v"));
        check("pics:\u{ff11}\u{ff10}01", Some("pics:id:1001"));
        check("pics:pics:1001", Some("pics:id:1001"));
        check("chat:\u{202a}+31 6 12345678\u{202c}", Some("chat:phone:+31612345678"));
        check("chat:+31 (0)6 12345678", Some("chat:phone:+31612345678"));
        check("chat:31612345678@net", Some("chat:phone:+31612345678"));
        check("mail:mailto:jan@x.nl", Some("mail:mail:jan@x.nl"));
    }

    #[test]
    fn sentinels_name_nobody() {
        for text in [
            "x:",
            "x:nan",
            "x:[deleted]",
            "x:NULL",
            "x: ",
            "x:0",
            "forum:Gone User",
            "noservice",
            "mail:nobody",
            "tel:0612",
            ":5",
            "x:1234.0",
            "x:1.7e+18",
            "x:1e3",
            "x:[1001]",
            "x:1001;77",
            "x:1,001",
            "x:noor.v/",
            "chat:31612345678.0",
            "tel:+31612345678.0",
            "mail:jan@x.nl;piet@x.nl",
            "mail:jan@@x.nl",
            "mail:jan@x.nl>",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn the_text_of_the_rules_tells_all_rules_apart() {
        assert_eq!(Services::default().canonical_text(), "");
        let told = services().canonical_text();
        assert!(told.starts_with("service 4 chat\nhandles ignore-case\ndigits phone\nother handle\nservice 5 forum\n"), "{told}");
        assert!(told.contains("\nsentinel 9 gone user\nservice 3 key\n"), "{told}");
        let one = |rule: ServiceRule| Services::new(BTreeMap::from([("a".to_owned(), rule)])).canonical_text();
        let sentinels =
            |list: &[&str]| ServiceRule { sentinels: list.iter().map(|text| (*text).to_owned()).collect(), ..ServiceRule::default() };
        let texts = BTreeSet::from([
            String::new(),
            one(ServiceRule::default()),
            one(ServiceRule { handles_exact: true, ..ServiceRule::default() }),
            one(ServiceRule { digits: Kind::Phone, ..ServiceRule::default() }),
            one(ServiceRule { other: Kind::Opaque, ..ServiceRule::default() }),
            one(sentinels(&["x"])),
            one(sentinels(&["x", "y"])),
            one(sentinels(&["x\nsentinel 1 y"])),
        ]);
        assert_eq!(texts.len(), 8);
    }

    #[test]
    fn a_kind_given_does_not_hide_digits_from_the_services_rule() {
        let resolved = |kind, value| services().resolve("pics", kind, value).map(|account| account.expose_canonical().to_owned());
        assert_eq!(resolved(Some(Kind::Handle), "1001").as_deref(), Some("pics:id:1001"));
        assert_eq!(resolved(Some(Kind::Handle), "@1001").as_deref(), Some("pics:handle:1001"));
    }

    #[test]
    fn debug_hides_the_name() {
        let account = services().parse("pics:noor.v").unwrap();
        assert_eq!(format!("{account:?}"), "Account(pics:…)");
        assert_eq!((account.service(), account.kind()), ("pics", Kind::Handle));
    }

    #[test]
    fn only_normalised_accounts_are_read_back() {
        let refused = [
            "club:noor",
            "club:handle:",
            ":handle:noor",
            "Club:handle:noor",
            "cl ub:handle:noor",
            "club:nick:noor",
            "club:id:007",
            "club:id:7a",
            "tel:phone:31612345678",
            "tel:phone:+0612345678",
            "tel:phone:+123456",
            "tel:handle:noor",
            "mail:mail:noor",
            "mail:handle:noor@example.org",
            "url:url:example.org",
            "url:url:https://example.org/",
            "club:handle:no\u{7}or",
        ];
        for text in refused {
            assert_eq!(Account::from_canonical(text), None, "{text}");
        }
        let long = |bytes: usize| format!("club:handle:{}", "a".repeat(bytes));
        assert!(Account::from_canonical(&long(2 * ACCOUNT_BYTES_MAX)).is_some());
        assert!(Account::from_canonical(&long(2 * ACCOUNT_BYTES_MAX + 1)).is_none());
    }
}
