"""Stytch's Python SDK against a B2B project: ways in by codes, passwords, social providers and discovery."""

from urllib.parse import parse_qs, urlencode, urlsplit

import bcrypt_hash
import requests
import stytch
from stytch.core.response_base import StytchError

import place
from checks import Client, Skip, equal, refused

client = Client("stytch", "stytch")
check = client.check
api = stytch.B2BClient(
    project_id=place.PROJECT_ID, secret=place.SECRET, custom_base_url=place.STYTCH_URL
)
BACK = "https://app.example/callback"


def organization(name, **more):
    slug = f"{place.MARK}-{name}"
    made = api.organizations.create(organization_name=slug, organization_slug=slug, **more).organization
    place.atexit.register(place.forget, slug, lambda: api.organizations.delete(made.organization_id))
    return made.organization_id


def with_password(org, email):
    made = api.passwords.migrate(email_address=email, hash=bcrypt_hash.HASH, hash_type="bcrypt", organization_id=org)
    return made.member_id


def codes():
    path, org = "POST /v1/b2b/otps/email/login_or_signup", organization("codes", email_jit_provisioning="RESTRICTED", email_allowed_domains=["codes.test"])
    email = f"{place.MARK}@codes.test"
    with check(path, "a code to whoever may join by their domain makes a pending member; others are refused"):
        sent = api.otps.email.login_or_signup(org, email)
        equal((sent.member_created, sent.member.status), (True, "pending"))
        with refused(StytchError, error_type="invalid_email_for_jit_provisioning"):
            api.otps.email.login_or_signup(org, place.address("elsewhere"))
    path = "POST /v1/b2b/otps/email/authenticate"
    with check(path, "a wrong code is refused; the right one opens a session of an active member, once"):
        code = place.mail(email)["token"]
        wrong = "000000" if code != "000000" else "000001"
        with refused(StytchError, error_type="otp_code_not_found"):
            api.otps.email.authenticate(org, email, wrong)
        got = api.otps.email.authenticate(org, email, code, session_duration_minutes=30)
        equal((got.member.status, got.member.email_address_verified), ("active", True))
        equal([factor.type for factor in got.member_session.authentication_factors], ["email_otp"])
        with refused(StytchError, error_type="unable_to_auth_otp_code"):
            api.otps.email.authenticate(org, email, code)


def code_discovery():
    org, email = organization("found-by-code"), place.address("found-by-code")
    member_id = api.organizations.members.create(org, email_address=email).member_id
    with check("POST /v1/b2b/otps/email/discovery/send", "a code goes to an address, whatever the organization"):
        api.otps.email.discovery.send(email)
        code = place.mail(email)["token"]
        equal(len(code), 6)
    with check("POST /v1/b2b/otps/email/discovery/authenticate", "a wrong code is refused; the right one tells the organizations"):
        with refused(StytchError, error_type="otp_code_not_found"):
            api.otps.email.discovery.authenticate(email, "000000" if code != "000000" else "000001")
        found = api.otps.email.discovery.authenticate(email, code)
        equal([one.membership.member.member_id for one in found.discovered_organizations], [member_id])
        equal(api.discovery.intermediate_sessions.exchange(found.intermediate_session_token, org).member_id, member_id)


def password_discovery():
    org, email, new = organization("found-by-password"), place.address("found-by-password"), place.password()
    member_id = with_password(org, email)
    path = "POST /v1/b2b/passwords/discovery/authenticate"
    with check(path, "the password tells the organizations; a wrong one is refused with 401"):
        found = api.passwords.discovery.authenticate(email, bcrypt_hash.PASSWORD)
        equal([one.membership.member.member_id for one in found.discovered_organizations], [member_id])
        got = api.discovery.intermediate_sessions.exchange(found.intermediate_session_token, org)
        equal((got.member_id, got.member_authenticated), (member_id, True))
        with refused(StytchError, status_code=401, error_type="unauthorized_credentials"):
            api.passwords.discovery.authenticate(email, "wrong")
    with check("POST /v1/b2b/passwords/discovery/email/reset/start", "a reset is mailed, whatever the organization"):
        api.passwords.discovery.email.reset_start(email, reset_password_redirect_url=BACK)
        mail = place.mail(email)
        assert mail["link"].startswith(BACK), mail
    with check("POST /v1/b2b/passwords/discovery/email/reset", "the new password is that of the member; the token is good once"):
        found = api.passwords.discovery.email.reset(mail["token"], new)
        equal([one.membership.member.member_id for one in found.discovered_organizations], [member_id])
        equal(api.passwords.authenticate(org, email, new).member_id, member_id)
        with refused(StytchError):
            api.passwords.discovery.email.reset(mail["token"], new)


