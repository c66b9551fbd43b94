"""Stytch's Python SDK against a consumer project: what users have, social logins, machines, roles."""

from urllib.parse import parse_qs, urlencode, urlsplit

import requests
import stytch
from stytch.consumer.models.sessions import AuthorizationCheck
from stytch.core.response_base import StytchError

import place
from checks import Client, Skip, equal, refused

client = Client("stytch", "stytch")
check = client.check
api = stytch.Client(
    project_id=place.PROJECT_ID, secret=place.SECRET, custom_base_url=place.STYTCH_URL
)
BACK = "https://app.example/callback"


def create(name, **more):
    made = api.users.create(email=place.address(name), **more)
    place.atexit.register(place.forget, made.user_id, lambda: api.users.delete(made.user_id))
    return made


def unknown(kind):
    """An id of the right form that nothing has."""
    return f"{kind}-test-00000000-0000-4000-8000-000000000000"


def with_password(name):
    email, password = place.address(name), place.password()
    made = api.passwords.create(email=email, password=password, session_duration_minutes=60)
    place.atexit.register(place.forget, made.user_id, lambda: api.users.delete(made.user_id))
    return email, password, made


def parts():
    phone, email = "+12025550151", place.address("parts")
    made = create("parts-first", phone_number=phone)
    with check("DELETE /v1/users/phone_numbers/{phone_id}", "the number goes; it is free for another"):
        equal(api.users.delete_phone_number(made.phone_id).user.phone_numbers, [])
        other = create("parts-other", phone_number=phone)
        equal(other.user.phone_numbers[0].phone_number, phone)
    with check("DELETE /v1/users/phone_numbers/{phone_id}", "an unknown id is refused with 404"):
        with refused(StytchError, status_code=404, error_type="phone_number_not_found"):
            api.users.delete_phone_number(made.phone_id)
    with check("DELETE /v1/users/emails/{email_id}", "the address goes, and links no longer reach its user"):
        sent = api.otps.email.send(email=email, user_id=other.user_id) if place.MOCK else None
        if sent is None:
            raise Skip("mails somebody who is not there")
        equal([one.email for one in api.users.delete_email(sent.email_id).user.emails], [other.user.emails[0].email])
        with refused(StytchError, status_code=404, error_type="email_not_found"):
            api.otps.email.send(email=email)
    with check("DELETE /v1/users/emails/{email_id}", "an unknown id is refused with 404"):
        with refused(StytchError, status_code=404, error_type="email_not_found"):
            api.users.delete_email(sent.email_id)
    things = [
        ("webauthn_registrations", "webauthn_registration_id", "webauthn-registration", api.users.delete_webauthn_registration),
        ("biometric_registrations", "biometric_registration_id", "biometric-registration", api.users.delete_biometric_registration),
        ("crypto_wallets", "crypto_wallet_id", "crypto-wallet", api.users.delete_crypto_wallet),
    ]
    for path, name, kind, delete in things:
        with check(f"DELETE /v1/users/{path}/{{{name}}}", "one that nobody has is refused with 404"):
            with refused(StytchError, status_code=404, error_type=f"{kind.replace('-', '_')}_not_found"):
                delete(unknown(kind))


def primary_factor():
    path = "PUT /v1/users/{user_id}/exchange_primary_factor"
    made, new = create("before"), place.address("after")
    with check(path, "the address is exchanged: the new one is found, the old one free"):
        got = api.users.exchange_primary_factor(made.user_id, email_address=new)
        equal([one.email for one in got.user.emails], [new])
        assert create("before").user_id != made.user_id
        with refused(StytchError, status_code=400, error_type="duplicate_email"):
            api.users.create(email=new)
    with check(path, "an address for a number"):
        got = api.users.exchange_primary_factor(made.user_id, phone_number="+12025550152")
        equal([one.phone_number for one in got.user.phone_numbers], ["+12025550152"])
    with check(path, "both at once are refused; so is an address that another has"):
        with refused(StytchError, status_code=400):
            api.users.exchange_primary_factor(made.user_id, email_address=new, phone_number="+12025550153")
        with refused(StytchError, status_code=400, error_type="duplicate_email"):
            api.users.exchange_primary_factor(made.user_id, email_address=create("taken").user.emails[0].email)


