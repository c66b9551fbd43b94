//! Which hosts are this machine: back-channel logout calls no others, unless it may.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whether a name is this machine's, whatever a name server says of it (RFC 6761, section 6.3).
fn is_local_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether a URL names this machine, without anybody being asked for an address.
pub(super) fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    is_local_name(host)
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Addresses of names: this machine's own are never asked for elsewhere, and others only if that is
/// allowed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub(super) anywhere: bool,
}

impl Resolve for Addresses {
    fn resolve(&self, name: Name) -> Resolving {
        let anywhere = self.anywhere;
        Box::pin(async move {
            if is_local_name(name.as_str()) {
                let own = [
                    IpAddr::from(Ipv4Addr::LOCALHOST),
                    IpAddr::from(Ipv6Addr::LOCALHOST),
                ];
                let own = own.map(|address| SocketAddr::new(address, 0));
                return Ok(Box::new(own.into_iter()) as Addrs);
            }
            if !anywhere {
                let text = format!("{} is not this machine", name.as_str());
                return Err(text.into());
            }
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called() {
        let is = |url: &str| is_this_machine(&Url::parse(url).expect("a URL"));
        for url in [
            "http://localhost:3000/out",
            "http://127.0.0.1/out",
            "http://127.9.9.9/out",
            "http://[::1]:80/out",
            "https://app.localhost/out",
        ] {
            assert!(is(url), "{url}");
        }
        for url in [
            "https://app.example/out",
            "http://localhost.example/out",
            "http://10.0.0.1/out",
            "http://[fe80::1]/out",
            "http://0.0.0.0/out",
        ] {
            assert!(!is(url), "{url}");
        }
    }

    #[tokio::test]
    async fn names_of_this_machine_are_its_loopback_addresses_and_others_are_not_looked_up() {
        for anywhere in [false, true] {
            for name in ["localhost", "app.localhost", "a.b.LOCALHOST"] {
                let name: Name = name.parse().expect("a name");
                let found = Addresses { anywhere }.resolve(name).await;
                let found: Vec<SocketAddr> = found.expect("it is known").collect();
                let loopback = found.iter().all(|address| address.ip().is_loopback());
                assert!(loopback && found.len() == 2, "{found:?}");
            }
        }
        let elsewhere: Name = "app.example".parse().expect("a name");
        let refused = Addresses { anywhere: false }.resolve(elsewhere).await;
        let refused = refused.err().expect("it is not called").to_string();
        assert_eq!(refused, "app.example is not this machine");
    }
}
