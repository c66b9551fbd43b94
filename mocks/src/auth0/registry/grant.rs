//! Which of the scopes that were asked for are granted.

use super::client::{Client, GrantType};
use super::resource::Resource;

/// Scopes of `OpenID` Connect, which need no API.
pub const STANDARD: [&str; 6] = [
    "openid",
    "profile",
    "email",
    "address",
    "phone",
    "offline_access",
];

/// The scopes of a token for an API (none: for `UserInfo` alone) that a person's login gives an
/// application. What the API does not know is left out without a word.
pub fn granted(asked: &str, client: &Client, resource: Option<&Resource>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for scope in asked.split_whitespace() {
        let given = if scope == "offline_access" {
            client.may(GrantType::Refresh) && resource.is_none_or(|resource| resource.offline)
        } else {
            STANDARD.contains(&scope) || resource.is_some_and(|resource| resource.knows(scope))
        };
        if given && !names.contains(&scope) {
            names.push(scope);
        }
    }
    names.join(" ")
}

/// What is left of granted scopes when a refresh asks for these: never more than there were.
pub fn narrowed(granted: &str, asked: Option<&str>) -> String {
    let Some(asked) = asked else {
        return granted.to_owned();
    };
    let names: Vec<&str> = granted
        .split_whitespace()
        .filter(|scope| asked.split_whitespace().any(|asked| asked == *scope))
        .collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::client::Kind;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_api_gives_what_it_knows() {
        let client = Client::sample(Kind::Spa);
        let mut api = Resource::new("https://api.example");
        api.scopes.push(super::super::Permission {
            value: "read:items".to_owned(),
            description: String::new(),
        });
        let asked = "openid read:items write:items offline_access openid";
        assert_eq!(granted(asked, &client, Some(&api)), "openid read:items");
        api.offline = true;
        assert_eq!(
            granted(asked, &client, Some(&api)),
            "openid read:items offline_access"
        );
        let machine = Client::sample(Kind::Machine);
        assert_eq!(
            granted(asked, &machine, Some(&api)),
            "openid read:items",
            "it may not refresh"
        );
        assert_eq!(granted(asked, &client, None), "openid offline_access");
    }

    proptest! {
        #[test]
        fn a_refresh_never_widens(granted in "([a-e] ){0,5}", asked in "([a-g] ){0,6}") {
            let left = narrowed(&granted, Some(&asked));
            for scope in left.split_whitespace() {
                prop_assert!(granted.split_whitespace().any(|known| known == scope));
                prop_assert!(asked.split_whitespace().any(|known| known == scope));
            }
            prop_assert_eq!(narrowed(&granted, None), granted);
        }
    }
}
