"""Stytch's Python SDK against a B2B project whose organizations log in by SSO, as an application from Auth0 brings them."""

import base64
import hashlib
import secrets
from urllib.parse import urlencode

import requests
import stytch
from stytch.b2b.models.sessions import AuthorizationCheck
from stytch.core.response_base import StytchError

import place
from browser import Browser
from checks import Client, Skip, equal, refused

client = Client("stytch", "stytch")
check = client.check
api = stytch.B2BClient(
    project_id=place.PROJECT_ID, secret=place.SECRET, custom_base_url=place.STYTCH_URL
)
START = "GET /v1/public/sso/start"
ENTER = "POST /v1/b2b/sso/authenticate"
SAML = "/v1/b2b/sso/saml/{organization_id}/connections/{connection_id}"
BACK = "https://app.example/sso"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n"


def organization(name, **more):
    slug = f"{place.MARK}-{name}"
    made = api.organizations.create(organization_name=slug, organization_slug=slug, **more).organization
    place.atexit.register(place.forget, slug, lambda: api.organizations.delete(made.organization_id))
    return made.organization_id


def saml_for(org, **more):
    """An active connection."""
    made = api.sso.saml.create_connection(org, display_name="Okta", identity_provider="okta").connection
    got = api.sso.saml.update_connection(
        org, made.connection_id, idp_entity_id="https://idp.example", idp_sso_url="https://idp.example/sso",
        attribute_mapping={"email": "NameID", "full_name": "name", "groups": "groups"},
        x509_certificate=CERTIFICATE, **more,
    ).connection
    equal(got.status, "active")
    return got


def oidc_for(org):
    made = api.sso.oidc.create_connection(org, display_name="Entra", identity_provider="microsoft-entra").connection
    got = api.sso.oidc.update_connection(
        org, made.connection_id, client_id="id", client_secret="secret", issuer="https://idp.example"
    ).connection
    equal((got.status, got.authorization_url != ""), ("active", True))
    return got


def through(said, **query):
    """A browser's way through the provider: what the application is told."""
    if not place.MOCK:
        raise Skip("nobody can log in at a real provider here")
    query |= {"public_token": place.PUBLIC_TOKEN, "login_redirect_url": BACK, "signup_redirect_url": f"{BACK}/new"}
    browser = Browser()
    page = browser.visit(f"{place.STYTCH_URL}/v1/public/sso/start?{urlencode(query)}", BACK)
    equal(page.status_code, 200)
    return browser.fill(page, BACK, **said)


def enter(said, connection, **more):
    token = through(said, connection_id=connection.connection_id)["token"]
    return api.sso.authenticate(token, session_duration_minutes=60, **more)


def members_who_came_along():
    org = organization("sso-moved")
    connection = saml_for(org, saml_group_implicit_role_assignments=[{"role_id": "stytch_admin", "group": "bosses"}])
    email = place.address("moved")
    created = api.organizations.members.create(org, email_address=email, external_id="samlp|acme|ada").member
    said = {"email": email, "name": "Ada King", "groups": "bosses"}
    with check(START, "a browser is sent to the provider of the connection, and comes back with a token"):
        back = through(said, connection_id=connection.connection_id)
        equal(back["stytch_token_type"], "sso")
    with check(ENTER, "the token is a session of the member who was brought along"):
        got = api.sso.authenticate(back["token"], session_duration_minutes=60)
        equal((got.member_id, got.member.external_id, got.member_authenticated), (created.member_id, "samlp|acme|ada", True))
        (factor,) = got.member_session.authentication_factors
        equal((factor.type, factor.delivery_method), ("sso", "sso_saml"))
        equal(factor.saml_sso_factor.provider_id, connection.connection_id)
    with check(ENTER, "the member is registered with the connection, under the provider's own id"):
        (known,) = got.member.sso_registrations
        equal((known.connection_id, known.external_id), (connection.connection_id, email))
        equal(known.sso_attributes["full_name"], ["Ada King"])
    with check(ENTER, "a group at the provider gives a role, in sessions by this connection"):
        equal(got.member.is_admin, True)
        source = next(role for role in got.member.roles if role.role_id == "stytch_admin").sources[0]
        equal((source.type, source.details["group"]), ("sso_connection_group", "bosses"))
        allowed = AuthorizationCheck(organization_id=org, resource_id="stytch.sso", action="create")
        checked = api.sessions.authenticate(session_token=got.session_token, authorization_check=allowed)
        equal(checked.verdict.granting_roles, ["stytch_admin"])
    with check(ENTER, "the session JWT is good without a call"):
        local = api.sessions.authenticate_jwt_local(got.session_jwt)
        equal((local.member_id, "stytch_admin" in local.roles), (created.member_id, True))
    with check(ENTER, "a token is good once"):
        with refused(StytchError, status_code=404, error_type="sso_token_not_found"):
            api.sso.authenticate(back["token"])


