"""Stytch's Python SDK against a B2B project, sessions of Auth0 migrating in."""

import bcrypt_hash
import stytch
from stytch.core.response_base import StytchError

import place
from checks import Client, Skip, equal, refused
from place import Person

client = Client("stytch", "stytch")
check = client.check
api = stytch.B2BClient(
    project_id=place.PROJECT_ID, secret=place.SECRET, custom_base_url=place.STYTCH_URL
)


class Organization:
    """A test organization; deleted, with its members, when the script ends."""

    def __init__(self, name):
        self.slug = f"{place.MARK}-{name}"
        made = api.organizations.create(organization_name=self.slug, organization_slug=self.slug, email_invites="ALL_ALLOWED")
        self.id = made.organization.organization_id
        place.atexit.register(place.forget, f"organization {self.slug}", lambda: api.organizations.delete(self.id))

    def join(self, email, **more):
        return api.organizations.members.create(self.id, email_address=email, **more).member_id


def migrate_a_session():
    ada, org, other = Person("member"), Organization("one"), Organization("two")
    access = ada.login()["access_token"]
    with check("POST /v1/b2b/sessions/migrate", "a person who is no member of the organization is refused"):
        with refused(StytchError, error_type="migrate_from_external_email_does_not_exist"):
            api.sessions.migrate(session_token=access, organization_id=org.id)
    member_id = org.join(ada.email, external_id=ada.user_id)
    with check("POST /v1/b2b/sessions/migrate", "an access token of Auth0 becomes a session of the member with that address"):
        got = api.sessions.migrate(session_token=access, organization_id=org.id, session_duration_minutes=60)
        equal((got.member_id, got.organization.organization_slug), (member_id, org.slug))
        factor = got.member_session.authentication_factors[0]
        equal((factor.type, factor.delivery_method), ("imported", "imported_auth0"))
    with check("POST /v1/b2b/sessions/migrate", "the organization goes by its slug, too, and a session lasts an hour unless told"):
        again = api.sessions.migrate(session_token=access, organization_id=org.slug)
        life = again.member_session.expires_at - again.member_session.started_at
        assert 59 < life.total_seconds() / 60 < 61, life
    token, jwt = got.session_token, got.session_jwt
    with check("POST /v1/b2b/sessions/authenticate", "by session_token"):
        equal(api.sessions.authenticate(session_token=token).member.member_id, member_id)
    with check("POST /v1/b2b/sessions/authenticate", "by session_jwt"):
        equal(api.sessions.authenticate(session_jwt=jwt).member.member_id, member_id)
    with check("GET /v1/b2b/sessions/jwks/{project_id}", "the SDK accepts a session JWT on its own, by the published keys"):
        local = api.sessions.authenticate_jwt_local(jwt)
        assert local is not None, "the SDK would have asked Stytch"
        equal((local.member_id, local.organization_id), (member_id, org.id))
    with check("GET /v1/b2b/sessions", "the member's live sessions are listed"):
        equal(len(api.sessions.get(org.id, member_id).member_sessions), 2)
    second = other.join(ada.email)
    with check("POST /v1/b2b/sessions/exchange", "a session of one organization becomes one of another"):
        moved = api.sessions.exchange(organization_id=other.id, session_token=token, session_duration_minutes=60)
        equal((moved.member_id, moved.member_authenticated), (second, True))
    with check("POST /v1/b2b/sessions/revoke", "a revoked session is not found any more"):
        api.sessions.revoke(session_token=again.session_token)
        with refused(StytchError, status_code=404, error_type="session_not_found"):
            api.sessions.authenticate(session_token=again.session_token)
    with check("POST /v1/b2b/sessions/revoke", "all sessions of a member end at once"):
        api.sessions.revoke(member_id=member_id)
        equal(api.sessions.get(org.id, member_id).member_sessions, [])


def attest_a_token():
    if not place.PROFILE_ID:
        raise Skip("STYTCH_TRUSTED_TOKEN_PROFILE names no profile")
    ada, org = Person("attest"), Organization("attest")
    member_id = org.join(ada.email)
    with check("POST /v1/b2b/sessions/attest", "a token of Auth0 becomes a session by the trusted token profile"):
        got = api.sessions.attest(place.PROFILE_ID, ada.login()["id_token"], organization_id=org.id)
        equal(got.member_id, member_id)


