"""pyoidc: a relying party that checks every answer against the standard's own message classes."""

from urllib.parse import urlencode

from oic.oauth2 import HttpError
from oic.oic import Client as RelyingParty
from oic.oic.message import (
    AccessTokenResponse,
    AuthorizationErrorResponse,
    AuthorizationResponse,
    RegistrationResponse,
)
from oic.utils.authn.client import CLIENT_AUTHN_METHOD

from browser import Browser, pkce
from checks import Client, equal
from place import CALLBACK, CLIENT_ID, CLIENT_SECRET, ISSUER, Person

# Auth0 writes `updated_at` of the profile as a text, which this library does not take.
SCOPE = ["openid", "email", "offline_access"]

client = Client("oic", "auth0")
check = client.check


def relying_party():
    rp = RelyingParty(client_id=CLIENT_ID, client_authn_method=CLIENT_AUTHN_METHOD)
    rp.redirect_uris = [CALLBACK]
    rp.store_registration_info(RegistrationResponse(
        client_id=CLIENT_ID, client_secret=CLIENT_SECRET, redirect_uris=[CALLBACK]
    ))
    return rp


def begin(rp, **more):
    """The URL of a login, and what its answer is parsed with."""
    asked = {"response_type": "code", "scope": SCOPE, "redirect_uri": CALLBACK} | more
    request = rp.construct_AuthorizationRequest(request_args=asked)
    return request.request(rp.authorization_endpoint)


def answered(rp, back):
    return rp.parse_response(AuthorizationResponse, info=urlencode(back), sformat="urlencoded", verify=True)


def code_flow():
    ada, browser, rp = Person("pyoidc"), Browser(), relying_party()
    verifier, challenge = pkce()
    with check("GET /.well-known/openid-configuration", "the configuration is complete by OIDC Discovery, keys are fetched"):
        found = rp.provider_config(ISSUER)
        found.verify()
        equal(rp.keyjar.get_issuer_keys(ISSUER)[0].kty, "RSA")
    with check("GET /authorize", "max_age and a challenge: the answer to the login is well-formed"):
        url = begin(rp, state="s1", nonce="n1", code_challenge=challenge, code_challenge_method="S256", max_age="300")
        code = answered(rp, browser.log_in(url, CALLBACK, ada.email, ada.password))
        equal(code["state"], "s1")
    with check("POST /oauth/token", "tokens by client_secret_basic; the ID token holds by the standard's rules, with auth_time"):
        tokens = rp.do_access_token_request(
            state="s1", request_args={"code": code["code"], "redirect_uri": CALLBACK, "code_verifier": verifier},
            authn_method="client_secret_basic",
        )
        assert isinstance(tokens, AccessTokenResponse), tokens.to_dict()
        equal(tokens["id_token"]["nonce"], "n1")
        equal(tokens["id_token"]["sub"], ada.user_id)
        assert tokens["id_token"]["auth_time"] <= tokens["id_token"]["iat"]
    with check("POST /userinfo", "by a form: the claims are those of OIDC Core, section 5.1"):
        info = rp.do_user_info_request(method="POST", state="s1", behavior="use_authorization_header")
        equal(info["sub"], ada.user_id)
        equal(info["email"], ada.email)
    with check("POST /oauth/token", "a refresh by the library's own request"):
        fresh = rp.do_access_token_refresh(state="s1", authn_method="client_secret_post", token=rp.grant["s1"].get_token())
        assert isinstance(fresh, AccessTokenResponse), fresh.to_dict()
    with check("POST /oauth/token", "a code that was used is refused with 403 invalid_grant"):
        try:
            rp.do_access_token_request(
                state="s1", request_args={"code": code["code"], "redirect_uri": CALLBACK, "code_verifier": verifier},
                authn_method="client_secret_basic",
            )
            raise AssertionError("the code was taken twice")
        except HttpError as error:
            assert '"invalid_grant"' in str(error), error
    with check("GET /authorize", "prompt=none without a session: login_required"):
        back = Browser().visit(begin(rp, state="s2", nonce="n2", prompt="none"), CALLBACK)
        refused = answered(rp, back)
        assert isinstance(refused, AuthorizationErrorResponse), refused.to_dict()
        equal(refused["error"], "login_required")


if __name__ == "__main__":
    client.run(code_flow)
