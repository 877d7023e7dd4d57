//! What a token says, once its signature has been verified.

use std::collections::BTreeMap;
use std::fmt;

use bezwaar_core::time::Instant;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::token::TokenError;

/// The most seconds by which two clocks may differ.
pub const CLOCK_SKEW_SECONDS_MAX: i64 = 60;
/// The longest account, subject, mail address or role that a token may name, in bytes.
pub const CLAIM_BYTES_MAX: usize = 255;
/// The most audiences, and the most roles, that a token may name.
pub const CLAIM_VALUES_MAX: usize = 64;
/// The last second that is taken for a time: the end of the year 9999.
const SECONDS_MAX: i64 = 253_402_300_799;
const MICROS: i64 = 1_000_000;

/// The claims of a token (RFC 7519, section 4). A name that stands twice is refused. Its `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Claims(BTreeMap<String, Value>);

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims(…)")
    }
}

impl Claims {
    /// A claim of any form. A claim that is `null` is none.
    pub fn lookup(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A claim that must be a text if it is there.
    pub(crate) fn text(&self, claim: &'static str) -> Result<Option<&str>, TokenError> {
        match self.lookup(claim) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(TokenError::Form { claim }),
        }
    }

    /// A claim that must be there, and a text.
    pub(crate) fn needed_text(&self, claim: &'static str) -> Result<&str, TokenError> {
        self.text(claim)?.ok_or(TokenError::Missing { claim })
    }

    /// A claim that must be a time if it is there: seconds since 1970, whole or not (RFC 7519, section 2).
    pub(crate) fn time(&self, claim: &'static str) -> Result<Option<Instant>, TokenError> {
        let Some(value) = self.lookup(claim) else { return Ok(None) };
        let micros = match (value.as_i64(), value.as_f64()) {
            (Some(seconds), _) if (0..=SECONDS_MAX).contains(&seconds) => seconds * MICROS,
            (None, Some(seconds)) if (0.0..=SECONDS_MAX as f64).contains(&seconds) => (seconds * MICROS as f64) as i64,
            _ => return Err(TokenError::Form { claim }),
        };
        Ok(Some(Instant::from_micros(micros)))
    }

    /// A claim that must be there, and a time.
    pub(crate) fn needed_time(&self, claim: &'static str) -> Result<Instant, TokenError> {
        self.time(claim)?.ok_or(TokenError::Missing { claim })
    }

    /// The audiences: a text, or a list of texts that is not empty.
    pub(crate) fn audiences(&self) -> Result<Vec<&str>, TokenError> {
        let claim = "aud";
        let value = self.lookup(claim).ok_or(TokenError::Missing { claim })?;
        let audiences = texts(value).filter(|audiences| (1..=CLAIM_VALUES_MAX).contains(&audiences.len()));
        audiences.ok_or(TokenError::Form { claim })
    }

