"""Auth0's Python SDK: tokens, userinfo, errors, limits, and the Management API."""

import json
import time
from urllib.parse import urlencode

from auth0.authentication import Database, GetToken, RevokeToken, Users
from auth0.authentication.exceptions import Auth0Error, RateLimitError
from auth0.authentication.token_verifier import AsymmetricSignatureVerifier, TokenVerifier
from auth0.management.errors import ConflictError, NotFoundError

import place
from browser import Browser, pkce
from checks import Client, Skip, equal, refused
from place import AUTH0, CALLBACK, CLIENT_ID, CONNECTION, DOMAIN, ISSUER, Person

client = Client("auth0-python", "auth0")
check = client.check
tokens = GetToken(*AUTH0, **place.TELEMETRY)
people = Users(DOMAIN, **place.TELEMETRY)
TOKEN = "POST /oauth/token"
USERINFO = "GET /userinfo"


def verify(id_token, **expected):
    keys = AsymmetricSignatureVerifier(f"https://{DOMAIN}/.well-known/jwks.json")
    return TokenVerifier(keys, ISSUER, CLIENT_ID, leeway=60).verify(id_token, **expected)


def authorize_url(challenge, **more):
    query = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": place.SCOPE,
        "audience": place.AUDIENCE,
        "state": "a state",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"https://{DOMAIN}/authorize?{urlencode(query | more)}"


def login_by_password():
    ada = Person("grant")
    with check(TOKEN, "the password-realm grant gives access, ID and refresh token"):
        got = ada.login()
        equal(got["token_type"], "Bearer")
        equal(got["access_token"].count("."), 2)
        assert got["refresh_token"] and got["expires_in"] > 0
    with check("GET /.well-known/jwks.json", "the SDK's verifier accepts an ID token by the published keys"):
        claims = verify(got["id_token"])
        equal(claims["email"], ada.email)
    with check(USERINFO, "an access token with openid, profile and email gives the person's claims"):
        profile = people.userinfo(got["access_token"])
        equal(profile["email"], ada.email)
        equal(profile["sub"], ada.user_id)
        equal(profile["email_verified"], True)
    with check(USERINFO, "a token that is none is refused with 401"):
        with refused(Auth0Error, status_code=401):
            people.userinfo("no.such.token")
    with check(TOKEN, "a wrong password is refused with 403 invalid_grant"):
        with refused(Auth0Error, status_code=403, error_code="invalid_grant", message="Wrong email or password."):
            tokens.login(ada.email, "wrong", place.SCOPE, CONNECTION, place.AUDIENCE)
    with check(TOKEN, "an unknown person is refused like a wrong password"):
        with refused(Auth0Error, status_code=403, error_code="invalid_grant", message="Wrong email or password."):
            tokens.login(place.address("nobody"), "wrong", place.SCOPE, CONNECTION, place.AUDIENCE)
    with check(TOKEN, "a wrong client secret is refused with 401 access_denied"):
        with refused(Auth0Error, status_code=401, error_code="access_denied"):
            GetToken(DOMAIN, CLIENT_ID, "wrong", **place.TELEMETRY).client_credentials(f"https://{DOMAIN}/api/v2/")
    with check(TOKEN, "a grant of a name that nobody knows is refused with 403 unauthorized_client or 400"):
        try:
            tokens.refresh_token(got["refresh_token"], grant_type="no-such-grant")
        except Auth0Error as error:
            assert error.status_code in (400, 403), error
        else:
            raise AssertionError("nothing was refused")


def refresh_and_revoke():
    ada = Person("refresh")
    first = ada.login()["refresh_token"]
    with check(TOKEN, "a refresh token gives a new access token"):
        got = tokens.refresh_token(first)
        equal(people.userinfo(got["access_token"])["email"], ada.email)
    if "refresh_token" in got and got["refresh_token"] != first:
        second = got["refresh_token"]
        with check(TOKEN, "a rotated refresh token that comes back is refused, and its whole family with it"):
            with refused(Auth0Error, status_code=403, error_code="invalid_grant"):
                tokens.refresh_token(first)
            with refused(Auth0Error, status_code=403, error_code="invalid_grant"):
                tokens.refresh_token(second)
    with check("POST /oauth/revoke", "a revoked refresh token is refused with 403 invalid_grant"):
        revoked = ada.login()["refresh_token"]
        RevokeToken(*AUTH0, **place.TELEMETRY).revoke_refresh_token(revoked)
        with refused(Auth0Error, status_code=403, error_code="invalid_grant", message="Unknown or invalid refresh token."):
            tokens.refresh_token(revoked)


