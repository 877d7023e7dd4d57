//! Mail addresses that can be sent to.

use std::fmt;
use std::str::FromStr;

use lettre::Address;
use url::Host;

/// The longest address, in bytes (RFC 5321, section 4.5.3.1.3, less the angle brackets).
pub const ADDRESS_BYTES_MAX: usize = 254;
/// The longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
pub const LOCAL_PART_BYTES_MAX: usize = 64;

/// A mail address. Its `Debug` does not show it.
///
/// The part before the `@` is plain words with points between them: quoted parts and letters beyond ASCII are refused, since few servers take them. A name of a
/// domain may have any letters, and is kept as the servers know it (`xn--…`).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MailAddress {
    // INVARIANT: what `parse` lets through: nothing in it ends a line, a header or a command.
    local: String,
    domain: String,
}

impl MailAddress {
    /// Reads `name@domain`, without white space around it.
    pub fn parse(text: &str) -> Result<MailAddress, AddressError> {
        let (local, domain) = text.trim().rsplit_once('@').ok_or(AddressError)?;
        let words = || local.split('.');
        let local_sound = local.len() <= LOCAL_PART_BYTES_MAX && words().all(|word| !word.is_empty() && word.bytes().all(is_word_byte));
        let Ok(Host::Domain(domain)) = Host::parse(domain) else { return Err(AddressError) };
        let domain_sound = domain.split('.').all(is_label) && local.len() + 1 + domain.len() <= ADDRESS_BYTES_MAX;
        if !local_sound || !domain_sound {
            return Err(AddressError);
        }
        let address = MailAddress { local: local.to_owned(), domain };
        // What the mail client refuses is not kept either.
        address.to_client().map(|_| address)
    }

    /// The address. Personal data: never put it in an error, a trace or a metric.
    pub fn expose_address(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// The domain.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    pub(super) fn to_client(&self) -> Result<Address, AddressError> {
        Address::new(&self.local, &self.domain).map_err(|_| AddressError)
    }
}

impl FromStr for MailAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<MailAddress, AddressError> {
        MailAddress::parse(text)
    }
}

impl fmt::Debug for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailAddress(…)")
    }
}

/// `atext` of RFC 5322, section 3.2.3.
fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

/// A label of a domain name (RFC 1123, section 2.1; RFC 1035, section 2.3.4).
pub(super) fn is_label(label: &str) -> bool {
    let signs = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (1..=63).contains(&label.len()) && signs && !label.starts_with('-') && !label.ends_with('-')
}

/// A text that is no mail address that can be sent to. HTTP status 422.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressError;

impl AddressError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        "write the address as `name@domain`, without quotes and without accents before the `@`"
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is not a mail address that can be sent to")
    }
}

impl std::error::Error for AddressError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_use_are_taken() {
        let read = |text: &str| MailAddress::parse(text).map(|address| address.expose_address());
        assert_eq!(read("anna.jansen+b@example.nl").as_deref(), Ok("anna.jansen+b@example.nl"));
        assert_eq!(read(" o'brien@sub.example.ie ").as_deref(), Ok("o'brien@sub.example.ie"));
        assert_eq!(read("anna@BÜCHER.example").as_deref(), Ok("anna@xn--bcher-kva.example"));
        let local = "x".repeat(LOCAL_PART_BYTES_MAX);
        assert!(read(&format!("{local}@example.nl")).is_ok());
        assert!(read(&format!("x{local}@example.nl")).is_err());
        let domain = format!("{0}.{0}.{1}.nl", "a".repeat(61), "b".repeat(61));
        assert_eq!(local.len() + 1 + domain.len(), 253);
        assert!(read(&format!("{local}@b{domain}")).is_ok());
        assert!(read(&format!("{local}@bb{domain}")).is_err());
        assert_eq!(format!("{:?}", MailAddress::parse("anna@example.nl")), "Ok(MailAddress(…))");
    }

    #[test]
    fn nothing_gets_into_a_header_or_a_command() {
        let wrong = [
            "",
            "@",
            "a",
            "a@",
            "@b.nl",
            "a b@c.nl",
            "a..b@c.nl",
            ".a@c.nl",
            "a.@c.nl",
            "\"a\"@c.nl",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@b@c.nl",
            "a@c.nl\r\nBcc: x@y.nl",
            "a\r\n@c.nl",
            "a@c.nl>\r\nRCPT TO:<x@y.nl",
            "<a@c.nl>",
            "a@c .nl",
            "a@-c.nl",
            "a@c_d.nl",
            "a@c..nl",
            "é@c.nl",
            "a\0@c.nl",
            "a,b@c.nl",
            "a@c.nl,b@d.nl",
            "a(x)@c.nl",
            "a@c.nl.",
        ];
        for wrong in wrong {
            assert!(MailAddress::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