def new_passwords():
    path = "POST /v1/passwords/existing_password/reset"
    email, old, made = with_password("existing")
    new = place.password()
    with check(path, "a wrong old password is refused with 401"):
        with refused(StytchError, status_code=401, error_type="unauthorized_credentials"):
            api.passwords.existing_password.reset(email=email, existing_password="wrong", new_password=new)
    with check(path, "the new password is good, the old one not, and the sessions of before have ended"):
        got = api.passwords.existing_password.reset(
            email=email, existing_password=old, new_password=new, session_duration_minutes=60
        )
        equal(got.session.authentication_factors[0].type, "password")
        with refused(StytchError, status_code=404, error_type="session_not_found"):
            api.sessions.authenticate(session_token=made.session_token)
        with refused(StytchError, status_code=401, error_type="unauthorized_credentials"):
            api.passwords.authenticate(email=email, password=old)
        equal(api.passwords.authenticate(email=email, password=new).user_id, made.user_id)
    path, third = "POST /v1/passwords/session/reset", place.password()
    with check(path, "by a session, which lives on while the others end"):
        other = api.passwords.authenticate(email=email, password=new, session_duration_minutes=60)
        reset = api.passwords.sessions.reset(password=third, session_token=got.session_token)
        equal(reset.user_id, made.user_id)
        equal(api.sessions.authenticate(session_token=got.session_token).user.user_id, made.user_id)
        with refused(StytchError, status_code=404, error_type="session_not_found"):
            api.sessions.authenticate(session_token=other.session_token)
        equal(api.passwords.authenticate(email=email, password=third).user_id, made.user_id)
    with check(path, "without a session it is refused with 400"):
        with refused(StytchError, status_code=400, error_type="no_session_arguments"):
            api.passwords.sessions.reset(password=third)


def consent(provider, **query):
    """A browser's way to the provider and back; the provider consents at once."""
    query = {"public_token": place.PUBLIC_TOKEN, "login_redirect_url": BACK, "signup_redirect_url": BACK} | query
    url = f"{place.STYTCH_URL}/v1/public/oauth/{provider}/start?{urlencode(query)}"
    answer = requests.get(url, allow_redirects=False, timeout=30)
    assert answer.status_code == 302, f"{answer.status_code}: {answer.text[:300]}"
    assert answer.headers["location"].startswith(BACK), answer.headers["location"]
    [token] = parse_qs(urlsplit(answer.headers["location"]).query)["token"]
    return token


def social_logins():
    if not place.MOCK:
        raise Skip("nobody consents at a social provider")
    ada = create("social")
    email = ada.user.emails[0].email
    with check("GET /v1/public/oauth/{provider}/start", "a browser comes back with a token that opens a session of the user with that address"):
        got = api.oauth.authenticate(token=consent("google", login_hint=email), session_duration_minutes=60)
        equal((got.user_id, got.provider_type), (ada.user_id, "Google"))
        equal(got.user_session.authentication_factors[0].delivery_method, "oauth_google")
        equal([one.provider_type for one in got.user.providers], ["Google"])
    with check("POST /v1/oauth/authenticate", "the token is good once; 400 oauth_token_not_found"):
        token = consent("google", login_hint=email)
        api.oauth.authenticate(token=token)
        with refused(StytchError, error_type="oauth_token_not_found"):
            api.oauth.authenticate(token=token)
    with check("POST /v1/oauth/attach", "a social login with another address joins the user who attached it"):
        attached = api.oauth.attach(provider="github", user_id=ada.user_id).oauth_attach_token
        token = consent("github", login_hint=place.address("social-work"), oauth_attach_token=attached)
        joined = api.oauth.authenticate(token=token)
        equal(joined.user_id, ada.user_id)
        equal(sorted(one.provider_type for one in joined.user.providers), ["Github", "Google"])
    with check("POST /v1/oauth/attach", "without a user, and with two, it is refused with 400"):
        with refused(StytchError, status_code=400, error_type="no_user_selection_arguments"):
            api.oauth.attach(provider="github")
        with refused(StytchError, status_code=400, error_type="too_many_user_selection_arguments"):
            api.oauth.attach(provider="github", user_id=ada.user_id, session_token=got.session_token)
    with check("DELETE /v1/users/oauth/{oauth_user_registration_id}", "the tie goes"):
        left = api.users.delete_oauth_registration(got.oauth_user_registration_id).user
        equal([one.provider_type for one in left.providers], ["Github"])
        with refused(StytchError, status_code=404, error_type="oauth_user_registration_not_found"):
            api.users.delete_oauth_registration(got.oauth_user_registration_id)


