//! Test tenants, with mocks of both providers standing in for them.

mod doctor;
mod killed;
mod late;
mod people;
mod secrets;
mod standin;
mod window;

use std::path::Path;

use cutover::tenant::credentials::VARIABLES;

#[test]
fn the_documentation_names_every_setting() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/test-tenants.md")).expect("the page");
    for variable in VARIABLES {
        let name = format!("`{}`", variable.name);
        assert!(text.contains(&name), "{name}");
    }
}
