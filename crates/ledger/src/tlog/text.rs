//! The small texts all formats here are made of: decimal numbers and base64, each with one way to write it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Hash;

/// A number without sign or leading zeros; `0` itself is `0`.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

/// Standard base64 with padding (RFC 4648, section 4).
pub(super) fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of standard base64, only in the one form that encoding them gives: padded, with no stray bits and no line ends.
pub(super) fn unbase64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A hash in standard base64.
pub(super) fn hash(text: &str) -> Option<Hash> {
    unbase64(text)?.try_into().ok()
}

/// The bytes as UTF-8 without control characters below U+0020 other than line ends.
pub(super) fn printable(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| text.bytes().all(|byte| byte == b'\n' || byte >= b' '))
}
