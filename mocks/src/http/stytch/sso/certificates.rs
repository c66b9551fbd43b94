//! Certificates and keys of SAML connections: kept, shown and removed. None of them signs anything.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};
use reqwest::Url;
use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::Ask;
use super::super::names::Kind;
use super::super::problem::Problem;
use super::connections::missing;
use super::kept::{Connections, Form, Pem, Row};

/// Certificates of one connection (Stytch's SDK documentation: 5). Keys the same.
const MOST: usize = 5;

/// A certificate or key is at most this long.
const LONGEST: usize = 8192;

/// The certificate with which a mock would sign requests, one for all connections.
pub(super) fn signing(since: &str) -> Value {
    static MADE: OnceLock<String> = OnceLock::new();
    let pem = MADE.get_or_init(make);
    json!({
        "certificate_id": "", "certificate": pem, "issuer": "Stytch",
        "created_at": since, "updated_at": since, "expires_at": "2124-01-01T00:00:00Z",
    })
}

fn make() -> String {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "Stytch");
    params.distinguished_name = name;
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2124, 1, 1);
    let key = KeyPair::generate().expect("the system's source of randomness works");
    let made = params
        .self_signed(&key)
        .expect("a certificate of fixed names can be made");
    made.pem()
}

/// Takes over the certificate and the keys that a request brings.
pub(super) fn take_over(ask: &Ask, row: &mut Row, all: &mut Connections) -> Result<(), Problem> {
    let now = ask.exchange.stamp().at;
    let fields = &ask.fields;
    if let Some(text) = fields.text("signing_private_key")? {
        check_signing_key(text)?;
    }
    if let Some(text) = fields.text("x509_certificate")? {
        if !is_pem(text, &["CERTIFICATE"]) {
            let message = "The x509_certificate is not a certificate in PEM form.";
            return Err(Problem::bad("invalid_x509_certificate", message));
        }
        add_certificate(ask, row, all, text)?;
    }
    if let Some(text) = fields.text("saml_encryption_private_key")? {
        if !is_pem(text, &["RSA PRIVATE KEY", "PRIVATE KEY"]) {
            let message = "The saml_encryption_private_key is not a private key in PEM form.";
            return Err(Problem::bad("saml_signing_private_key_invalid", message));
        }
        if row.keys.len() >= MOST {
            let message = format!("A connection has at most {MOST} encryption keys.");
            return Err(Problem::bad("too_many_encryption_certificates", message));
        }
        row.keys.push(all.pem(text, now));
    }
    Ok(())
}

fn add_certificate(
    ask: &Ask,
    row: &mut Row,
    all: &mut Connections,
    text: &str,
) -> Result<(), Problem> {
    if row.certificates.iter().any(|kept| kept.text == text) {
        return Ok(());
    }
    if row.certificates.len() >= MOST {
        let message = format!("A connection has at most {MOST} certificates.");
        return Err(Problem::bad(
            "too_many_sso_verification_certificates",
            message,
        ));
    }
    let now = ask.exchange.stamp().at;
    row.certificates.push(all.pem(text, now));
    Ok(())
}

/// Stytch makes a certificate of the key; this mock, which signs nothing, looks at its form alone.
fn check_signing_key(text: &str) -> Result<(), Problem> {
    if !text
        .trim_start()
        .starts_with("-----BEGIN RSA PRIVATE KEY-----")
    {
        return Err(Problem::bad(
            "saml_signing_private_key_format_not_supported",
            "The signing_private_key must be an RSA key in PKCS #1 form.",
        ));
    }
    if is_pem(text, &["RSA PRIVATE KEY"]) {
        return Ok(());
    }
    Err(Problem::bad(
        "saml_signing_private_key_invalid",
        "The signing_private_key could not be read.",
    ))
}

/// Whether a text is one thing in PEM form (RFC 7468) under one of these labels.
fn is_pem(text: &str, labels: &[&str]) -> bool {
    let inside = labels.iter().find_map(|label| {
        let text = text.trim();
        let text = text.strip_prefix(&format!("-----BEGIN {label}-----"))?;
        text.strip_suffix(&format!("-----END {label}-----"))
    });
    let Some(inside) = inside.filter(|_| text.len() <= LONGEST) else {
        return false;
    };
    let packed: String = inside.split_whitespace().collect();
    // Both are a sequence of DER.
    let bytes = STANDARD.decode(packed);
    bytes.is_ok_and(|bytes| bytes.first() == Some(&0x30))
}

/// `PUT …/connections/{connection_id}/url`: nobody is asked for the metadata; it is taken to say what
/// a provider at that address would.
pub(in super::super) async fn update_by_url(ask: Ask) -> Done {
    let text = ask.fields.needed("metadata_url")?;
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https");
    let Some(url) = url.filter(|url| url.host().is_some() && text.len() <= 2048) else {
        let message = "The metadata_url must be a URL that begins with https://.";
        return Err(Problem::bad("invalid_saml_metadata_url", message).into());
    };
    let address = format!("{}/sso/saml", url.origin().ascii_serialization());
    let entity = url.to_string();
    let certificate = signing("")["certificate"].clone();
    ask.change_connection(Form::Saml, |row, all| {
        row.said.insert("idp_entity_id".into(), json!(entity));
        row.said.insert("idp_sso_url".into(), json!(address));
        add_certificate(&ask, row, all, certificate.as_str().unwrap_or_default())
    })
}

/// `DELETE …/verification_certificates/{certificate_id}`.
pub(in super::super) async fn remove_certificate(ask: Ask) -> Done {
    let text = ask.path("certificate_id").to_owned();
    let number = ask.face.0.names.read_id(Kind::SamlCertificate, &text);
    let (_, _, took) = ask.edit_connection(Form::Saml, |row, _| {
        let place = place(&row.certificates, number, "sso_verification_key_not_found")?;
        if row.certificates.len() == 1 {
            let message = "The last certificate of a connection cannot be deleted.";
            let error_type = "cannot_delete_last_sso_verification_key";
            return Err(Problem::bad(error_type, message));
        }
        row.certificates.remove(place);
        Ok(())
    })?;
    Ok(Good::new(took, json!({ "certificate_id": text })))
}

/// `DELETE …/encryption_private_keys/{private_key_id}`.
pub(in super::super) async fn remove_key(ask: Ask) -> Done {
    let text = ask.path("private_key_id").to_owned();
    let number = ask.face.0.names.read_id(Kind::SamlKey, &text);
    let (_, _, took) = ask.edit_connection(Form::Saml, |row, _| {
        let place = place(&row.keys, number, "sso_encryption_private_key_not_found")?;
        row.keys.remove(place);
        Ok(())
    })?;
    Ok(Good::new(took, json!({ "private_key_id": text })))
}

fn place(pems: &[Pem], number: Option<u32>, error_type: &'static str) -> Result<usize, Problem> {
    let place = pems.iter().position(|it| Some(it.number) == number);
    place.ok_or_else(|| missing(error_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_told_from_text() {
        let made = make();
        assert!(is_pem(&made, &["CERTIFICATE"]));
        assert!(!is_pem(&made, &["PRIVATE KEY"]));
        assert!(!is_pem(
            "-----BEGIN CERTIFICATE-----\nMII\n",
            &["CERTIFICATE"]
        ));
        let hollow = "-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----";
        assert!(!is_pem(hollow, &["CERTIFICATE"]));
    }
}
