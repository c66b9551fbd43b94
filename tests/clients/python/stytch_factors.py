"""Stytch's Python SDK against a consumer project: factors besides passwords and links, and machines."""

import bcrypt_hash
import stytch
from stytch.core.response_base import StytchError

import place
from checks import Client, Skip, equal, refused
from totp import code_of

client = Client("stytch", "stytch")
check = client.check
api = stytch.Client(
    project_id=place.PROJECT_ID, secret=place.SECRET, custom_base_url=place.STYTCH_URL
)


def create(name, **more):
    made = api.users.create(email=place.address(name), **more)
    place.atexit.register(place.forget, made.user_id, lambda: api.users.delete(made.user_id))
    return made


def authenticator():
    user_id = create("totp").user_id
    with check("POST /v1/totps", "an authenticator is registered, with recovery codes"):
        made = api.totps.create(user_id=user_id, expiration_minutes=60)
        assert made.secret and made.recovery_codes
    with check("POST /v1/totps/authenticate", "its code opens a session"):
        got = api.totps.authenticate(user_id=user_id, totp_code=code_of(made.secret), session_duration_minutes=60)
        equal(got.session.authentication_factors[0].type, "totp")
    with check("POST /v1/totps/recovery_codes", "recovery codes are told"):
        equal(len(api.totps.recovery_codes(user_id).totps), 1)
    with check("POST /v1/totps/recover", "a recovery code is good once"):
        api.totps.recover(user_id, made.recovery_codes[0])
        with refused(StytchError):
            api.totps.recover(user_id, made.recovery_codes[0])
    with check("DELETE /v1/users/totps/{id}", "the authenticator goes"):
        equal(api.users.delete_totp(made.totp_id).user.totps, [])


def telephone():
    number = "+12025550198"
    with check("POST /v1/otps/sms/login_or_create", "a text message creates whoever is unknown"):
        if not place.MOCK:
            raise Skip("no text messages from a test")
        sent = api.otps.sms.login_or_create(phone_number=number)
        place.atexit.register(place.forget, sent.user_id, lambda: api.users.delete(sent.user_id))
    with check("POST /v1/otps/authenticate", "the code of a text message opens a session"):
        code = place.mail(number)["token"]
        got = api.otps.authenticate(method_id=sent.phone_id, code=code, session_duration_minutes=60)
        equal(got.session.authentication_factors[0].delivery_method, "sms")


def strength():
    with check("POST /v1/passwords/strength_check", "a weak password is told from a strong one"):
        equal(api.passwords.strength_check(password="password").valid_password, False)
        equal(api.passwords.strength_check(password=place.password()).valid_password, True)


def parts_of_a_user():
    made = create("parts", external_id=f"{place.MARK}|3")
    with check("DELETE /v1/users/{user_id}/external_id", "the external id goes"):
        api.users.delete_external_id(made.user_id)
        with refused(StytchError, status_code=404):
            api.users.get(f"{place.MARK}|3")
    imported = api.passwords.migrate(email=place.address("password"), hash=bcrypt_hash.HASH, hash_type="bcrypt")
    place.atexit.register(place.forget, imported.user_id, lambda: api.users.delete(imported.user_id))
    with check("DELETE /v1/users/passwords/{id}", "the password goes"):
        equal(api.users.delete_password(imported.user.password.password_id).user.password, None)


def machines():
    with check("POST /v1/m2m/clients", "a machine gets an id and a secret"):
        made = api.m2m.clients.create(scopes=["read:all"], client_name=place.MARK).m2m_client
        place.atexit.register(place.forget, made.client_id, lambda: api.m2m.clients.delete(made.client_id))
    with check("GET /v1/m2m/clients/{id}", "it is read by its id"):
        equal(api.m2m.clients.get(made.client_id).m2m_client.client_name, place.MARK)
    with check("POST /v1/public/{project_id}/oauth2/token", "client credentials give a token that the SDK accepts"):
        token = api.m2m.token(made.client_id, made.client_secret)
        equal(api.m2m.authenticate_token(token.access_token).client_id, made.client_id)
    with check("PUT /v1/m2m/clients/{id}", "it changes"):
        equal(api.m2m.clients.update(made.client_id, client_name="renamed").m2m_client.client_name, "renamed")
    with check("DELETE /v1/m2m/clients/{id}", "it goes"):
        api.m2m.clients.delete(made.client_id)


if __name__ == "__main__":
    client.run(authenticator, telephone, strength, parts_of_a_user, machines)
