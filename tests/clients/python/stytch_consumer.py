"""Stytch's Python SDK against a consumer project, sessions of Auth0 migrating in."""

import bcrypt_hash
import stytch
from stytch.core.response_base import StytchError

import place
from checks import Client, Skip, equal, refused
from place import Person

client = Client("stytch", "stytch")
check = client.check
api = stytch.Client(
    project_id=place.PROJECT_ID, secret=place.SECRET, custom_base_url=place.STYTCH_URL
)


def create(email, **more):
    user_id = api.users.create(email=email, **more).user_id
    place.atexit.register(place.forget, f"Stytch user {user_id}", lambda: api.users.delete(user_id))
    return user_id


def migrate_a_session():
    ada = Person("migrate")
    access = ada.login()["access_token"]
    with check("POST /v1/sessions/migrate", "a person who does not exist yet is refused"):
        with refused(StytchError, error_type="migrate_from_external_email_does_not_exist"):
            api.sessions.migrate(session_token=access, session_duration_minutes=60)
    user_id = create(ada.email, external_id=ada.user_id)
    with check("POST /v1/sessions/migrate", "an access token of Auth0 becomes a session of the user with that address"):
        got = api.sessions.migrate(
            session_token=access, session_duration_minutes=60, session_custom_claims={"came_from": "auth0"}
        )
        equal(got.user_id, user_id)
        equal(got.user.external_id, ada.user_id)
        factor = got.session.authentication_factors[0]
        equal((factor.type, factor.delivery_method), ("imported", "imported_auth0"))
        equal(got.session.custom_claims, {"came_from": "auth0"})
    with check("POST /v1/sessions/migrate", "a token that Auth0 refuses is refused"):
        with refused(StytchError, error_type="migrate_from_external_unexpected_response"):
            api.sessions.migrate(session_token="no.such.token", session_duration_minutes=60)
    sessions(got.session_token, got.session_jwt, user_id)


def sessions(token, jwt, user_id):
    with check("POST /v1/sessions/authenticate", "by session_token, with the session extended"):
        seen = api.sessions.authenticate(session_token=token, session_duration_minutes=120)
        equal((seen.session.user_id, seen.session_token), (user_id, token))
        minutes = (seen.session.expires_at - seen.session.last_accessed_at).total_seconds() / 60
        assert 119 < minutes < 121, minutes
    with check("POST /v1/sessions/authenticate", "by session_jwt"):
        equal(api.sessions.authenticate(session_jwt=jwt).session.user_id, user_id)
    with check("GET /v1/sessions/jwks/{project_id}", "the SDK accepts a session JWT on its own, by the published keys"):
        local = api.sessions.authenticate_jwt_local(jwt)
        assert local is not None, "the SDK would have asked Stytch"
        equal((local.user_id, local.custom_claims["came_from"]), (user_id, "auth0"))
    with check("POST /v1/sessions/authenticate", "a JWT that is too old for the caller is asked about, and renewed"):
        equal(api.sessions.authenticate_jwt(jwt, max_token_age_seconds=0).session.user_id, user_id)
    with check("GET /v1/sessions", "the user's live sessions are listed"):
        equal(len(api.sessions.get(user_id=user_id).sessions), 1)
    with check("GET /v1/sessions/jwks/{project_id}", "the keys have all members of the SDK's type"):
        assert api.sessions.get_jwks(place.PROJECT_ID).keys
    with check("POST /v1/sessions/revoke", "a revoked session is not found any more"):
        api.sessions.revoke(session_token=token)
        with refused(StytchError, status_code=404, error_type="session_not_found"):
            api.sessions.authenticate(session_token=token)
    with check("POST /v1/sessions/authenticate", "a token of another form is refused with 400"):
        with refused(StytchError, status_code=400, error_type="invalid_session_token"):
            api.sessions.authenticate(session_token="short")
    with check("POST /v1/sessions/authenticate", "a token and a JWT at once are refused"):
        with refused(StytchError, status_code=400, error_type="too_many_session_arguments"):
            api.sessions.authenticate(session_token=token, session_jwt=jwt)
    with check("POST /v1/sessions/authenticate", "a wrong secret is refused with 401"):
        stranger = stytch.Client(project_id=place.PROJECT_ID, secret="wrong", custom_base_url=place.STYTCH_URL)
        with refused(StytchError, status_code=401, error_type="unauthorized_credentials"):
            stranger.sessions.authenticate(session_token=token)


def attest_a_token():
    if not place.PROFILE_ID:
        raise Skip("STYTCH_TRUSTED_TOKEN_PROFILE names no profile")
    ada = Person("attest")
    user_id = create(ada.email)
    with check("POST /v1/sessions/attest", "a token of Auth0 becomes a session by the trusted token profile"):
        got = api.sessions.attest(place.PROFILE_ID, ada.login()["id_token"], session_duration_minutes=60)
        equal(got.user_id, user_id)
        equal(got.session.authentication_factors[0].type, "trusted_auth_token")
    with check("POST /v1/sessions/attest", "a token that is none is refused"):
        with refused(StytchError, error_type="invalid_trusted_auth_token"):
            api.sessions.attest(place.PROFILE_ID, "no.such.token", session_duration_minutes=60)


