//! The ledger's static files, as [C2SP tlog-tiles](https://c2sp.org/tlog-tiles) has them: anyone can follow it from here.
//!
//! Only what a ledger consists of is given, under the names it has by that specification; whatever else stands in the folder is not.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::Kind;
use crate::files::read_limited;
use crate::portal::secrets::sha256_hex;
use crate::portal::web::Visit;

/// The longest file of a ledger, in bytes, that is given.
pub const LEDGER_FILE_BYTES_MAX: usize = 16 << 20;
/// Policies, seals and statements stand under their hashes, tiles under their places: neither ever changes.
const FOREVER: &str = "public, max-age=31536000, immutable";
const SHORTLY: &str = "public, max-age=300";

/// How a file is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Given {
    media_type: &'static str,
    cache: &'static str,
}

/// How the file with this name is given; nothing if a ledger has no such file.
fn given(path: &str) -> Option<Given> {
    let text = "text/plain; charset=utf-8";
    match path {
        "checkpoint" => return Some(Given { media_type: text, cache: "no-store" }),
        "trust.policy" => return Some(Given { media_type: text, cache: SHORTLY }),
        _ => {}
    }
    let bytes = Given { media_type: "application/octet-stream", cache: FOREVER };
    let mut parts = path.split('/');
    match parts.next()? {
        "documents" => {
            let name = parts.next()?;
            let hash = name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            (hash && parts.next().is_none()).then_some(bytes)
        }
        "tile" => {
            let level = parts.next()?;
            let known = level == "entries" || (level.len() <= 2 && level.bytes().all(|byte| byte.is_ascii_digit()) && !level.is_empty());
            let rest: Vec<&str> = parts.collect();
            (known && is_place(&rest)).then_some(bytes)
        }
        _ => None,
    }
}

/// `x001/x234/067`, and for a tile that is not full `x001/x234/067.p/8`.
fn is_place(parts: &[&str]) -> bool {
    let three = |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let (parts, partial) = match parts {
        [before @ .., last, width] if last.ends_with(".p") => {
            let count = width.parse::<u16>().is_ok_and(|count| (1..256).contains(&count) && count.to_string() == *width);
            if !count {
                return false;
            }
            (before, last.strip_suffix(".p"))
        }
        other => (other, None),
    };
    let (before, last) = match (partial, parts) {
        (Some(last), before) => (before, last),
        (None, [before @ .., last]) => (before, *last),
        (None, []) => return false,
    };
    three(last) && before.len() <= 6 && before.iter().all(|part| part.strip_prefix('x').is_some_and(three))
}

/// A file of the ledger
///
/// `checkpoint`, `tile/…`, `documents/HASH` and `trust.policy`. Tiles and documents never change and may be kept for good; the checkpoint changes about once a second.
#[utoipa::path(get, path = "/ledger/{path}", tag = "ledger", operation_id = "ledgerFile",
    params(("path" = String, Path, description = "The name of the file, with slashes", example = "checkpoint")),
    responses((status = 200, description = "The file", content((String = "text/plain"), (String = "application/octet-stream"))),
        (status = 304, description = "It is still what `If-None-Match` names"),
        (status = 404, body = super::problem::ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn file(visit: Visit, Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(how) = given(&path) else { return Kind::NotFound.of().answer(&visit) };
    let name = visit.app.folder.join("public").join(&path);
    let read = tokio::task::spawn_blocking(move || read_limited(&name, LEDGER_FILE_BYTES_MAX)).await;
    let bytes = match read {
        Ok(Ok(Some(bytes))) => bytes,
        Ok(Ok(None)) => return Kind::NotFound.of().answer(&visit),
        Ok(Err(_)) | Err(_) => {
            visit.app.trace("a file of the ledger could not be read");
            return Kind::Failed.of().answer(&visit);
        }
    };
    let tag = format!("\"{}\"", sha256_hex(&bytes).get(..32).unwrap_or_default());
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_known = known.flat_map(|text| text.split(',')).any(|text| text.trim() == "*" || text.trim().trim_start_matches("W/") == tag);
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { bytes.into_response() };
    let fields = response.headers_mut();
    if !is_known {
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(how.media_type));
    }
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(how.cache));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        fields.insert(header::ETAG, tag);
    }
    // Anyone may read a ledger, from any page.
    fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    fields.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_ledger_consists_of_is_given_and_nothing_else() {
        let hash = "0a".repeat(32);
        for good in [
            "checkpoint".to_owned(),
            "trust.policy".to_owned(),
            format!("documents/{hash}"),
            "tile/0/000".to_owned(),
            "tile/entries/x001/x234/067".to_owned(),
            "tile/0/x001/234.p/255".to_owned(),
            "tile/63/000.p/1".to_owned(),
        ] {
            assert!(given(&good).is_some(), "{good}");
        }
        for bad in [
            "",
            "/checkpoint",
            "checkpoint/",
            "../keys/ledger.key",
            "tile/../../keys/ledger.key",
            "tile/0/../../../register.toml",
            "documents/../checkpoint",
            "tile/0",
            "tile/0/",
            "tile//000",
            "tile/000/000",
            "tile/0/0",
            "tile/0/000.p",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/+1",
            "tile/0/001/000",
            "tile/0/x001",
            "tile/0/000.p.p/1",
            "tile/ab/000",
            "tile/0/000/",
            "register.toml",
            ".checkpoint.new",
            "documents/",
        ] {
            assert_eq!(given(bad), None, "{bad}");
        }
        assert_eq!(given(&format!("documents/{}", hash.to_uppercase())), None);
        assert_eq!(given(&format!("documents/{hash}/x")), None);
    }
}