def secrets_of_machines():
    one = "/v1/m2m/clients/{client_id}/secrets/rotate"
    made = api.m2m.clients.create(scopes=["read:all", "write:all"], client_name=f"{place.MARK}-rotating").m2m_client
    place.atexit.register(place.forget, made.client_id, lambda: api.m2m.clients.delete(made.client_id))

    def opens(secret):
        try:
            api.m2m.token(made.client_id, secret)
        except StytchError as error:
            equal(error.details.status_code, 401)
            return False
        return True

    rotation = api.m2m.clients.secrets
    with check(f"POST {one}/start", "both secrets are good from then on; a second rotation must wait"):
        started = rotation.rotate_start(made.client_id).m2m_client
        equal(started.next_client_secret_last_four, started.next_client_secret[-4:])
        equal((opens(made.client_secret), opens(started.next_client_secret)), (True, True))
        with refused(StytchError, status_code=400):
            rotation.rotate_start(made.client_id)
    with check(f"POST {one}/cancel", "the new secret is good no longer"):
        equal(rotation.rotate_cancel(made.client_id).m2m_client.next_client_secret_last_four or None, None)
        equal((opens(made.client_secret), opens(started.next_client_secret)), (True, False))
        with refused(StytchError, status_code=400):
            rotation.rotate_cancel(made.client_id)
    with check(f"POST {one}", "the new secret takes the old one's place"):
        started = rotation.rotate_start(made.client_id).m2m_client
        equal(rotation.rotate(made.client_id).m2m_client.client_secret_last_four, started.next_client_secret[-4:])
        equal((opens(made.client_secret), opens(started.next_client_secret)), (False, True))
    with check("POST /v1/m2m/clients/search", "machines are found by id, name and scope"):
        for name, value in [("client_id", made.client_id), ("client_name", f"{place.MARK}-rotating")]:
            operand = {"filter_name": name, "filter_value": [value]}
            found = api.m2m.clients.search(query={"operator": "AND", "operands": [operand]})
            equal([found.client_id for found in found.m2m_clients], [made.client_id])
        operand = {"filter_name": "scopes", "filter_value": ["write:all"]}
        found = api.m2m.clients.search(query={"operator": "AND", "operands": [operand]})
        assert made.client_id in [found.client_id for found in found.m2m_clients]
    with check("PUT /v1/m2m/clients/{id}", "an inactive machine gets no tokens"):
        api.m2m.clients.update(made.client_id, status="inactive")
        equal(opens(started.next_client_secret), False)
    with check("GET /v1/m2m/clients/{id}", "an unknown machine is refused with 404"):
        with refused(StytchError, status_code=404, error_type="m2m_client_not_found"):
            api.m2m.clients.get(unknown("m2m-client"))


def roles():
    _, _, made = with_password("roles")
    with check("GET /v1/rbac/policy", "the policy has Stytch's own role, resource and actions"):
        policy = api.rbac.policy().policy
        own = [role for role in policy.roles if role.role_id == "stytch_user"]
        equal([grant.resource_id for grant in own[0].permissions], ["stytch.self"])
        assert "stytch.self" in [resource.resource_id for resource in policy.resources]
    with check("POST /v1/sessions/authenticate", "an authorization check gives a verdict by the policy, or 403"):
        check_ = AuthorizationCheck(resource_id="stytch.self", action="update.info.name")
        got = api.sessions.authenticate(session_token=made.session_token, authorization_check=check_)
        equal((got.verdict.authorized, got.verdict.granting_roles), (True, ["stytch_user"]))
        check_ = AuthorizationCheck(resource_id="documents", action="shred")
        with refused(StytchError, status_code=403):
            api.sessions.authenticate(session_token=made.session_token, authorization_check=check_)


