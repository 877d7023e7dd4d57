use std::path::Path;

#[test]
fn the_schema_of_import_mappings_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/import.schema.json");
    let schema = format!("{:#}\n", bezwaar_register::intake::import_schema());
    if std::env::var_os("BEZWAAR_REGENERATE").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let in_git = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        in_git == schema,
        "schemas/import.schema.json is not up to date: run BEZWAAR_REGENERATE=1 cargo test -p bezwaar-register generated"
    );
}

#[test]
fn the_example_in_the_docs_is_read() {
    let page = include_str!("../../../../../docs/import-format.md");
    let examples: Vec<&str> =
        page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).filter(|text| text.contains("[map]")).collect();
    assert!(!examples.is_empty());
    for text in examples {
        bezwaar_register::intake::Mapping::parse("import-format.md", text).unwrap_or_else(|problems| panic!("{problems:?}"));
    }
}
