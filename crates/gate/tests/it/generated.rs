//! What is generated from this crate, and kept in git.

use std::path::Path;

#[test]
fn the_schema_of_jobs_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/job.schema.json");
    let schema = format!("{:#}\n", bezwaar_gate::job::job_schema());
    if std::env::var_os("BEZWAAR_REGENERATE").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let in_git = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(in_git == schema, "schemas/job.schema.json is not up to date: run BEZWAAR_REGENERATE=1 cargo test -p bezwaar-gate generated");
}
