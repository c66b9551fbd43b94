"""Stytch's Python SDK against a B2B project: what members and organizations have besides logins."""

import bcrypt_hash
import stytch
from stytch.b2b.models import organizations, organizations_members
from stytch.core.response_base import StytchError
from stytch.shared.method_options import Authorization

import place
from checks import Client, equal, refused
from place import Person

client = Client("stytch", "stytch")
check = client.check
api = stytch.B2BClient(
    project_id=place.PROJECT_ID, secret=place.SECRET, custom_base_url=place.STYTCH_URL
)


def organization(name, **more):
    slug = f"{place.MARK}-{name}"
    made = api.organizations.create(organization_name=slug, organization_slug=slug, **more).organization
    place.atexit.register(place.forget, slug, lambda: api.organizations.delete(made.organization_id))
    return made.organization_id


def parts_of_a_member():
    org, email = organization("parts", email_invites="ALL_ALLOWED"), place.address("parts")
    one = "/v1/b2b/organizations/{organization_id}/members/{member_id}"
    made = api.passwords.migrate(email_address=email, hash=bcrypt_hash.HASH, hash_type="bcrypt", organization_id=org)
    with check("GET /v1/b2b/organizations/members/dangerously_get/{member_id}", "a member is read by the id alone"):
        equal(api.organizations.members.dangerously_get(made.member_id).member.email_address, email)
    with check(f"DELETE {one}/external_id", "the external id goes"):
        api.organizations.members.update(org, made.member_id, external_id=f"{place.MARK}|4")
        api.organizations.members.delete_external_id(org, made.member_id)
    with check("DELETE /v1/b2b/organizations/{organization_id}/members/passwords/{member_password_id}", "the password goes"):
        api.organizations.members.delete_password(org, made.member.member_password_id)
        with refused(StytchError):
            api.passwords.authenticate(org, email, bcrypt_hash.PASSWORD)
    with check(f"PUT {one}/reactivate", "a deleted member comes back"):
        api.organizations.members.delete(org, made.member_id)
        equal(api.organizations.members.reactivate(org, made.member_id).member.status, "active")


def invitations():
    org, email = organization("invites", email_invites="ALL_ALLOWED"), place.address("invited")
    with check("POST /v1/b2b/magic_links/email/invite", "whoever is invited is a member when they follow the link"):
        invited = api.magic_links.email.invite(organization_id=org, email_address=email)
        equal(invited.member.status, "invited")
        token = place.mail(email)["token"]
        equal(api.magic_links.authenticate(magic_links_token=token).member.status, "active")


def strength():
    with check("POST /v1/b2b/passwords/strength_check", "a weak password is told from a strong one"):
        equal(api.passwords.strength_check(password="password").valid_password, False)
        equal(api.passwords.strength_check(password=place.password()).valid_password, True)


def required_factor():
    org, ada = organization("mfa", mfa_policy="REQUIRED_FOR_ALL"), Person("mfa")
    member_id = api.organizations.members.create(org, email_address=ada.email).member_id
    made = api.passwords.migrate(email_address=ada.email, hash=bcrypt_hash.HASH, hash_type="bcrypt", organization_id=org)
    with check("POST /v1/b2b/passwords/authenticate", "an organization that requires a second factor gives an intermediate session"):
        half = api.passwords.authenticate(org, ada.email, bcrypt_hash.PASSWORD)
        equal((half.member_id, half.member_authenticated, half.session_token), (member_id, False, ""))
        equal(made.member_id, member_id)
        assert half.intermediate_session_token and half.mfa_required


def own_organization():
    email = place.address("founder")
    api.magic_links.email.discovery.send(email_address=email)
    found = api.magic_links.discovery.authenticate(discovery_magic_links_token=place.mail(email)["token"])
    with check("POST /v1/b2b/discovery/organizations/create", "somebody without an organization makes one, and is in"):
        slug = f"{place.MARK}-founded"
        made = api.discovery.organizations.create(
            intermediate_session_token=found.intermediate_session_token,
            organization_name=slug,
            organization_slug=slug,
        )
        place.atexit.register(place.forget, slug, lambda: api.organizations.delete(made.organization.organization_id))
        equal((made.member.email_address, made.member_authenticated), (email, True))


def in_a_members_name():
    org, email = organization("held", email_invites="ALL_ALLOWED"), place.address("held")
    made = api.passwords.migrate(email_address=email, hash=bcrypt_hash.HASH, hash_type="bcrypt", organization_id=org)
    other = api.organizations.members.create(org, email_address=place.address("held-other")).member_id
    login = api.passwords.authenticate(org, email, bcrypt_hash.PASSWORD, session_duration_minutes=60)
    token, jwt = Authorization(session_token=login.session_token), Authorization(session_jwt=login.session_jwt)
    one = "/v1/b2b/organizations/{organization_id}/members/{member_id}"
    with check(f"PUT {one}", "in the name of a member, by session or JWT, only what their roles permit is done"):
        for held in (token, jwt):
            options = organizations_members.UpdateRequestOptions(authorization=held)
            with refused(StytchError, status_code=403, error_type="session_authorization_error"):
                api.organizations.members.update(org, other, name="Taken", method_options=options)
            named = api.organizations.members.update(org, made.member_id, name="Ada", method_options=options)
            equal(named.member.name, "Ada")
    with check(f"DELETE {one}", "an admin's session permits what a member's does not"):
        options = organizations_members.DeleteRequestOptions(authorization=token)
        with refused(StytchError, status_code=403, error_type="session_authorization_error"):
            api.organizations.members.delete(org, other, method_options=options)
        api.organizations.members.update(org, made.member_id, roles=["stytch_admin"])
        equal(api.organizations.members.delete(org, other, method_options=options).member_id, other)
    with check(f"PUT {one}", "not even an admin's session permits to change trusted metadata"):
        options = organizations_members.UpdateRequestOptions(authorization=token)
        with refused(StytchError, status_code=401, error_type="cannot_update_trusted_metadata"):
            api.organizations.members.update(org, made.member_id, trusted_metadata={"plan": "pro"}, method_options=options)
    with check("DELETE /v1/b2b/organizations/{organization_id}", "an admin of one organization does nothing to another"):
        options = organizations.DeleteRequestOptions(authorization=token)
        with refused(StytchError, status_code=403, error_type="session_authorization_tenancy_error"):
            api.organizations.delete(organization("held-not"), method_options=options)


if __name__ == "__main__":
    client.run(in_a_members_name, parts_of_a_member, invitations, strength, required_factor, own_organization)
