"""Authlib: an OIDC client that knows nothing of Auth0, by discovery alone."""

from urllib.parse import urlencode

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwt
from joserfc.jwk import KeySet

import place
from browser import Browser, pkce
from checks import Client, equal, refused
from place import CALLBACK, CLIENT_ID, CLIENT_SECRET, ISSUER, Person

client = Client("authlib", "auth0")
check = client.check


def whole_login():
    ada, browser, verifier = Person("authlib"), Browser(), pkce()[0]
    with check("GET /.well-known/openid-configuration", "the configuration is valid by OIDC Discovery, and names the issuer that was asked"):
        found = requests.get(f"{ISSUER}.well-known/openid-configuration", timeout=30).json()
        metadata = OpenIDProviderMetadata(found)
        metadata.validate()
        equal(metadata["issuer"], ISSUER)
    session = OAuth2Session(
        CLIENT_ID, CLIENT_SECRET, scope=place.SCOPE, redirect_uri=CALLBACK,
        code_challenge_method="S256", token_endpoint=metadata["token_endpoint"],
        token_endpoint_auth_method="client_secret_basic",
    )
    with check("GET /authorize", "code with PKCE (S256): from the login page back with code and state"):
        url, state = session.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, nonce="n2", audience=place.AUDIENCE
        )
        back = browser.log_in(url, CALLBACK, ada.email, ada.password)
        equal(back["state"], state)
    with check("POST /oauth/token", "the code is exchanged with the secret in HTTP Basic authentication"):
        session.fetch_token(
            metadata["token_endpoint"], authorization_response=f"{CALLBACK}?{urlencode(back)}", code_verifier=verifier
        )
    with check("GET /.well-known/jwks.json", "the ID token is valid by OIDC Core, section 3.1.3.7"):
        keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=30).json())
        decoded = jwt.decode(session.token["id_token"], keys, algorithms=["RS256"])
        claims = CodeIDToken(
            decoded.claims, decoded.header,
            {"iss": {"value": ISSUER}, "aud": {"value": CLIENT_ID}},
            {"nonce": "n2", "client_id": CLIENT_ID},
        )
        claims.validate(leeway=60)
        equal(claims["sub"], ada.user_id)
    with check("GET /userinfo", "the subject is that of the ID token"):
        equal(session.get(metadata["userinfo_endpoint"]).json()["sub"], claims["sub"])
    with check("POST /oauth/token", "the session refreshes its token"):
        session.refresh_token(metadata["token_endpoint"])
        equal(session.get(metadata["userinfo_endpoint"]).json()["email"], ada.email)
    with check("POST /oauth/revoke", "revocation by RFC 7009: 200, and the token is dead"):
        refresh = session.token["refresh_token"]
        answer = session.revoke_token(metadata["revocation_endpoint"], refresh, token_type_hint="refresh_token")
        equal(answer.status_code, 200)
        with refused(OAuthError, error="invalid_grant"):
            session.refresh_token(metadata["token_endpoint"], refresh_token=refresh)
    with check("GET /oidc/logout", "RP-initiated logout leads back, and ends the browser's session"):
        query = {"id_token_hint": session.token["id_token"], "post_logout_redirect_uri": CALLBACK, "state": "bye", "client_id": CLIENT_ID}
        back = browser.visit(f"{ISSUER}oidc/logout?{urlencode(query)}", CALLBACK)
        equal(back["state"], "bye")
        silent, _ = session.create_authorization_url(metadata["authorization_endpoint"], prompt="none")
        equal(browser.visit(silent, CALLBACK)["error"], "login_required")


if __name__ == "__main__":
    client.run(whole_login)