def login_by_code():
    ada, browser, (verifier, challenge) = Person("code"), Browser(), pkce()
    with check("POST /u/login", "the login form leads back to the application with a code and its state"):
        back = browser.log_in(authorize_url(challenge, nonce="n1"), CALLBACK, ada.email, ada.password)
        equal(back["state"], "a state")
    with check(TOKEN, "a code with its PKCE verifier gives tokens, the nonce in the ID token"):
        got = tokens.authorization_code_pkce(verifier, back["code"], CALLBACK)
        equal(verify(got["id_token"], nonce="n1")["sub"], ada.user_id)
    with check(TOKEN, "a code is good once"):
        with refused(Auth0Error, status_code=403, error_code="invalid_grant"):
            tokens.authorization_code_pkce(verifier, back["code"], CALLBACK)
    with check("GET /authorize", "a browser with a session gets its code at once, with prompt=none"):
        verifier, challenge = pkce()
        silent = browser.visit(authorize_url(challenge, prompt="none"), CALLBACK)
        got = tokens.authorization_code_pkce(verifier, silent["code"], CALLBACK)
        equal(people.userinfo(got["access_token"])["email"], ada.email)
    with check(TOKEN, "a wrong PKCE verifier is refused with invalid_grant"):
        verifier, challenge = pkce()
        silent = browser.visit(authorize_url(challenge, prompt="none"), CALLBACK)
        with refused(Auth0Error, error_code="invalid_grant"):
            tokens.authorization_code_pkce(pkce()[0], silent["code"], CALLBACK)
    with check("GET /v2/logout", "after the logout prompt=none is answered login_required"):
        query = urlencode({"client_id": CLIENT_ID, "returnTo": CALLBACK})
        browser.visit(f"https://{DOMAIN}/v2/logout?{query}", CALLBACK)
        equal(browser.visit(authorize_url(challenge, prompt="none"), CALLBACK)["error"], "login_required")


def sign_up():
    database, email, password = Database(DOMAIN, CLIENT_ID, **place.TELEMETRY), place.address("signup"), place.password()
    with check("POST /dbconnections/signup", "a person signs up and can log in"):
        made = database.signup(email, password, CONNECTION)
        equal(made["email"], email)
        equal(made["email_verified"], False)
        got = tokens.login(email, password, place.SCOPE, CONNECTION, place.AUDIENCE)
        equal(people.userinfo(got["access_token"])["email"], email)
    with check("POST /dbconnections/signup", "an address that is taken is refused with 400"):
        with refused(Auth0Error, status_code=400):
            database.signup(email, password, CONNECTION)
    with check("POST /dbconnections/change_password", "a reset is mailed, and said so in plain text"):
        assert "sent you an email" in str(database.change_password(email, CONNECTION))
    api = place.management()
    for user in api.users.list_users_by_email(email=email):
        place.forget(f"Auth0 user {user.user_id}", lambda: api.users.delete(user.user_id))


def userinfo_limit():
    ada = Person("limit")
    access = ada.login()["access_token"]
    with check(USERINFO, "more calls for one person than the limit are refused with 429, which the SDK knows"):
        for _ in range(30):
            try:
                people.userinfo(access)
            except RateLimitError as error:
                assert error.reset_at > time.time() - 60, error.reset_at
                break
        else:
            raise AssertionError("30 calls at once, and none was refused")


def records():
    api, email = place.management(), place.address("record")
    one = "/api/v2/users/{id}"
    with check("POST /api/v2/users", "a user is created with metadata"):
        made = api.users.create(
            connection=CONNECTION, email=email, password=place.password(), email_verified=True,
            name="Ada L.", user_metadata={"plan": "pro"}, app_metadata={"tier": 1},
        )
        place.atexit.register(place.forget, made.user_id, lambda: api.users.delete(made.user_id))
        equal((made.email, made.email_verified, made.name), (email, True, "Ada L."))
        equal((made.user_metadata, made.app_metadata), ({"plan": "pro"}, {"tier": 1}))
    with check("POST /api/v2/users", "an address that is taken is refused as a conflict"):
        with refused(ConflictError, status_code=409):
            api.users.create(connection=CONNECTION, email=email, password=place.password())
    with check(f"GET {one}", "a user is read by id"):
        equal(api.users.get(made.user_id).email, email)
    with check(f"GET {one}", "an unknown user is refused with 404"):
        with refused(NotFoundError, status_code=404):
            api.users.get("auth0|000000000000000000000000")
    with check("GET /api/v2/users-by-email", "users are found by their address"):
        equal([user.user_id for user in api.users.list_users_by_email(email=email)], [made.user_id])
    with check(f"PATCH {one}", "metadata is merged at its top level"):
        changed = api.users.update(made.user_id, user_metadata={"seen": "yes"}, name="Ada")
        equal((changed.user_metadata, changed.name), ({"plan": "pro", "seen": "yes"}, "Ada"))
    with check(f"PATCH {one}", "a blocked user cannot log in"):
        ada = Person("blocked")
        api.users.update(ada.user_id, blocked=True)
        with refused(Auth0Error, message="user is blocked"):
            ada.login()
    with check("GET /api/v2/users", "users are searched by a query, with totals and pages"):
        found = eventually(lambda: list(api.users.list(q=f'email:"{email}"', search_engine="v3")), bool)
        equal([user.user_id for user in found], [made.user_id])
    with check(f"DELETE {one}", "a deleted user is gone"):
        api.users.delete(made.user_id)
        with refused(NotFoundError, status_code=404):
            api.users.get(made.user_id)


