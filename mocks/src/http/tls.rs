//! TLS with a certificate authority of its own making, in a directory where clients find it again.

use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime,
};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file of the authority cannot be read or written.
    #[error("cannot use {path}: {cause}; choose another directory for the certificates")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// What is there is not an authority's.
    #[error(
        "{path} does not hold what was written there ({why}): remove the directory, and a new authority is made"
    )]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A name that no certificate can be for.
    #[error(
        "no certificate can be made for `{name}`: give a host name or an IP address, without a port"
    )]
    Name {
        /// The name.
        name: String,
    },
}

/// A certificate authority in a directory: `ca.pem`, which clients are told to trust, and
/// `ca-key.pem`, which nobody else may read.
#[derive(Debug)]
pub struct Authority {
    key: KeyPair,
    certificate: CertificateDer<'static>,
    directory: PathBuf,
}

/// Names that every certificate is for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Life of a server's certificate; it is made anew at each start. Platforms refuse more than 825 days.
const LIFE: Duration = Duration::from_hours(24 * 365);
/// Clients whose clocks are behind by less than this are served all the same.
const HEAD_START: Duration = Duration::from_hours(24);

impl Authority {
    /// The authority in this directory, made now if there is none.
    pub fn at(directory: &Path) -> Result<Self, TlsError> {
        let file = |path: &Path, cause| TlsError::File {
            path: path.to_owned(),
            cause,
        };
        fs::create_dir_all(directory).map_err(|cause| file(directory, cause))?;
        // A private key has no business in a repository.
        let ignore = directory.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n").map_err(|cause| file(&ignore, cause))?;
        }
        let key_file = directory.join("ca-key.pem");
        let key = loop {
            match fs::read_to_string(&key_file) {
                Ok(text) => break KeyPair::from_pem(&text).map_err(foreign(&key_file))?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let key = KeyPair::generate().expect("the system's source of randomness works");
                    put(&key_file, &key.serialize_pem(), Readers::Owner)
                        .map_err(|cause| file(&key_file, cause))?;
                }
                Err(cause) => return Err(file(&key_file, cause)),
            }
        };
        let path = directory.join("ca.pem");
        if !path.exists() {
            let made = authority_params()
                .self_signed(&key)
                .expect("a certificate of fixed names can be made");
            put(&path, &made.pem(), Readers::Anyone).map_err(|cause| file(&path, cause))?;
        }
        let certificate = CertificateDer::from_pem_file(&path).map_err(foreign(&path))?;
        Ok(Self {
            key,
            certificate,
            directory: directory.to_owned(),
        })
    }

    /// The file that clients are told to trust, as an absolute path.
    pub fn file(&self) -> PathBuf {
        let path = self.directory.join("ca.pem");
        fs::canonicalize(&path).unwrap_or(path)
    }

    /// TLS for a server that goes by these names, beside `localhost` and the loopback addresses.
    pub fn serve(&self, names: &[String]) -> Result<Arc<ServerConfig>, TlsError> {
        let key = KeyPair::generate().expect("the system's source of randomness works");
        let issuer = Issuer::new(authority_params(), &self.key);
        let leaf = leaf_params(names)?
            .signed_by(&key, &issuer)
            .expect("a checked name can be certified");
        let leaf = leaf.der().clone();
        self.check(&leaf)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialized_der().to_vec()));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("the provider knows all versions")
            .with_no_client_auth()
            .with_single_cert(vec![leaf, self.certificate.clone()], key)
            .expect("the key is the certificate's");
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Looks at a new certificate as a client would: `ca.pem` may have expired or belong to another key.
    fn check(&self, leaf: &CertificateDer<'_>) -> Result<(), TlsError> {
        let path = self.directory.join("ca.pem");
        let mut roots = RootCertStore::empty();
        roots
            .add(self.certificate.clone())
            .map_err(foreign(&path))?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(foreign(&path))?;
        let name = ServerName::try_from(NAMES[0]).expect("a host name");
        verifier
            .verify_server_cert(leaf, &[], &name, &[], UnixTime::now())
            .map_err(foreign(&path))?;
        Ok(())
    }
}

fn foreign<E: std::fmt::Display>(path: &Path) -> impl Fn(E) -> TlsError {
    move |why| TlsError::Foreign {
        path: path.to_owned(),
        why: why.to_string(),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Always the same, so that the key alone makes the authority.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name("cutover mock authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2044, 1, 1);
    params
}

fn leaf_params(names: &[String]) -> Result<CertificateParams, TlsError> {
    for name in names {
        let known = name.parse::<IpAddr>().is_ok() || ServerName::try_from(name.as_str()).is_ok();
        if !known {
            return Err(TlsError::Name { name: name.clone() });
        }
    }
    let all = NAMES.iter().map(|name| (*name).to_owned());
    let mut all: Vec<String> = all.chain(names.iter().cloned()).collect();
    all.sort();
    all.dedup();
    let mut params = CertificateParams::new(all).map_err(|_| TlsError::Name {
        name: names.join(" "),
    })?;
    params.distinguished_name = common_name("cutover mock");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = date_time_ymd(1970, 1, 1)
        + SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
    params.not_before = now - HEAD_START;
    params.not_after = now + LIFE;
    Ok(params)
}

fn common_name(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

/// Who may read a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Readers {
    Owner,
    Anyone,
}

/// Writes a file whole or not at all. One that is there already stays as it is: another process was faster.
fn put(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let written = options
        .open(&draft)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        });
    // A draft that cannot be removed does no harm.
    let _ = fs::remove_file(&draft);
    written
}