def newcomers():
    org = organization("sso-new")
    connection = oidc_for(org)
    with check(START, "the organization's only connection need not be named"):
        back = through({"email": place.address("first")}, organization_id=org)
    with check(ENTER, "whoever comes by a connection becomes a member, if the organization lets them"):
        got = api.sso.authenticate(back["token"])
        equal((got.member.status, got.member_session.authentication_factors[0].delivery_method), ("active", "sso_oidc"))
    with check("GET /v1/b2b/organizations/{organization_id}/members/{member_id}/oidc_providers", "what the provider gave for them"):
        (given,) = api.organizations.members.oidc_providers(org, got.member_id).registrations
        equal((given.connection_id, given.provider_subject), (connection.connection_id, got.member.sso_registrations[0].external_id))
    with check("PUT /v1/b2b/organizations/{organization_id}", "sso_jit_provisioning lets nobody in, or those of named connections"):
        api.organizations.update(org, sso_jit_provisioning="NOT_ALLOWED")
        answer = through({"email": place.address("second")}, connection_id=connection.connection_id)
        equal(answer.json()["error_type"], "invalid_connection_for_jit_provisioning")
        with refused(StytchError, status_code=400, error_type="invalid_restricted_sso_setting"):
            api.organizations.update(org, sso_jit_provisioning="RESTRICTED")
        api.organizations.update(
            org, sso_jit_provisioning="RESTRICTED", sso_jit_provisioning_allowed_connections=[connection.connection_id]
        )
        equal(enter({"email": place.address("second")}, connection).member.status, "active")
    with check("PUT /v1/b2b/organizations/{organization_id}", "the default connection has to be one that works"):
        with refused(StytchError, status_code=400, error_type="invalid_sso_default_connection_id"):
            api.organizations.update(org, sso_default_connection_id=api.sso.saml.create_connection(org).connection.connection_id)
        got = api.organizations.update(org, sso_default_connection_id=connection.connection_id).organization
        equal(got.sso_default_connection_id, connection.connection_id)
    for path in ("/v1/b2b/sso/start", "/v1/b2b/public/sso/start"):
        with check(f"GET {path}", "the same start below the product's own path"):
            query = urlencode({"public_token": place.PUBLIC_TOKEN, "organization_id": org})
            page = Browser().visit(f"{place.STYTCH_URL}{path}?{query}", BACK)
            equal((page.status_code, "<form" in page.text), (200, True))
    said = {"public_token": place.PUBLIC_TOKEN, "email": place.address("second"), "login_redirect_url": BACK}
    callback = f"{place.STYTCH_URL}/v1/b2b/sso/callback/{connection.connection_id}"
    with check("GET /v1/b2b/sso/callback/{connection_id}", "the provider sends a browser back by a link"):
        back = Browser().visit(f"{callback}?{urlencode(said)}", BACK)
        equal(api.sso.authenticate(back["token"]).member.email_address, said["email"])
    with check("POST /v1/b2b/sso/callback/{connection_id}", "or by a form, which nobody was asked for where OIDC is spoken"):
        del said["public_token"]
        answer = requests.post(callback, data=said, allow_redirects=False, timeout=30)
        equal((answer.status_code, answer.json()["error_type"]), (400, "unsolicited_oidc_response"))
    with check(START, "a pending connection leads nowhere"):
        pending = api.sso.saml.create_connection(org).connection.connection_id
        query = urlencode({"public_token": place.PUBLIC_TOKEN, "connection_id": pending})
        answer = Browser().visit(f"{place.STYTCH_URL}/v1/public/sso/start?{query}", BACK)
        equal((answer.status_code, answer.json()["error_type"]), (400, "saml_connection_idp_sso_url_required"))


