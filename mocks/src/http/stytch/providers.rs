//! Social providers: the names that routes, objects and factors have for them.

use super::answering::Good;
use super::ask::Ask;
use super::problem::Problem;
use crate::http::auth0::pages;
use crate::stytch::Provider;

/// Name in routes, name in objects, name of the factor's object. The first five are in the order that
/// the machine knows.
const PROVIDERS: [(&str, &str, &str); 22] = [
    ("google", "Google", "google_oauth_factor"),
    ("microsoft", "Microsoft", "microsoft_oauth_factor"),
    ("github", "Github", "github_oauth_factor"),
    ("slack", "Slack", "slack_oauth_factor"),
    ("hubspot", "Hubspot", "hubspot_oauth_factor"),
    ("apple", "Apple", "apple_oauth_factor"),
    ("amazon", "Amazon", "amazon_oauth_factor"),
    ("bitbucket", "Bitbucket", "bitbucket_oauth_factor"),
    ("coinbase", "Coinbase", "coinbase_oauth_factor"),
    ("discord", "Discord", "discord_oauth_factor"),
    ("facebook", "Facebook", "facebook_oauth_factor"),
    ("figma", "Figma", "figma_oauth_factor"),
    ("gitlab", "GitLab", "git_lab_oauth_factor"),
    ("instagram", "Instagram", "instagram_oauth_factor"),
    ("linkedin", "LinkedIn", "linked_in_oauth_factor"),
    ("salesforce", "Salesforce", "salesforce_oauth_factor"),
    ("snapchat", "Snapchat", "snapchat_oauth_factor"),
    ("tiktok", "TikTok", "tik_tok_oauth_factor"),
    ("twitch", "Twitch", "twitch_oauth_factor"),
    ("twitter", "Twitter", "twitter_oauth_factor"),
    ("yahoo", "Yahoo", "yahoo_oauth_factor"),
    ("spotify", "Spotify", "spotify_oauth_factor"),
];

fn row(provider: Provider) -> (&'static str, &'static str, &'static str) {
    let row = PROVIDERS.get(usize::from(provider.0)).copied();
    row.unwrap_or(PROVIDERS[0])
}

/// The provider of this name.
pub(super) fn named(name: &str) -> Option<Provider> {
    let place = PROVIDERS.iter().position(|(known, _, _)| *known == name);
    place.map(|place| Provider(place as u8))
}

/// Its name in routes, and in `delivery_method` behind `oauth_`.
pub(super) fn name(provider: Provider) -> &'static str {
    row(provider).0
}

/// Its name in objects.
pub(super) fn shown(provider: Provider) -> &'static str {
    row(provider).1
}

/// The name of the object that a factor of it carries.
pub(super) fn factor(provider: Provider) -> &'static str {
    row(provider).2
}

/// Who consents: `login_hint`, as servers' links have it, or `provider_login_hint`, as browsers pass on
/// what is meant for the provider.
pub(super) fn consenting(ask: &Ask) -> Result<&str, Problem> {
    match ask.query.text("provider_login_hint")? {
        Some(_) => ask.query.address("provider_login_hint"),
        None => ask.query.address("login_hint"),
    }
}

/// A person's browser is asked who consents, where nobody has said so.
pub(super) fn ask_who(ask: &Ask, provider: Provider) -> Option<Good> {
    let said = ["login_hint", "provider_login_hint"].map(|name| ask.query.raw(name));
    if !ask.shows_pages() || said.iter().any(Option::is_some) {
        return None;
    }
    let kept: String = ask
        .query
        .pairs()
        .map(|(name, value)| pages::hidden(&pages::escape(name), value))
        .collect();
    let form = format!(
        "<p>There is no {} behind this mock. Whom shall it vouch for?</p>\n\
         <form>{kept}<label>Email<input type=\"email\" name=\"login_hint\" required autofocus></label>\
         <button>Continue</button></form>",
        shown(provider)
    );
    Some(Good::page("Log in", form))
}

/// The provider that the path names, for a browser that shows the project's public token.
pub(super) fn of_path(ask: &Ask) -> Result<Provider, Problem> {
    match ask.query.text("public_token")? {
        None => {
            return Err(Problem::bad(
                "public_token_required",
                "The query parameter public_token is required.",
            ));
        }
        Some(token) => ask.face.check_public_token(token)?,
    }
    let name = ask.path("provider");
    named(name).ok_or_else(|| {
        Problem::bad(
            "invalid_oauth_provider",
            format!("The OAuth provider `{name}` is not known."),
        )
    })
}
