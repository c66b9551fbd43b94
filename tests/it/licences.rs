//! What the project is built from: licences that a company may ship, and no second TLS stack.

use std::process::Command;

use serde_json::Value;

/// Licences of which one must be on offer for every crate.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that must not come in: other TLS stacks, and RSA with a timing flaw (RUSTSEC-2023-0071).
const BANNED: &[&str] = &["openssl", "openssl-sys", "native-tls", "rsa"];

/// The platform that the tests run on: what other platforms need is not fetched.
fn host() -> String {
    let output = Command::new(env!("CARGO"))
        .args(["-vV"])
        .output()
        .expect("cargo runs tests, so it is there");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("cargo tells its host");
    host.to_owned()
}

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(["--filter-platform", &host()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs tests, so it is there");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let in_use = metadata["resolve"]["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .map(|node| node["id"].clone());
    let in_use: Vec<Value> = in_use.collect();
    let all = metadata["packages"].as_array().expect("packages");
    all.iter()
        .filter(|package| in_use.contains(&package["id"]))
        .cloned()
        .collect()
}

/// Whether an SPDX expression offers a way that is allowed.
fn allowed(expression: &str) -> bool {
    let expression = expression.replace(['(', ')'], "").replace('/', " OR ");
    expression.split(" OR ").any(|way| {
        way.split(" AND ")
            .all(|licence| ALLOWED.contains(&licence.trim()))
    })
}

#[test]
fn every_crate_offers_a_licence_that_may_be_shipped() {
    let refused: Vec<String> = packages()
        .iter()
        .filter_map(|package| {
            let licence = package["license"].as_str().unwrap_or("none");
            (!allowed(licence))
                .then(|| format!("{} {}: {licence}", package["name"], package["version"]))
        })
        .collect();
    assert!(refused.is_empty(), "licences to look at: {refused:#?}");
}

#[test]
fn no_banned_crate_comes_in() {
    let banned: Vec<String> = packages()
        .iter()
        .filter_map(|package| package["name"].as_str())
        .filter(|name| BANNED.contains(name))
        .map(str::to_owned)
        .collect();
    assert!(
        banned.is_empty(),
        "{banned:?} came in: `cargo tree -i` tells by whom"
    );
}
