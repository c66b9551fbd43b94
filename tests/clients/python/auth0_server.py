"""Auth0's SDK for Python web servers, and its verifier for APIs: what FastAPI applications use."""

import asyncio
from urllib.parse import parse_qs, urlencode, urlsplit

from auth0_api_python import ApiClient, ApiClientOptions
from auth0_api_python.errors import BaseAuthError
from auth0_server_python.auth_server.server_client import ServerClient
from auth0_server_python.auth_types import (
    LogoutOptions,
    StartInteractiveLoginOptions,
    StartPasswordlessEmailOptions,
    VerifyPasswordlessOtpOptions,
)
from auth0_server_python.error import AccessTokenError, PasswordlessVerifyError
from auth0_server_python.store.abstract import AbstractDataStore

from browser import Browser
from checks import Client, equal
from place import (
    AUDIENCE, CALLBACK, CLIENT_ID, CLIENT_SECRET, DOMAIN, MOCK, SCOPE, Person, address, mail,
)

client = Client("auth0-server-python", "auth0")
check = client.check
api = Client("auth0-api-python", "auth0")


class Memory(AbstractDataStore):
    """What the SDK keeps of one browser."""

    def __init__(self):
        super().__init__({"secret": "x" * 64})
        self.kept = {}

    async def set(self, identifier, state, remove_if_expires=False, options=None):
        self.kept[identifier] = state

    async def get(self, identifier, options=None):
        return self.kept.get(identifier)

    async def delete(self, identifier, options=None):
        self.kept.pop(identifier, None)


def server(**more):
    return ServerClient(
        domain=DOMAIN, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, secret="x" * 64, redirect_uri=CALLBACK,
        transaction_store=Memory(), state_store=Memory(),
        authorization_params={"scope": SCOPE, "audience": AUDIENCE, "redirect_uri": CALLBACK}, **more,
    )


async def log_in(app, person, browser):
    url = await app.start_interactive_login(StartInteractiveLoginOptions(app_state={"page": "/home"}))
    back = browser.log_in(url, CALLBACK, person.email, person.password)
    return await app.complete_interactive_login(f"{CALLBACK}?{urlencode(back)}")


async def web_server():
    ada, browser, app = Person("server"), Browser(), server()
    with check("GET /authorize", "startInteractiveLogin and completeInteractiveLogin, with the application's own state"):
        done = await log_in(app, ada, browser)
        equal(done["app_state"], {"page": "/home"})
    with check("POST /oauth/token", "the user is that of the ID token, the access token that of the audience"):
        equal((await app.get_user())["sub"], ada.user_id)
        token = await app.get_access_token()
    verifier = ApiClient(ApiClientOptions(domain=DOMAIN, audience=AUDIENCE))
    with api.check("GET /.well-known/jwks.json", "an API accepts the access token by discovery and keys, and no other text"):
        claims = await verifier.verify_access_token(token)
        equal(claims["sub"], ada.user_id)
        try:
            await verifier.verify_access_token(token[:-4] + "AAAA")
            raise AssertionError("a forged token was taken")
        except BaseAuthError:
            pass
    with check("POST /oauth/token", "an access token whose time is over is renewed by the refresh token, which rotates"):
        state = await app._state_store.get(app._state_identifier)
        state = state if isinstance(state, dict) else state.model_dump()
        before = state["refresh_token"]
        for one in state["token_sets"]:
            one["expires_at"] = 0
        await app._state_store.set(app._state_identifier, state)
        assert await app.get_access_token() != token
        after = await app._state_store.get(app._state_identifier)
        after = after if isinstance(after, dict) else after.model_dump()
        assert after["refresh_token"] != before or not MOCK
    with check("POST /oauth/revoke", "a session whose refresh token was revoked must log in again"):
        from auth0.authentication import RevokeToken
        RevokeToken(DOMAIN, CLIENT_ID, CLIENT_SECRET).revoke_refresh_token(after["refresh_token"])
        for one in after["token_sets"]:
            one["expires_at"] = 0
        await app._state_store.set(app._state_identifier, after)
        try:
            await app.get_access_token()
            raise AssertionError("a revoked token was taken")
        except AccessTokenError:
            pass
    with check("GET /v2/logout", "the SDK's logout leads back, and ends the browser's session"):
        back = browser.visit(await app.logout(LogoutOptions(return_to=CALLBACK)), CALLBACK)
        equal(back, {})
        assert await app.get_user() is None
        silent = await app.start_interactive_login(StartInteractiveLoginOptions(authorization_params={"prompt": "none"}))
        equal(browser.visit(silent, CALLBACK)["error"], "login_required")


async def mailed_code():
    app, bea = server(), address("server-code")
    with check("POST /passwordless/start", "a code is mailed"):
        await app.passwordless.start(StartPasswordlessEmailOptions(email=bea, send="code"))
    with check("POST /oauth/token", "a wrong code is refused with 403 invalid_grant"):
        wrong = VerifyPasswordlessOtpOptions(connection="email", email=bea, verification_code="000000")
        try:
            await app.passwordless.verify(wrong)
            raise AssertionError("a wrong code was taken")
        except PasswordlessVerifyError as error:
            equal(error.code, "invalid_grant")
    with check("POST /oauth/token", "the mailed code logs somebody new in"):
        code = mail(bea)["token"]
        right = VerifyPasswordlessOtpOptions(connection="email", email=bea, verification_code=code)
        await app.passwordless.verify(right)
        equal((await app.get_user())["email"], bea)


def in_a_loop(flow):
    def run():
        asyncio.run(flow())
    run.__name__ = flow.__name__
    return run


if __name__ == "__main__":
    client.run(in_a_loop(web_server), in_a_loop(mailed_code))