def strict_organizations():
    org = organization("sso-strict", mfa_policy="REQUIRED_FOR_ALL")
    connection, email = saml_for(org), place.address("strict")
    with check(ENTER, "a second factor completes the login, and the connection is not forgotten meanwhile"):
        halfway = enter({"email": email}, connection)
        equal((halfway.member_authenticated, halfway.session_token), (False, ""))
        member = halfway.member_id
        api.otps.sms.send(org, member, mfa_phone_number="+12025550171", intermediate_session_token=halfway.intermediate_session_token)
        got = api.otps.sms.authenticate(
            org, member, place.mail("+12025550171")["token"], intermediate_session_token=halfway.intermediate_session_token
        )
        by_sso = next(one for one in got.member_session.authentication_factors if one.type == "sso")
        equal(by_sso.saml_sso_factor.provider_id, connection.connection_id)
    with check(ENTER, "an organization that does not allow SSO lets nobody in by it"):
        api.organizations.update(org, auth_methods="RESTRICTED", allowed_auth_methods=["password"])
        with refused(StytchError, status_code=403, error_type="operation_restricted_by_organization_auth_methods"):
            enter({"email": email}, connection)
    with check(ENTER, "a login that began under a code challenge needs its verifier"):
        api.organizations.update(org, auth_methods="ALL_ALLOWED")
        verifier = secrets.token_urlsafe(48)
        hashed = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
        query = {"connection_id": connection.connection_id, "pkce_code_challenge": challenge}
        token = through({"email": email}, **query)["token"]
        with refused(StytchError, error_type="pkce_expected_code_verifier"):
            api.sso.authenticate(token)
        equal(api.sso.authenticate(token, pkce_code_verifier=verifier).member_id, member)


def parts_of_connections():
    org, other = organization("sso-parts"), organization("sso-child")
    saml = saml_for(org)
    with check(f"PUT {SAML}/url", "a metadata URL brings the provider's entity and address"):
        got = api.sso.saml.update_by_url(org, saml.connection_id, "https://other.example/metadata").connection
        equal(got.idp_sso_url.startswith("https://other.example/"), True)
    path = f"DELETE {SAML}/verification_certificates/{{certificate_id}}"
    with check(path, "all certificates but the last can go"):
        first, last = (one.certificate_id for one in got.verification_certificates)
        equal(api.sso.saml.delete_verification_certificate(org, saml.connection_id, first).certificate_id, first)
        with refused(StytchError, status_code=400, error_type="cannot_delete_last_sso_verification_key"):
            api.sso.saml.delete_verification_certificate(org, saml.connection_id, last)
    with check(f"DELETE {SAML}/encryption_private_keys/{{private_key_id}}", "an encryption key comes and goes"):
        key = CERTIFICATE.replace("CERTIFICATE", "RSA PRIVATE KEY")
        changed = api.sso.saml.update_connection(org, saml.connection_id, saml_encryption_private_key=key).connection
        (kept,) = changed.encryption_private_keys
        gone = api.sso.saml.delete_encryption_private_key(org, saml.connection_id, kept.private_key_id)
        equal(gone.private_key_id, kept.private_key_id)
    with check("POST /v1/b2b/sso/external/{organization_id}", "an organization's connection lets others' members in, by roles of their own"):
        external = api.sso.external.create_connection(
            other, org, saml.connection_id, display_name="Parent", connection_implicit_role_assignments=[{"role_id": "reader"}]
        ).connection
        got = enter({"email": place.address("child")}, external)
        equal((got.organization_id, "reader" in got.member_session.roles), (other, True))
    with check("PUT /v1/b2b/sso/external/{organization_id}/connections/{connection_id}", "which can be changed"):
        changed = api.sso.external.update_connection(
            other, external.connection_id, external_connection_implicit_role_assignments=[], display_name="Parents"
        ).connection
        equal((changed.display_name, changed.external_connection_implicit_role_assignments), ("Parents", []))


if __name__ == "__main__":
    client.run(members_who_came_along, newcomers, strict_organizations, parts_of_connections)
