"""Clients that know the standards alone: requests-oauthlib (OAuth 2.0) and idpyoidc (OpenID Connect)."""

from urllib.parse import urlencode

from cryptojwt import KeyJar
from idpyoidc.client.rp_handler import RPHandler
from oauthlib.oauth2 import InvalidGrantError
from requests_oauthlib import OAuth2Session

from browser import Browser
from checks import Client, equal, refused
from place import AUDIENCE, CALLBACK, CLIENT_ID, CLIENT_SECRET, ISSUER, SCOPE, Person

oauthlib = Client("requests-oauthlib", "auth0")
idpy = Client("idpyoidc", "auth0")


def oauth_session():
    ada, browser = Person("oauthlib"), Browser()
    kept = []
    session = OAuth2Session(
        CLIENT_ID, redirect_uri=CALLBACK, scope=SCOPE.split(), pkce="S256",
        auto_refresh_url=f"{ISSUER}oauth/token", token_updater=kept.append,
        auto_refresh_kwargs={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
    )
    with oauthlib.check("POST /oauth/token", "a code with PKCE by RFC 7636, and exactly the scopes that were asked for"):
        url, state = session.authorization_url(f"{ISSUER}authorize", audience=AUDIENCE)
        back = browser.log_in(url, CALLBACK, ada.email, ada.password)
        token = session.fetch_token(
            f"{ISSUER}oauth/token", authorization_response=f"{CALLBACK}?{urlencode(back)}",
            client_secret=CLIENT_SECRET, include_client_id=True,
        )
        equal(set(token["scope"]), set(SCOPE.split()))
    with oauthlib.check("GET /userinfo", "a token that is about to end is refreshed before the call"):
        session.token = {**token, "expires_at": 1, "expires_in": -1}
        equal(session.get(f"{ISSUER}userinfo").json()["email"], ada.email)
        equal(len(kept), 1)
    with oauthlib.check("POST /oauth/token", "a refresh token that is none is refused with invalid_grant"):
        with refused(InvalidGrantError):
            session.refresh_token(f"{ISSUER}oauth/token", refresh_token="none")


def relying_party():
    bea, browser = Person("idpy"), Browser()
    # A key jar of its own, or the library keeps one in files beside the caller.
    handler = RPHandler(keyjar=KeyJar(), client_configs={"auth0": {
        "issuer": ISSUER, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uris": [CALLBACK],
        "client_type": "oidc", "preference": {"response_types_supported": ["code"]},
        "client_authn_methods": ["client_secret_basic", "client_secret_post", "bearer_header", "bearer_body"],
        # Auth0 writes `updated_at` of the profile as a text, which this library does not take.
        "scopes_supported": ["openid", "email", "offline_access"],
        "add_ons": {"pkce": {
            "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
            "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
        }},
        "services": {
            "discovery": {"class": "idpyoidc.client.oidc.provider_info_discovery.ProviderInfoDiscovery"},
            "authorization": {"class": "idpyoidc.client.oidc.authorization.Authorization"},
            "accesstoken": {"class": "idpyoidc.client.oidc.access_token.AccessToken"},
            "refresh": {"class": "idpyoidc.client.oidc.refresh_access_token.RefreshAccessToken"},
            "userinfo": {"class": "idpyoidc.client.oidc.userinfo.UserInfo"},
            "end_session": {"class": "idpyoidc.client.oidc.end_session.EndSession"},
        },
    }})
    with idpy.check("GET /authorize", "discovery, then a login with PKCE"):
        begun = handler.begin(issuer_id="auth0")
        back = browser.log_in(begun, CALLBACK, bea.email, bea.password)
    with idpy.check("POST /oauth/token", "the ID token holds by all rules, the claims of userinfo are the person's"):
        done = handler.finalize(ISSUER, back)
        assert "error" not in done, done
        equal(done["userinfo"]["sub"], bea.user_id)
        equal(done["id_token"]["sub"], bea.user_id)
    with idpy.check("POST /oauth/token", "a refresh"):
        fresh = handler.refresh_access_token(back["state"])
        assert fresh["access_token"], fresh
    with idpy.check("GET /oidc/logout", "a logout by the published address, with the ID token as hint"):
        out = handler.logout(back["state"], post_logout_redirect_uri=CALLBACK)
        equal(sorted(browser.visit(out["url"], CALLBACK)), ["state"])


if __name__ == "__main__":
    oauthlib.run(oauth_session)
    idpy.run(relying_party)