    /// A claim, or one within others by a path with points, as a text that names somebody: a text, or a whole number as its digits.
    ///
    /// `None` if it is missing, empty, longer than [`CLAIM_BYTES_MAX`], begins or ends in white space, or has a control character.
    pub(crate) fn name(&self, path: &str) -> Option<String> {
        let name = match self.by_path(path)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.as_u64()?.to_string(),
            _ => return None,
        };
        is_name(&name).then_some(name)
    }

    /// A claim, or one within others by a path with points, as a list of texts. Missing is none; one that is not such a list is `None`.
    pub(crate) fn names(&self, path: &str) -> Option<Vec<String>> {
        let Some(value) = self.by_path(path) else { return Some(Vec::new()) };
        let names = texts(value)?;
        let sound = names.len() <= CLAIM_VALUES_MAX && names.iter().all(|name| is_name(name));
        sound.then(|| names.into_iter().map(str::to_owned).collect())
    }

    /// A claim whose own name has the points goes before one within others.
    fn by_path(&self, path: &str) -> Option<&Value> {
        if let Some(value) = self.lookup(path) {
            return Some(value);
        }
        let mut steps = path.split('.');
        let first = self.lookup(steps.next()?)?;
        steps.try_fold(first, |value, step| value.get(step)).filter(|value| !value.is_null())
    }
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(values) => values.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn is_name(text: &str) -> bool {
    (1..=CLAIM_BYTES_MAX).contains(&text.len()) && text.trim() == text && !text.contains(char::is_control)
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Claims, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Claims;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
                let mut claims = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if claims.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name stands twice"));
                    }
                }
                Ok(Claims(claims))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(json: &str) -> Claims {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        assert!(serde_json::from_str::<Claims>(r#"{"sub":"a","sub":"b"}"#).is_err());
        assert!(serde_json::from_str::<Claims>("[]").is_err());
    }

    #[test]
    fn times_are_seconds() {
        let micros = |json: &str| claims(json).time("exp").map(|at| at.map(Instant::as_micros));
        assert_eq!(micros(r#"{"exp":1300819380}"#), Ok(Some(1_300_819_380_000_000)));
        assert_eq!(micros(r#"{"exp":1.5}"#), Ok(Some(1_500_000)));
        assert_eq!(micros(r#"{"exp":null}"#), Ok(None));
        assert_eq!(micros("{}"), Ok(None));
        assert_eq!(micros(&format!(r#"{{"exp":{SECONDS_MAX}}}"#)), Ok(Some(SECONDS_MAX * MICROS)));
        for wrong in [format!("{}", SECONDS_MAX + 1), "-1".to_owned(), "\"1\"".to_owned(), "1e300".to_owned(), "true".to_owned()] {
            assert_eq!(micros(&format!(r#"{{"exp":{wrong}}}"#)), Err(TokenError::Form { claim: "exp" }), "{wrong}");
        }
    }

    #[test]
    fn names_are_texts_or_whole_numbers_and_no_others() {
        let name = |json: &str| claims(json).name("id");
        assert_eq!(name(r#"{"id":"anna"}"#).as_deref(), Some("anna"));
        assert_eq!(name(r#"{"id":9007199254740993}"#).as_deref(), Some("9007199254740993"));
        assert_eq!(name(r#"{"id":18446744073709551615}"#).as_deref(), Some("18446744073709551615"));
        assert_eq!(name(&format!(r#"{{"id":"{}"}}"#, "x".repeat(CLAIM_BYTES_MAX))).map(|name| name.len()), Some(CLAIM_BYTES_MAX));
        assert_eq!(name(&format!(r#"{{"id":"{}"}}"#, "x".repeat(CLAIM_BYTES_MAX + 1))), None);
        // A number too large to be held exactly would be another account.
        for wrong in ["18446744073709551616", "1.0", "-1", "true", "[\"a\"]", "\"\"", "\" a\"", "\"a\\n\"", "null", "{}"] {
            assert_eq!(name(&format!(r#"{{"id":{wrong}}}"#)), None, "{wrong}");
        }
    }

    #[test]
    fn lists_have_an_end() {
        let list = |name: &str, count: usize| claims(&format!(r#"{{"{name}":[{}]}}"#, vec!["\"a\""; count].join(",")));
        assert_eq!(list("aud", CLAIM_VALUES_MAX).audiences().map(|list| list.len()), Ok(CLAIM_VALUES_MAX));
        assert_eq!(list("aud", CLAIM_VALUES_MAX + 1).audiences(), Err(TokenError::Form { claim: "aud" }));
        assert_eq!(list("roles", CLAIM_VALUES_MAX).names("roles").map(|list| list.len()), Some(CLAIM_VALUES_MAX));
        assert_eq!(list("roles", CLAIM_VALUES_MAX + 1).names("roles"), None);
    }

    #[test]
    fn names_may_stand_within_others() {
        let held = claims(r#"{"realm_access":{"roles":["staff","lead"]},"a.b":"whole","a":{"b":"part"}}"#);
        assert_eq!(held.names("realm_access.roles"), Some(vec!["staff".to_owned(), "lead".to_owned()]));
        assert_eq!(held.names("missing.roles"), Some(Vec::new()));
        assert_eq!(held.names("realm_access"), None);
        assert_eq!(held.name("a.b").as_deref(), Some("whole"));
        assert_eq!(claims(r#"{"roles":"staff"}"#).names("roles"), Some(vec!["staff".to_owned()]));
        assert_eq!(claims(r#"{"roles":["staff",1]}"#).names("roles"), None);
    }
}