def impersonation():
    made = create("impersonated")
    path = "POST /v1/impersonation/authenticate"
    with check(path, "a token of the dashboard opens a session of an hour that cannot be extended, once"):
        token = place.impersonation(made.user_id)
        got = api.impersonation.authenticate(token)
        factor = got.session.authentication_factors[0]
        equal((got.user_id, factor.type, factor.delivery_method), (made.user_id, "impersonated", "impersonation"))
        equal((got.session.expires_at - got.session.started_at).total_seconds(), 3600)
        with refused(StytchError, status_code=400, error_type="session_not_mutable_impersonated"):
            api.sessions.authenticate(session_token=got.session_token, session_duration_minutes=60)
        with refused(StytchError, error_type="unable_to_auth_impersonation_token"):
            api.impersonation.authenticate(token)


def the_project():
    with check("GET /v1/debug/whoami", "the credentials' project"):
        equal(api.debug.whoami().project_id, place.PROJECT_ID)
    with check("GET /v1/debug/whoami", "a wrong secret is refused with 401"):
        stranger = stytch.Client(project_id=place.PROJECT_ID, secret="wrong", custom_base_url=place.STYTCH_URL)
        with refused(StytchError, status_code=401, error_type="unauthorized_credentials"):
            stranger.debug.whoami()
    with check("GET /v1/projects/metrics", "the number of users grows with each"):
        def users():
            return {one.metric_type: one.count for one in api.project.metrics().metrics}["USER_COUNT"]

        before = users()
        create("counted")
        equal(users(), before + 1)
    with check("POST /v1/sessions/exchange_access_token", "an access token that no Connected App has is refused with 404"):
        with refused(StytchError, status_code=404, error_type="idp_access_token_not_found"):
            api.sessions.exchange_access_token(access_token="no.such.token")
    one = f"{place.STYTCH_URL}/v1/public/{place.PROJECT_ID}/.well-known"
    with check("GET /v1/public/{project_id}/.well-known/openid-configuration", "it names the keys and where machines get tokens"):
        found = requests.get(f"{one}/openid-configuration", timeout=30).json()
        equal(found["token_endpoint"], f"{place.STYTCH_URL}/v1/public/{place.PROJECT_ID}/oauth2/token")
        equal(found["jwks_uri"], f"{one}/jwks.json")
    with check("GET /v1/public/{project_id}/.well-known/jwks.json", "the keys are those of the sessions, and need no credentials"):
        keys = requests.get(found["jwks_uri"], timeout=30).json()["keys"]
        equal({key["kid"] for key in keys}, {key.kid for key in api.sessions.get_jwks(place.PROJECT_ID).keys})


def connected_apps():
    user_id, app = create("unconnected").user_id, "connected-app-test-81bf03a8-86e1-4d95-bd44-bb3495224953"
    clients, path = api.connected_app.clients, "/v1/connected_apps/clients/{client_id}"
    with check("POST /v1/connected_apps/clients/search", "a project without Connected Apps has none to find"):
        if not place.MOCK:
            raise Skip("the project may have some")
        equal((clients.search().connected_apps, clients.search().results_metadata.total), ([], 0))
    for method, act in (("GET", clients.get), ("PUT", clients.update), ("DELETE", clients.delete)):
        with check(f"{method} {path}", "one that there is not is refused with 404"):
            with refused(StytchError, status_code=404, error_type="connected_app_not_found"):
                act(app)
    with check("GET /v1/users/{user_id}/connected_apps", "nobody has connected one"):
        equal(api.users.connected_apps(user_id).connected_apps, [])
        with refused(StytchError, status_code=404, error_type="user_not_found"):
            api.users.connected_apps("user-test-81bf03a8-86e1-4d95-bd44-bb3495224953")
    with check("POST /v1/users/{user_id}/connected_apps/{connected_app_id}/revoke", "so that there is none to take back"):
        with refused(StytchError, status_code=404, error_type="connected_app_not_found"):
            api.users.revoke(user_id, app)


if __name__ == "__main__":
    client.run(
        parts, primary_factor, new_passwords, social_logins, secrets_of_machines, roles, impersonation, the_project,
        connected_apps,
    )
