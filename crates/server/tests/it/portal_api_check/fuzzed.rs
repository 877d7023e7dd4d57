//! The interface, tried with whatever its description allows and forbids: by Schemathesis, a program by other hands.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::{CREDENTIAL, seal, settings};
use crate::portal_kit::World;
use crate::servers::schemathesis;

/// What is looked at in every answer. Left out is `positive_data_acceptance`: which members an act needs depends on what it says, and the description gives all at once.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,\
                      negative_data_rejection,missing_required_header,unsupported_method,allow_header_conformance,ignored_auth";

/// Tries everything, as somebody signed in with a credential or as nobody. Fails with what was said, if a failure was found.
fn tried(known: bool) {
    let Some(program) = schemathesis() else { return };
    let mut world = World::new(&settings(1_000_000, "[limits]\ncalls-per-network = 60000000\n"));
    seal(&mut world, &["facebook:id:1001"], "meta-ai");
    let running = world.start();
    while running.get("/ready").status != 200 {
        std::thread::sleep(Duration::from_millis(50));
    }
    let scratch = tempfile::tempdir().unwrap();
    if known {
        let mark = running.get_as(&running.noor, "/api/v1/session").json()["form"].as_str().unwrap().to_owned();
        let text = format!(
            "[auth.openapi.session]\napi_key = \"{}\"\n[auth.openapi.form]\napi_key = \"{mark}\"\n\
             [auth.openapi.caller]\nbearer = \"{CREDENTIAL}\"\n",
            running.noor
        );
        std::fs::write(scratch.path().join("schemathesis.toml"), text).unwrap();
    }
    let mut command = Command::new(program);
    command.args(["run", &format!("http://{}/api/v1/openapi.json", running.address), "--checks", CHECKS]);
    command.args(["--seed", "20261122", "--generation-database", "none", "--no-color", "-n", "25"]);
    let output = command.current_dir(scratch.path()).stdin(Stdio::null()).output().unwrap();
    let said = format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("Operations:       13 selected / 13 total"), "{said}");
    // It was signed in, or was not.
    assert_eq!(said.contains("returned only 401/403"), !known, "{said}");
    let traces = world.traces.lock().unwrap();
    let troubles: Vec<&String> = traces.iter().filter(|line| !line.starts_with("release 7 of the caller")).collect();
    assert!(troubles.is_empty(), "{troubles:?}");
}

#[test]
fn anybody_may_send_anything() {
    tried(false);
}

#[test]
fn whoever_is_signed_in_and_has_a_credential_may_send_anything() {
    tried(true);
}
