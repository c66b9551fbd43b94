//! What a run leaves holds no secret, in whatever form it might have got there.

use std::path::Path;
use std::process::Output;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::standin::StandIn;

/// How tokens and made-up passwords begin.
const TOKENS: [&str; 3] = ["eyJ", "v1.", "aA1!"];

/// All that a run leaves in its folder: no secret of the environment, and nothing that looks like a token.
pub(super) fn none_in(stand_in: &StandIn, folder: &Path) {
    let mut folders = vec![folder.to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).expect("a file");
            let text = String::from_utf8_lossy(&bytes);
            assert_none(stand_in, &text, &path.display().to_string());
        }
    }
    assert!(files > 1, "{files} files");
}

/// What a command says: the same.
pub(super) fn none_told(stand_in: &StandIn, seen: &Output) {
    for (name, bytes) in [("stdout", &seen.stdout), ("stderr", &seen.stderr)] {
        assert_none(stand_in, &String::from_utf8_lossy(bytes), name);
    }
}

fn assert_none(stand_in: &StandIn, text: &str, place: &str) {
    for (name, value) in stand_in.environment() {
        if name.ends_with("SECRET") {
            for (form, written) in forms(&value) {
                assert!(!text.contains(&written), "{name}, {form}, in {place}");
            }
        }
    }
    for token in TOKENS {
        assert!(!text.contains(token), "{token} in {place}");
    }
}

/// A secret as it is, and as other things write it.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let json = serde_json::to_string(secret).expect("a text");
    let url = reqwest::Url::parse_with_params("http://localhost", [("", secret)]);
    let url = url.expect("a URL");
    let form = url
        .query()
        .expect("a query")
        .trim_start_matches('=')
        .to_owned();
    let percent = form.replace('+', "%20");
    let html = [
        ('&', "&amp;"),
        ('<', "&lt;"),
        ('>', "&gt;"),
        ('"', "&quot;"),
    ]
    .iter()
    .fold(secret.to_owned(), |text, (from, to)| {
        text.replace(*from, to)
    });
    let numbered = [
        ('&', "&#38;"),
        ('<', "&#60;"),
        ('>', "&#62;"),
        ('"', "&#34;"),
        ('\'', "&#39;"),
    ]
    .iter()
    .fold(secret.to_owned(), |text, (from, to)| {
        text.replace(*from, to)
    });
    let hex = secret.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    let hex = hex
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect();
    let mut forms = vec![
        ("as it is", secret.to_owned()),
        ("in JSON", json.trim_matches('"').to_owned()),
        ("in a form", form),
        ("in a URL", percent),
        ("in HTML", html),
        ("in HTML by numbers", numbered),
        ("in hexadecimal", hex),
    ];
    // Whatever stands before it: `user:secret` is encoded as one.
    for before in 0..3 {
        let padded = [&[b'x'; 3][..before], secret.as_bytes()].concat();
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded);
            // The first and last letters depend on what is around.
            forms.push(("in base64", text[4..text.len() - 2].to_owned()));
        }
    }
    forms
}

#[test]
fn every_form_is_found() {
    let secret = "s3cret/of+the &\"app<'>=";
    let found = |text: &str| -> Vec<&str> {
        let all = forms(secret).into_iter();
        all.filter(|(_, written)| text.contains(written.as_str()))
            .map(|(form, _)| form)
            .collect()
    };
    for user in ["a", "ab", "abc", "abcd"] {
        let basic = STANDARD_NO_PAD.encode(format!("{user}:{secret} and more"));
        assert!(found(&basic).contains(&"in base64"), "{basic}");
    }
    let debug = format!("{secret:?}");
    assert!(found(&debug).contains(&"in JSON"), "{debug}");
    let page = "s3cret/of+the &amp;&quot;app&lt;'&gt;=";
    assert!(found(page).contains(&"in HTML"));
    let query = "secret=s3cret%2Fof%2Bthe+%26%22app%3C%27%3E%3D";
    assert!(found(query).contains(&"in a form"));
    assert_eq!(found("nothing of it"), [""; 0]);
}
