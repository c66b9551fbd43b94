//! Settings from the environment and from files, sound and spoiled.

use super::*;

fn from(settings: &[(&str, &str)]) -> Result<Credentials, CredentialsError> {
    let settings: BTreeMap<&str, &str> = settings.iter().copied().collect();
    Credentials::read(
        |name| settings.get(name).map(|value| (*value).to_owned()),
        None,
    )
}

const WHOLE: [(&str, &str); 6] = [
    ("AUTH0_DOMAIN", "dev-abc.eu.auth0.com"),
    ("AUTH0_CLIENT_ID", "client"),
    ("AUTH0_CLIENT_SECRET", "hush"),
    ("AUTH0_AUDIENCE", "https://api.example"),
    ("STYTCH_PROJECT_ID", "project-test-1"),
    ("STYTCH_SECRET", "secret-test-hush"),
];

#[test]
fn six_settings_are_enough() {
    let read = from(&WHOLE).unwrap();
    assert_eq!(read.auth0.base.as_str(), "https://dev-abc.eu.auth0.com");
    assert_eq!(read.auth0.management_id, "client");
    assert_eq!(read.auth0.management_secret.expose(), "hush");
    assert_eq!(read.auth0.scope, "openid profile email offline_access");
    assert_eq!(read.stytch.base.as_str(), "https://test.stytch.com");
    assert!(!format!("{read:?}").contains("hush"));
}

#[test]
fn all_that_is_missing_is_told_at_once_with_its_place() {
    let told = from(&[("STYTCH_SECRET", "not-a-secret-of-stytchs")])
        .unwrap_err()
        .to_string();
    for name in [
        "AUTH0_DOMAIN",
        "AUTH0_CLIENT_ID",
        "AUTH0_CLIENT_SECRET",
        "AUTH0_AUDIENCE",
        "STYTCH_PROJECT_ID",
    ] {
        assert!(told.contains(&format!("{name} is not set")), "{told}");
    }
    assert!(
        told.contains("STYTCH_SECRET is neither secret-test-…"),
        "{told}"
    );
    assert!(
        told.contains("dashboard > Project settings > API keys"),
        "{told}"
    );
    assert!(!told.contains("not-a-secret"), "{told}");
}

#[test]
fn the_environment_comes_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("some.env");
    std::fs::write(
        &file,
        "AUTH0_CLIENT_ID=from-file\nAUTH0_CLIENT_SECRET='in file'\n# note\n",
    )
    .unwrap();
    let given: BTreeMap<&str, &str> = WHOLE
        .into_iter()
        .filter(|(name, _)| *name != "AUTH0_CLIENT_SECRET")
        .collect();
    let read = Credentials::read(
        |name| given.get(name).map(|value| (*value).to_owned()),
        Some(&file),
    )
    .unwrap();
    assert_eq!(read.auth0.client_id, "client");
    assert_eq!(read.auth0.client_secret.expose(), "in file");
    assert_eq!(read.file.map(|file| file.named), Some(file));
    let told = read.notes.join("\n");
    assert!(told.contains("AUTH0_CLIENT_ID is another one"), "{told}");
    assert!(!told.contains("from-file"), "{told}");
}

#[test]
fn a_broken_file_is_told_without_its_text() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("some.env");
    std::fs::write(&file, "A=b\nsecret-test-oops and more\n").unwrap();
    let told = Credentials::read(|_| None, Some(&file))
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("line 2 is not NAME=value") && !told.contains("oops"),
        "{told}"
    );
}

/// The six settings, with one of them changed.
fn with(name: &'static str, value: &'static str) -> Result<Credentials, CredentialsError> {
    let mut settings = WHOLE.to_vec();
    settings.retain(|(known, _)| *known != name);
    settings.push((name, value));
    from(&settings)
}

#[test]
fn white_space_around_a_value_is_not_a_part_of_it() {
    let read = with("STYTCH_SECRET", " secret-test-hush\r\n").unwrap();
    assert_eq!(read.stytch.secret.expose(), "secret-test-hush");
    let read = with("AUTH0_DOMAIN", "dev-abc.eu.auth0.com\n").unwrap();
    assert_eq!(read.auth0.base.host(), "dev-abc.eu.auth0.com");
}

#[test]
fn values_that_no_provider_gave_are_told_without_them() {
    for (name, value, told) in [
        ("AUTH0_CLIENT_SECRET", "\"hush\"", "quotes around it"),
        ("AUTH0_CLIENT_ID", "'hush'", "quotes around it"),
        ("STYTCH_SECRET", "secret-test-\nhush", "control sign"),
        ("AUTH0_CLIENT_SECRET", "hush\u{fffd}", "not UTF-8"),
        // Taken one for the other.
        ("STYTCH_SECRET", "project-test-hush", "neither secret-test-"),
        (
            "STYTCH_PROJECT_ID",
            "secret-test-hush",
            "neither project-test-",
        ),
        (
            "STYTCH_PROJECT_ID",
            "PROJECT-TEST-hush",
            "neither project-test-",
        ),
        (
            "AUTH0_DOMAIN",
            "https://me:hush@dev-abc.auth0.com",
            "no host name",
        ),
        ("AUTH0_DOMAIN", "dev-abc.auth0.com/hush", "no host name"),
        (
            "AUTH0_MGMT_CLIENT_ID",
            "hush",
            "AUTH0_MGMT_CLIENT_SECRET is not set, though",
        ),
        (
            "AUTH0_MGMT_CLIENT_SECRET",
            "hush",
            "AUTH0_MGMT_CLIENT_ID is not set, though",
        ),
    ] {
        let error = with(name, value).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(told) && text.contains(name), "{name}: {text}");
        assert!(!text.contains("hush"), "{name}: {text}");
        let CredentialsError::Settings(bad) = error else {
            panic!("{text}");
        };
        assert_eq!(bad.len(), 1, "{text}");
    }
}

#[test]
fn each_setting_that_is_missing_is_missed() {
    for (name, _) in WHOLE {
        let told = with(name, "").unwrap_err().to_string();
        assert!(told.starts_with(&format!("{name} is not set")), "{told}");
    }
}

#[test]
fn consent_in_a_file_counts_for_nothing_and_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("some.env");
    std::fs::write(&file, "I_CONSENT_TO_LIVE=true\n").unwrap();
    let settings: BTreeMap<&str, &str> = WHOLE.into_iter().collect();
    let read = |name: &str| settings.get(name).map(|value| (*value).to_owned());
    let notes = Credentials::read(read, Some(&file)).unwrap().notes;
    let told = notes.join("\n");
    assert!(
        told.contains("I_CONSENT_TO_LIVE in") && told.contains("nothing"),
        "{told}"
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("some.env");
    std::fs::write(&file, "").unwrap();
    let settings: BTreeMap<&str, &str> = WHOLE.into_iter().collect();
    let read = |name: &str| settings.get(name).map(|value| (*value).to_owned());
    for (mode, notes) in [(0o644, 1), (0o640, 1), (0o600, 0)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let told = Credentials::read(read, Some(&file)).unwrap().notes;
        assert_eq!(told.len(), notes, "{mode:o}: {told:?}");
    }
}