def resets():
    org, email = organization("resets"), place.address("resets")
    member_id, second, third = with_password(org, email), place.password(), place.password()
    path = "POST /v1/b2b/passwords/session/reset"
    with check(path, "by a session, whose others end"):
        first = api.passwords.authenticate(org, email, bcrypt_hash.PASSWORD)
        other = api.passwords.authenticate(org, email, bcrypt_hash.PASSWORD)
        got = api.passwords.sessions.reset(org, second, session_token=first.session_token)
        equal(got.member_id, member_id)
        equal(api.sessions.authenticate(session_token=first.session_token).member.member_id, member_id)
        with refused(StytchError, status_code=404, error_type="session_not_found"):
            api.sessions.authenticate(session_token=other.session_token)
        equal(api.passwords.authenticate(org, email, second).member_id, member_id)
    with check(path, "a session of another organization is refused"):
        with refused(StytchError, status_code=404):
            api.passwords.sessions.reset(organization("resets-not"), third, session_token=first.session_token)
    path = "POST /v1/b2b/passwords/email/require_reset"
    with check(path, "the password opens nothing until it is reset by mail"):
        api.passwords.email.require_reset(email, organization_id=org)
        with refused(StytchError, error_type="member_reset_password"):
            api.passwords.authenticate(org, email, second)
        api.passwords.email.reset_start(org, email)
        api.passwords.email.reset(place.mail(email)["token"], third)
        equal(api.passwords.authenticate(org, email, third).member_id, member_id)
    with check(path, "of an address that nobody has it is refused with 404"):
        with refused(StytchError, status_code=404, error_type="member_not_found"):
            api.passwords.email.require_reset(place.address("nobody"), organization_id=org)
    path = "POST /v1/b2b/passwords/existing_password/reset"
    with check(path, "a wrong old password is refused; the right one makes way for the new one"):
        with refused(StytchError, status_code=401, error_type="unauthorized_credentials"):
            api.passwords.existing_password.reset(email, "wrong", second, org)
        got = api.passwords.existing_password.reset(email, third, second, org)
        equal((got.member_id, got.member_authenticated), (member_id, True))
        with refused(StytchError, status_code=401):
            api.passwords.authenticate(org, email, third)


def consent(provider, way, **query):
    """A browser's way to the provider and back; the provider consents at once."""
    query = {"public_token": place.PUBLIC_TOKEN} | query
    url = f"{place.STYTCH_URL}/v1/b2b/public/oauth/{provider}/{way}?{urlencode(query)}"
    answer = requests.get(url, allow_redirects=False, timeout=30)
    assert answer.status_code == 302, f"{answer.status_code}: {answer.text[:300]}"
    assert answer.headers["location"].startswith(BACK), answer.headers["location"]
    [token] = parse_qs(urlsplit(answer.headers["location"]).query)["token"]
    return token


def social_logins():
    if not place.MOCK:
        raise Skip("nobody consents at a social provider")
    org, email = organization("social"), place.address("social")
    member_id = api.organizations.members.create(org, email_address=email).member_id
    members = "/v1/b2b/organizations/{organization_id}/members/{member_id}"
    providers = api.organizations.members.oauth_providers
    for name in ["google", "microsoft", "github", "slack", "hubspot"]:
        with check("GET /v1/b2b/public/oauth/{provider}/start", "a browser comes back from each provider with a token that opens a session"):
            token = consent(name, "start", organization_id=org, login_hint=email, login_redirect_url=BACK)
            got = api.oauth.authenticate(token, session_duration_minutes=30)
            factor = got.member_session.authentication_factors[0]
            equal((got.member_id, factor.delivery_method, got.provider_type.lower()), (member_id, f"oauth_{name}", name))
        with check(f"GET {members}/oauth_providers/{name}", "the tokens that the provider gave, after a login by it"):
            ask = getattr(providers, name)
            told = ask(org, member_id)
            equal(told.provider_type.lower(), name)
            [one] = told.registrations if hasattr(told, "registrations") else [told]
            equal((one.provider_subject, one.access_token), (got.provider_subject, got.provider_values.access_token))
            if hasattr(one, "refresh_token"):
                equal(one.refresh_token, None)
                told = ask(org, member_id, include_refresh_token=True)
                [one] = told.registrations if hasattr(told, "registrations") else [told]
                equal(one.refresh_token, got.provider_values.refresh_token)
    other = api.organizations.members.create(org, email_address=place.address("unsocial")).member_id
    with check(f"GET {members}/oauth_providers/google", "of a member who never logged in so there are none: 404"):
        with refused(StytchError, status_code=404):
            providers.google(org, other)
    with check(f"GET {members}/oidc_providers", "there are none: no login by SSO"):
        equal(api.organizations.members.oidc_providers(org, member_id).registrations, [])
    with check("GET /v1/b2b/public/oauth/{provider}/discovery/start", "a browser comes back with a token for discovery"):
        token = consent("github", "discovery/start", login_hint=email, discovery_redirect_url=BACK)
    with check("POST /v1/b2b/oauth/discovery/authenticate", "it tells the provider and the organizations, once"):
        found = api.oauth.discovery.authenticate(token)
        equal((found.email_address, found.provider_type), (email, "Github"))
        equal([one.membership.member.member_id for one in found.discovered_organizations], [member_id])
        equal(api.discovery.intermediate_sessions.exchange(found.intermediate_session_token, org).member_id, member_id)
        with refused(StytchError):
            api.oauth.discovery.authenticate(token)


def impersonation():
    org, email = organization("impersonated"), place.address("impersonated")
    member_id = api.organizations.members.create(org, email_address=email).member_id
    with check("POST /v1/b2b/impersonation/authenticate", "a token of the dashboard opens a session of an hour that cannot be extended, once"):
        token = place.impersonation(member_id)
        got = api.impersonation.authenticate(token)
        session = got.member_session
        equal((got.member_id, session.authentication_factors[0].type), (member_id, "impersonated"))
        equal((session.expires_at - session.started_at).total_seconds(), 3600)
        with refused(StytchError, status_code=400, error_type="session_not_mutable_impersonated"):
            api.sessions.authenticate(session_token=got.session_token, session_duration_minutes=60)
        with refused(StytchError, error_type="unable_to_auth_impersonation_token"):
            api.impersonation.authenticate(token)
    with check("POST /v1/b2b/sessions/exchange_access_token", "an access token that no Connected App has is refused with 404"):
        with refused(StytchError, status_code=404, error_type="idp_access_token_not_found"):
            api.sessions.exchange_access_token("no.such.token")


if __name__ == "__main__":
    client.run(codes, code_discovery, password_discovery, resets, social_logins, impersonation)