def sessions_and_refresh_tokens():
    api, ada = place.management(), Person("devices")
    browser, (verifier, challenge) = Browser(), pkce()
    back = browser.log_in(authorize_url(challenge), CALLBACK, ada.email, ada.password)
    got = tokens.authorization_code_pkce(verifier, back["code"], CALLBACK)
    with check("GET /api/v2/users/{id}/sessions", "a browser's login is a session of the user"):
        equal(len(list(api.users.sessions.list(ada.user_id))), 1)
    with check("DELETE /api/v2/users/{id}/sessions", "a browser whose session is deleted must log in again"):
        api.users.sessions.delete(ada.user_id)
        eventually(lambda: browser.visit(authorize_url(challenge, prompt="none"), CALLBACK).get("error"), bool)
    with check("GET /api/v2/users/{id}/refresh-tokens", "refresh tokens are listed"):
        equal(len(list(api.users.refresh_token.list(ada.user_id))), 1)
    with check("DELETE /api/v2/users/{id}/refresh-tokens", "deleted refresh tokens are refused"):
        api.users.refresh_token.delete(ada.user_id)

        def dead():
            try:
                tokens.refresh_token(got["refresh_token"])
            except Auth0Error as error:
                return error.status_code == 403
            return False

        eventually(dead, bool)


def jobs():
    api = place.management()
    connections = [found for found in api.connections.list(name=CONNECTION)]
    with check("GET /api/v2/connections", "the database connection is found by its name"):
        equal([found.name for found in connections], [CONNECTION])
    connection = connections[0].id
    with check("POST /api/v2/jobs/users-imports", "a file of users becomes users, by a job"):
        email = place.address("import")
        users = json.dumps([{"email": email, "email_verified": True}]).encode()
        job = api.jobs.users_imports.create(users=("users.json", users, "application/json"), connection_id=connection)
        done = eventually(lambda: api.jobs.get(job.id), lambda job: job.status == "completed")
        equal(done.type, "users_import")
    with check("POST /api/v2/jobs/users-exports", "an export ends with a link to its file"):
        job = api.jobs.users_exports.create(connection_id=connection, format="json", limit=5)
        done = eventually(lambda: api.jobs.get(job.id), lambda job: job.status == "completed")
        assert done.location, done
    for user in api.users.list_users_by_email(email=email):
        place.forget(f"Auth0 user {user.user_id}", lambda: api.users.delete(user.user_id))


def rotation():
    if not place.MOCK:
        raise Skip("rotating a tenant's signing keys is not for a test")
    api, ada = place.management(), Person("keys")
    keys = AsymmetricSignatureVerifier(f"https://{DOMAIN}/.well-known/jwks.json")
    verifier = TokenVerifier(keys, ISSUER, CLIENT_ID, leeway=60)
    before = ada.login()["id_token"]
    verifier.verify(before)
    with check("POST /api/v2/keys/signing/rotate", "tokens of before and after a rotation are accepted by a verifier that was there before"):
        api.keys.signing.rotate()
        after = ada.login()["id_token"]
        assert before.split(".")[0] != after.split(".")[0], "the same key signs still"
        verifier.verify(after)
        verifier.verify(before)


def eventually(ask, good):
    """Deletions and searches of a tenant take effect a little later."""
    deadline = time.monotonic() + 60
    while not good(seen := ask()):
        assert time.monotonic() < deadline, f"still {seen!r} after a minute"
        time.sleep(0.2)
    return seen


if __name__ == "__main__":
    client.run(
        login_by_password, refresh_and_revoke, login_by_code, sign_up, userinfo_limit, records,
        sessions_and_refresh_tokens, jobs, rotation,
    )
