//! What tests in Rust show: by Stytch's own crate, whose types decode every answer, and by bare
//! requests, held against what the providers document.

use std::path::Path;

use super::row::{Outcome, Row};

/// How a test looks at an answer.
#[derive(Clone, Copy)]
enum By {
    /// The `stytch` crate makes the call and decodes the answer with its types.
    Crate,
    /// A bare request; status and body are those of the provider's documentation.
    Documentation,
}

/// File, test, how, and the endpoints with what is shown of them.
type Test = (
    &'static str,
    &'static str,
    By,
    &'static [(&'static str, &'static str)],
);

const TESTS: &[Test] = &[
    (
        "stytch_http/wire.rs",
        "migrating_asks_userinfo_for_real",
        By::Crate,
        &[(
            "POST /v1/sessions/migrate",
            "each of the three refusals, by what UserInfo answers",
        )],
    ),
    (
        "stytch_http/wire.rs",
        "strangers_lost_routes_and_bad_bodies_are_told_so",
        By::Documentation,
        &[(
            "POST /v1/passwords/authenticate",
            "a body that is no JSON or lacks a field is refused with 400",
        )],
    ),
    (
        "stytch_http/wire.rs",
        "faults_reach_the_wire",
        By::Documentation,
        &[
            (
                "POST /v1/sessions/authenticate",
                "429 and 500 in Stytch's words, where a fault is set",
            ),
            (
                "POST /v1/sessions/revoke",
                "a connection that is cut before the answer",
            ),
            (
                "GET /v1/sessions/jwks/{project_id}",
                "an answer that is cut in the middle",
            ),
        ],
    ),
    (
        "stytch_http/users.rs",
        "a_user_lives_through_the_official_client",
        By::Crate,
        &[
            ("POST /v1/users", "all members of the user"),
            ("GET /v1/users/{user_id}", "by id and by external id"),
            ("PUT /v1/users/{user_id}", "changes"),
            ("POST /v1/users/search", "finds by address"),
            ("DELETE /v1/users/{user_id}", "deletes"),
        ],
    ),
    (
        "stytch_http/users.rs",
        "an_imported_hash_opens_a_session_whose_jwt_verifies",
        By::Crate,
        &[
            (
                "POST /v1/passwords/migrate",
                "a hash is verified at the login",
            ),
            (
                "POST /v1/passwords/authenticate",
                "the JWT verifies by the published keys alone",
            ),
            ("GET /v1/sessions/jwks/{project_id}", "all members of a key"),
        ],
    ),
    (
        "stytch_http/users.rs",
        "sessions_are_authenticated_extended_listed_and_revoked",
        By::Crate,
        &[
            (
                "POST /v1/sessions/authenticate",
                "all members of the session",
            ),
            ("GET /v1/sessions", "live sessions only"),
            ("POST /v1/sessions/revoke", "by id, token and JWT"),
        ],
    ),
    (
        "stytch_http/logins.rs",
        "links_codes_and_resets_go_through_the_mailbox",
        By::Crate,
        &[
            (
                "POST /v1/magic_links/email/login_or_create",
                "a link is mailed",
            ),
            (
                "POST /v1/magic_links/authenticate",
                "the token is good once",
            ),
            (
                "POST /v1/passwords/email/reset/start",
                "a reset is mailed; an unknown address is refused",
            ),
            ("POST /v1/passwords/email/reset", "the token is good once"),
        ],
    ),
    (
        "stytch_http/logins.rs",
        "a_mailed_code_logs_in_once",
        By::Crate,
        &[
            ("POST /v1/otps/email/login_or_create", "a code is mailed"),
            ("POST /v1/otps/authenticate", "the code is good once"),
        ],
    ),
    (
        "stytch_http/logins.rs",
        "oauth_goes_by_way_of_the_browser",
        By::Crate,
        &[
            (
                "GET /v1/public/oauth/{provider}/start",
                "leads back with a token, by the public token",
            ),
            (
                "POST /v1/oauth/authenticate",
                "the token opens a session, once",
            ),
        ],
    ),
    (
        "stytch_http/members.rs",
        "organizations_and_members_live_through_the_official_client",
        By::Crate,
        &[
            (
                "POST /v1/b2b/organizations",
                "all members of the organization",
            ),
            (
                "GET /v1/b2b/organizations/{organization_id}",
                "by id, slug and external id",
            ),
            (
                "POST /v1/b2b/organizations/{organization_id}/members",
                "all members of the member",
            ),
            (
                "GET /v1/b2b/organizations/{organization_id}/member",
                "by address",
            ),
            (
                "PUT /v1/b2b/organizations/{organization_id}/members/{member_id}",
                "changes",
            ),
            (
                "DELETE /v1/b2b/organizations/{organization_id}",
                "deletes, members and all",
            ),
        ],
    ),
    (
        "stytch_http/members.rs",
        "a_member_session_migrates_exchanges_and_ends",
        By::Crate,
        &[
            (
                "POST /v1/b2b/sessions/migrate",
                "all members of the session",
            ),
            (
                "POST /v1/b2b/sessions/exchange",
                "into another organization",
            ),
            ("POST /v1/b2b/sessions/revoke", "all of a member's"),
        ],
    ),
    (
        "stytch_http/member_logins.rs",
        "a_second_factor_is_texted_and_typed",
        By::Crate,
        &[
            ("POST /v1/b2b/otps/sms/send", "a code is texted"),
            (
                "POST /v1/b2b/otps/sms/authenticate",
                "a wrong code is refused, the right one opens a session",
            ),
        ],
    ),
    (
        "stytch_http/member_logins.rs",
        "members_log_in_by_link_password_and_discovery",
        By::Crate,
        &[
            (
                "POST /v1/b2b/magic_links/email/login_or_signup",
                "a link is mailed",
            ),
            (
                "POST /v1/b2b/magic_links/authenticate",
                "the token opens a session",
            ),
            ("POST /v1/b2b/passwords/migrate", "a hash is taken over"),
            (
                "POST /v1/b2b/passwords/authenticate",
                "the password opens a session",
            ),
            (
                "POST /v1/b2b/magic_links/email/discovery/send",
                "a link is mailed",
            ),
            (
                "POST /v1/b2b/magic_links/discovery/authenticate",
                "tells the organizations",
            ),
            (
                "POST /v1/b2b/discovery/intermediate_sessions/exchange",
                "opens a session in one",
            ),
        ],
    ),
    (
        "stytch_http/member_logins.rs",
        "members_come_by_oauth_and_change_their_passwords",
        By::Crate,
        &[
            (
                "GET /v1/b2b/public/oauth/{provider}/start",
                "leads back with a token, by the public token",
            ),
            (
                "POST /v1/b2b/oauth/authenticate",
                "the token opens a session",
            ),
            (
                "POST /v1/b2b/passwords/existing_password/reset",
                "ends the member's sessions",
            ),
            (
                "POST /v1/b2b/passwords/email/reset/start",
                "a reset is mailed",
            ),
            (
                "POST /v1/b2b/passwords/email/reset",
                "the token sets a password",
            ),
        ],
    ),
    (
        "auth0_http/browser.rs",
        "wrong_passwords_end_in_a_block",
        By::Documentation,
        &[(
            "POST /u/login",
            "ten wrong passwords from one address block it, in Auth0's words",
        )],
    ),
    (
        "auth0_http/browser.rs",
        "a_mailed_code_logs_in",
        By::Documentation,
        &[("POST /u/login", "an address, then the mailed code")],
    ),
    (
        "auth0_http/browser.rs",
        "a_wrong_redirect_is_never_followed_and_a_wrong_request_is_told_there",
        By::Documentation,
        &[(
            "GET /authorize",
            "a callback that is not listed is a page; other mistakes lead back with an error",
        )],
    ),
    (
        "auth0_http/records.rs",
        "userinfo_tells_nothing_without_openid_and_refuses_what_is_not_its_own",
        By::Documentation,
        &[(
            "GET /userinfo",
            "200 {} without openid; 401 in plain text for tokens of other audiences",
        )],
    ),
    (
        "auth0_http/tokens.rs",
        "refresh_tokens_rotate_and_reuse_ends_the_family",
        By::Documentation,
        &[(
            "POST /oauth/token",
            "rotation, and reuse that ends the whole family",
        )],
    ),
    (
        "auth0_http/trouble.rs",
        "the_users_own_limit_is_told_in_headers_and_text",
        By::Documentation,
        &[(
            "GET /userinfo",
            "10 at once and 5 a minute for each user, in X-RateLimit headers and text",
        )],
    ),
    (
        "auth0_http/trouble.rs",
        "the_tenants_limit_speaks_each_endpoints_language",
        By::Documentation,
        &[
            ("POST /oauth/token", "the tenant's limit: 429 access_denied"),
            ("GET /authorize", "the tenant's limit: 429 as a page"),
        ],
    ),
];

/// All rows. A test that is gone, or is called otherwise, cannot vouch for anything.
pub(super) fn rows() -> Vec<Row> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("mocks/tests");
    let mut rows = Vec::new();
    for (file, test, by, shown) in TESTS {
        let text = std::fs::read_to_string(tests.join(file))
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(
            text.contains(&format!("fn {test}(")),
            "mocks/tests/{file} has no test {test}"
        );
        let provider = file.split('_').next().expect("a provider");
        let (client, verified_by) = match by {
            By::Crate => (
                "the stytch crate's types (Rust)".to_owned(),
                "published shape",
            ),
            By::Documentation => (format!("`{test}`"), "documentation"),
        };
        rows.extend(shown.iter().map(|(endpoint, behaviour)| Row {
            client: client.clone(),
            provider: provider.to_owned(),
            endpoint: (*endpoint).to_owned(),
            behaviour: (*behaviour).to_owned(),
            verified_by: verified_by.to_owned(),
            result: Outcome::Ok,
            detail: String::new(),
        }));
    }
    rows
}