def organizations_and_members():
    org, email = Organization("records"), place.address("record")
    one = "/v1/b2b/organizations/{organization_id}"
    with check("POST /v1/b2b/organizations", "a slug that is taken is refused"):
        with refused(StytchError, status_code=400, error_type="organization_slug_already_used"):
            api.organizations.create(organization_name="again", organization_slug=org.slug)
    with check(f"GET {one}", "an organization is read by id and by slug"):
        equal(api.organizations.get(org.id).organization.organization_slug, org.slug)
        equal(api.organizations.get(org.slug).organization.organization_id, org.id)
    with check(f"PUT {one}", "its settings change"):
        changed = api.organizations.update(org.id, organization_name="renamed", mfa_policy="OPTIONAL")
        equal(changed.organization.organization_name, "renamed")
    with check("POST /v1/b2b/organizations/search", "organizations are found by slug"):
        operand = {"filter_name": "organization_slugs", "filter_value": [org.slug]}
        found = api.organizations.search(query={"operator": "AND", "operands": [operand]})
        equal([found.organization_id for found in found.organizations], [org.id])
    with check(f"POST {one}/members", "a member is created, and a second one with that address refused"):
        member_id = org.join(email, name="Ada L.")
        with refused(StytchError, status_code=400, error_type="duplicate_member_email"):
            org.join(email)
    with check(f"GET {one}/member", "a member is read by id and by address"):
        equal(api.organizations.members.get(org.id, member_id=member_id).member.name, "Ada L.")
        equal(api.organizations.members.get(org.id, email_address=email).member_id, member_id)
    with check(f"PUT {one}/members/{{member_id}}", "a member changes"):
        equal(api.organizations.members.update(org.id, member_id, name="Ida").member.name, "Ida")
    with check("POST /v1/b2b/organizations/members/search", "members are found by address"):
        operand = {"filter_name": "member_emails", "filter_value": [email]}
        found = api.organizations.members.search([org.id], query={"operator": "AND", "operands": [operand]})
        equal([found.member_id for found in found.members], [member_id])
    with check(f"DELETE {one}/members/{{member_id}}", "a deleted member is gone"):
        api.organizations.members.delete(org.id, member_id)
        with refused(StytchError, status_code=404, error_type="member_not_found"):
            api.organizations.members.get(org.id, member_id=member_id)
    with check(f"DELETE {one}", "a deleted organization is gone"):
        api.organizations.delete(org.id)
        with refused(StytchError, status_code=404, error_type="organization_not_found"):
            api.organizations.get(org.id)


def logins():
    org, email = Organization("logins"), place.address("login")
    with check("POST /v1/b2b/passwords/migrate", "a bcrypt hash of Auth0 creates the member"):
        made = api.passwords.migrate(email_address=email, hash=bcrypt_hash.HASH, hash_type="bcrypt", organization_id=org.id)
        equal((made.member_created, made.member.email_address_verified), (True, True))
    with check("POST /v1/b2b/passwords/authenticate", "the old password opens a session"):
        got = api.passwords.authenticate(org.id, email, bcrypt_hash.PASSWORD)
        equal((got.member_id, got.member_authenticated), (made.member_id, True))
    with check("POST /v1/b2b/passwords/authenticate", "a wrong password is refused with 401"):
        with refused(StytchError, status_code=401, error_type="unauthorized_credentials"):
            api.passwords.authenticate(org.id, email, "wrong")
    with check("POST /v1/b2b/magic_links/email/login_or_signup", "a link goes to a member"):
        sent = api.magic_links.email.login_or_signup(organization_id=org.id, email_address=email)
        equal(sent.member_id, made.member_id)
    with check("POST /v1/b2b/magic_links/authenticate", "the mailed token opens a session"):
        got = api.magic_links.authenticate(magic_links_token=place.mail(email)["token"])
        equal(got.member_session.authentication_factors[0].type, "magic_link")
    with check("POST /v1/b2b/otps/sms/authenticate", "who must have a second factor gets a session by the code in a text message"):
        api.organizations.members.update(org.id, made.member_id, mfa_phone_number="+12025550123", mfa_enrolled=True)
        half = api.passwords.authenticate(org.id, email, bcrypt_hash.PASSWORD)
        equal((half.member_authenticated, half.session_token), (False, ""))
        ist = half.intermediate_session_token
        api.otps.sms.send(org.id, made.member_id, intermediate_session_token=ist)
        code = place.mail("+12025550123", email)["token"]
        got = api.otps.sms.authenticate(org.id, made.member_id, code, intermediate_session_token=ist)
        assert got.session_jwt


def discovery():
    org, email = Organization("found"), place.address("discovery")
    member_id = org.join(email)
    with check("POST /v1/b2b/magic_links/email/discovery/send", "a link goes to an address, whatever the organization"):
        api.magic_links.email.discovery.send(email_address=email)
    with check("POST /v1/b2b/magic_links/discovery/authenticate", "its token tells the organizations of the address"):
        found = api.magic_links.discovery.authenticate(discovery_magic_links_token=place.mail(email)["token"])
        equal([found.organization.organization_id for found in found.discovered_organizations], [org.id])
    ist = found.intermediate_session_token
    with check("POST /v1/b2b/discovery/organizations", "an intermediate session tells them again"):
        listed = api.discovery.organizations.list(intermediate_session_token=ist)
        equal(listed.discovered_organizations[0].membership.member.member_id, member_id)
    with check("POST /v1/b2b/discovery/intermediate_sessions/exchange", "it becomes a session in one of them"):
        got = api.discovery.intermediate_sessions.exchange(ist, org.id)
        equal((got.member_id, got.member_authenticated), (member_id, True))


if __name__ == "__main__":
    client.run(migrate_a_session, attest_a_token, organizations_and_members, logins, discovery)