def users():
    one, email = "/v1/users/{user_id}", place.address("user")
    with check("POST /v1/users", "a user is created with name, external id and metadata"):
        made = api.users.create(
            email=email, name={"first_name": "Ada", "last_name": "L."}, external_id=f"{place.MARK}|1",
            trusted_metadata={"plan": "pro"},
        )
        place.atexit.register(place.forget, made.user_id, lambda: api.users.delete(made.user_id))
        equal((made.user.name.first_name, made.user.trusted_metadata), ("Ada", {"plan": "pro"}))
    with check("POST /v1/users", "an address that is taken is refused"):
        with refused(StytchError, status_code=400, error_type="duplicate_email"):
            api.users.create(email=email)
    with check(f"GET {one}", "a user is read by id and by external id"):
        equal(api.users.get(made.user_id).emails[0].email, email)
        equal(api.users.get(f"{place.MARK}|1").user_id, made.user_id)
    with check(f"GET {one}", "an unknown user is refused with 404"):
        with refused(StytchError, status_code=404, error_type="user_not_found"):
            api.users.get("user-test-00000000-0000-4000-8000-000000000000")
    with check(f"PUT {one}", "metadata is merged at its top level, and null takes away"):
        api.users.update(made.user_id, trusted_metadata={"seen": True})
        changed = api.users.update(made.user_id, trusted_metadata={"plan": None}, name={"first_name": "Ida"})
        equal(changed.user.trusted_metadata, {"seen": True})
        equal(changed.user.name.first_name, "Ida")
    with check("POST /v1/users/search", "users are found by address"):
        operand = {"filter_name": "email_address", "filter_value": [email]}
        found = api.users.search(query={"operator": "AND", "operands": [operand]})
        equal([user.user_id for user in found.results], [made.user_id])
    with check("DELETE /v1/users/{user_id}", "a deleted user is gone"):
        api.users.delete(made.user_id)
        with refused(StytchError, status_code=404, error_type="user_not_found"):
            api.users.get(made.user_id)


def passwords():
    email = place.address("hash")
    with check("POST /v1/passwords/migrate", "a bcrypt hash of Auth0 creates the user, who logs in with the old password"):
        made = api.passwords.migrate(email=email, hash=bcrypt_hash.HASH, hash_type="bcrypt", set_email_verified=True)
        place.atexit.register(place.forget, made.user_id, lambda: api.users.delete(made.user_id))
        equal((made.user_created, made.user.emails[0].verified), (True, True))
    with check("POST /v1/passwords/authenticate", "the right password opens a session"):
        got = api.passwords.authenticate(email=email, password=bcrypt_hash.PASSWORD, session_duration_minutes=60)
        equal(got.session.authentication_factors[0].type, "password")
    with check("POST /v1/passwords/authenticate", "without a duration no session is opened"):
        got = api.passwords.authenticate(email=email, password=bcrypt_hash.PASSWORD)
        equal((got.session, got.session_token), (None, ""))
    with check("POST /v1/passwords/authenticate", "a wrong password is refused with 401"):
        with refused(StytchError, status_code=401, error_type="unauthorized_credentials"):
            api.passwords.authenticate(email=email, password="wrong")
    with check("POST /v1/passwords/authenticate", "an unknown address is refused with 404"):
        with refused(StytchError, status_code=404, error_type="email_not_found"):
            api.passwords.authenticate(email=place.address("nobody"), password="wrong")
    with check("POST /v1/passwords", "a person signs up with a password"):
        new = api.passwords.create(email=place.address("new"), password=place.password(), session_duration_minutes=60)
        place.atexit.register(place.forget, new.user_id, lambda: api.users.delete(new.user_id))
        assert new.session_jwt
    with check("POST /v1/passwords/email/reset", "a mailed token resets the password and ends all sessions"):
        api.passwords.email.reset_start(email=email)
        chosen = place.password()
        api.passwords.email.reset(token=place.mail(email)["token"], password=chosen)
        equal(api.passwords.authenticate(email=email, password=chosen).user_id, made.user_id)


def links_and_codes():
    email = place.address("link")
    with check("POST /v1/magic_links/email/login_or_create", "a link creates whoever is unknown"):
        made = api.magic_links.email.login_or_create(email=email)
        place.atexit.register(place.forget, made.user_id, lambda: api.users.delete(made.user_id))
        equal(made.user_created, True)
    with check("POST /v1/magic_links/email/login_or_create", "a second mail within the second is refused with 429"):
        for _ in range(20):
            try:
                api.magic_links.email.login_or_create(email=email)
            except StytchError as error:
                equal((error.details.status_code, error.details.error_type), (429, "too_many_requests"))
                break
        else:
            raise AssertionError("20 mails at once, and none was refused")
    with check("POST /v1/magic_links/authenticate", "the mailed token opens a session, once"):
        token = place.mail(email)["token"]
        got = api.magic_links.authenticate(token=token, session_duration_minutes=60)
        equal(got.session.authentication_factors[0].type, "magic_link")
        with refused(StytchError, status_code=401, error_type="unable_to_auth_magic_link"):
            api.magic_links.authenticate(token=token)
    code_email = place.address("code")
    with check("POST /v1/otps/email/login_or_create", "a code creates whoever is unknown"):
        sent = api.otps.email.login_or_create(email=code_email)
        place.atexit.register(place.forget, sent.user_id, lambda: api.users.delete(sent.user_id))
    with check("POST /v1/otps/authenticate", "the mailed code opens a session"):
        code = place.mail(code_email)["token"]
        wrong = "000000" if code != "000000" else "111111"
        with refused(StytchError, status_code=404, error_type="otp_code_not_found"):
            api.otps.authenticate(method_id=sent.email_id, code=wrong)
        got = api.otps.authenticate(method_id=sent.email_id, code=code, session_duration_minutes=60)
        equal(got.session.authentication_factors[0].type, "otp")


if __name__ == "__main__":
    client.run(migrate_a_session, attest_a_token, users, passwords, links_and_codes)
