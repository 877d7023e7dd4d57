//! What anyone may read: the ledger, the description of the interface, whether it works; and figures for who runs it.

use bezwaar_server::portal::api::{OPENAPI_FILE, openapi};

use crate::portal_kit::World;

#[test]
fn the_description_in_docs_is_the_one_of_the_endpoints() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(OPENAPI_FILE);
    let text = openapi().unwrap();
    if std::env::var_os("BEZWAAR_REGENERATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "docs/{OPENAPI_FILE} is not up to date: run this test with BEZWAAR_REGENERATE=1");
}

/// A line of the list for each endpoint.
fn endpoints() -> String {
    let description: serde_json::Value = serde_json::from_str(&openapi().unwrap()).unwrap();
    let mut lines = "| endpoint | what for | who |\n|---|---|---|\n".to_owned();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, one) in methods.as_object().unwrap() {
            let security = one["security"].as_array().cloned().unwrap_or_default();
            let schemes: Vec<&String> = security.iter().flat_map(|one| one.as_object().unwrap().keys()).collect();
            let anybody = security.is_empty() || security.iter().any(|one| one.as_object().unwrap().is_empty());
            let who = match (anybody, schemes.iter().any(|scheme| *scheme == "caller")) {
                (true, _) => "anybody",
                (false, true) => "a contracted caller",
                (false, false) => "who is signed in",
            };
            lines.push_str(&format!("| `{} {path}` | {} | {who} |\n", method.to_uppercase(), one["summary"].as_str().unwrap()));
        }
    }
    lines
}

#[test]
fn the_list_of_endpoints_in_docs_is_that_of_the_description() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("this list from the endpoints -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end of endpoints -->").unwrap();
    let expected = format!("{before}this list from the endpoints -->\n{}<!-- end of endpoints -->{after}", endpoints());
    if std::env::var_os("BEZWAAR_REGENERATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &expected).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == expected, "docs/api.md is not up to date: run this test with BEZWAAR_REGENERATE=1");
}

#[test]
fn the_description_is_served_as_it_stands_in_docs() {
    let mut world = World::new("");
    let running = world.start();
    let answer = running.get("/api/v1/openapi.json");
    assert_eq!((answer.status, answer.text()), (200, openapi().unwrap().as_str()));
    assert_eq!(answer.json()["openapi"], "3.1.0");
}

#[test]
fn a_problem_says_where_it_is_described() {
    let mut world = World::new("");
    let running = world.start();
    let problem = running.get("/api/v1/none");
    assert_eq!(problem.problem(), "not-found");
    let kind = problem.json()["type"].as_str().unwrap().strip_prefix("http://127.0.0.1:7390").unwrap().to_owned();
    assert_eq!(running.get(&kind).json()["status"], 404);
    assert_eq!(running.get("/api/v1/problems/none").problem(), "not-found");
    assert_eq!(running.ask("POST", "/api/v1/state", &[], b"").problem(), "method");
}

#[test]
fn the_ledger_is_given_and_nothing_beside_it() {
    let mut world = World::new("");
    let running = world.start();
    assert_eq!(running.post("/api/v1/acts", &[], r#"{"person":"facebook:1001","act":"object"}"#).status, 201);
    let checkpoint = running.get("/ledger/checkpoint");
    assert_eq!((checkpoint.status, checkpoint.header("cache-control")), (200, Some("no-store")));
    assert!(checkpoint.text().starts_with("ledger.example/objections\n"));
    let width = checkpoint.text().lines().nth(1).unwrap().to_owned();
    let path = format!("/ledger/tile/0/000.p/{width}");
    let tile = running.get(&path);
    assert_eq!((tile.status, tile.header("content-type")), (200, Some("application/octet-stream")));
    assert_eq!(tile.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let head = running.ask("HEAD", &path, &[], b"");
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, Some(tile.body.len().to_string().as_str())));
    let tag = tile.header("etag").unwrap().to_owned();
    assert_eq!(running.ask("GET", &path, &[("if-none-match", &tag)], b"").status, 304);
    assert_eq!(running.ask("GET", &path, &[("if-none-match", &format!("\"x\", W/{tag}"))], b"").status, 304);
    assert_eq!(running.ask("GET", &path, &[("if-none-match", "\"x\"")], b"").status, 200);
    for path in [
        "/ledger/../register.toml",
        "/ledger/..%2fregister.toml",
        "/ledger/%2e%2e/register.toml",
        "/ledger/tile/..%2f..%2f..%2fkeys%2fledger.key",
        "/ledger/tile/0/..%2f..%2f..%2fregister.toml",
        "/ledger//etc/passwd",
        "/ledger/%2fetc%2fpasswd",
        "/ledger/checkpoint%00",
        "/ledger/keys/ledger.key",
        "/ledger/tile/0/001",
        "/ledger/",
    ] {
        assert!(matches!(running.get(path).status, 400 | 404), "{path}");
    }
}

#[test]
fn it_is_ready_while_the_ledger_is_published() {
    let mut world = World::new("");
    let running = world.start();
    assert_eq!(running.get("/health").json()["status"], "ok");
    let ready = (0..100).map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        running.get("/ready").status
    });
    assert!(ready.into_iter().any(|status| status == 200));
}

#[test]
fn figures_are_for_this_machine_and_name_nobody() {
    let mut world = World::new("");
    let running = world.start();
    let number = running.post("/api/v1/acts", &[], r#"{"person":"facebook:1001","act":"object"}"#).json()["number"].clone();
    assert_eq!(running.get("/nl/objection/B-0000-0000-0000-0000/x").status, 404);
    let metrics = running.get("/metrics");
    assert_eq!(metrics.status, 200);
    let text = metrics.text();
    assert!(text.contains(r#"bezwaar_http_requests_total{method="POST",route="/api/v1/acts",status="201"} 1"#), "{text}");
    assert!(text.contains(r#"route="/{language}/objection/{number}/{tag}""#), "{text}");
    assert!(text.contains("bezwaar_sessions 6"));
    assert!(!text.contains("1001") && !text.contains(number.as_str().unwrap()) && !text.contains("0000"));
    for header in ["x-forwarded-for", "forwarded", "via"] {
        assert_eq!(running.ask("GET", "/metrics", &[(header, "for=192.0.2.1")], b"").status, 404);
    }
}
