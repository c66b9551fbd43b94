"""Stytch's Python SDK against a B2B project: SSO connections, roles, addresses and parts of organizations."""

import stytch
from stytch.b2b.models.sessions import AuthorizationCheck
from stytch.core.response_base import StytchError

import place
from checks import Client, Skip, equal, refused

client = Client("stytch", "stytch")
check = client.check
api = stytch.B2BClient(
    project_id=place.PROJECT_ID, secret=place.SECRET, custom_base_url=place.STYTCH_URL
)
ONE = "/v1/b2b/organizations/{organization_id}"


def organization(name, **more):
    slug = f"{place.MARK}-{name}"
    made = api.organizations.create(organization_name=slug, organization_slug=slug, **more).organization
    place.atexit.register(place.forget, slug, lambda: api.organizations.delete(made.organization_id))
    return made.organization_id


def parts_of_an_organization():
    org, external = organization("parts"), f"{place.MARK}|org"
    with check(f"DELETE {ONE}/external_id", "the organization is no longer found by it"):
        api.organizations.update(org, organization_external_id=external)
        equal(api.organizations.get(external).organization.organization_id, org)
        api.organizations.delete_external_id(org)
        with refused(StytchError, status_code=404, error_type="organization_not_found"):
            api.organizations.get(external)
    with check(f"GET {ONE}/metrics", "the number of members grows with each"):
        before = api.organizations.metrics(org).member_count
        api.organizations.members.create(org, email_address=place.address("counted"))
        equal(api.organizations.metrics(org).member_count, before + 1)
    with check(f"GET {ONE}/metrics", "an unknown organization is refused with 404"):
        with refused(StytchError, status_code=404, error_type="organization_not_found"):
            api.organizations.metrics(f"{place.MARK}-nowhere")


def new_addresses():
    org, old, new = organization("addresses"), place.address("old"), place.address("new")
    member_id = api.organizations.members.create(org, email_address=old).member_id
    members = api.organizations.members
    path = f"POST {ONE}/members/{{member_id}}/start_email_update"
    with check(path, "the address changes when the link that goes to the new one is followed"):
        equal(members.start_email_update(org, member_id, new).member.email_address, old)
        got = api.magic_links.authenticate(place.mail(new)["token"])
        equal((got.member_id, got.member.email_address, got.member.email_address_verified), (member_id, new, True))
        equal([one.email_address for one in got.member.retired_email_addresses], [old])
    with check(path, "an address that another member has is refused"):
        members.create(org, email_address=place.address("others"))
        with refused(StytchError, status_code=400, error_type="duplicate_member_email"):
            members.start_email_update(org, member_id, place.address("others"))
    path = f"POST {ONE}/members/{{member_id}}/unlink_retired_email"
    with check(path, "a retired address is free for another once it is unlinked"):
        with refused(StytchError, status_code=400):
            members.create(org, email_address=old)
        left = members.unlink_retired_email(org, member_id, email_address=old)
        equal(left.member.retired_email_addresses, [])
        equal(members.create(org, email_address=old).member.email_address, old)
    with check(path, "without an address it is refused with 400"):
        with refused(StytchError, status_code=400, error_type="retired_email_missing_email_identifiers"):
            members.unlink_retired_email(org, member_id)
    with check("GET /v1/b2b/organizations/members/dangerously_get/{member_id}", "a deleted member is read if that is asked for"):
        members.delete(org, member_id)
        with refused(StytchError, status_code=404, error_type="member_not_found"):
            members.dangerously_get(member_id)
        equal(members.dangerously_get(member_id, include_deleted=True).member.status, "deleted")


def roles():
    org, email = organization("roles"), place.address("roles")
    with check("GET /v1/b2b/rbac/policy", "the policy has Stytch's own roles and resources"):
        policy = api.rbac.policy().policy
        named = {role.role_id for role in policy.roles}
        assert {"stytch_member", "stytch_admin"} <= named, named
        assert "stytch.member" in {resource.resource_id for resource in policy.resources}
    own = {"roles": [{"role_id": "editor", "description": "Edits.", "permissions": [{"resource_id": "documents", "actions": ["edit"]}]}]}
    path = "/v1/b2b/rbac/organizations/{organization_id}"
    with check(f"PUT {path}", "an organization has roles of its own; others have not"):
        equal(api.rbac.organizations.set_org_policy(org, own).org_policy.roles[0].role_id, "editor")
        equal(api.rbac.organizations.get_org_policy(organization("roles-not")).org_policy.roles, [])
    with check(f"GET {path}", "they are read as they were set"):
        [role] = api.rbac.organizations.get_org_policy(org).org_policy.roles
        equal((role.role_id, role.permissions[0].actions), ("editor", ["edit"]))
    with check("POST /v1/b2b/sessions/authenticate", "a member's role permits what the organization's policy says, and no more"):
        member_id = api.organizations.members.create(org, email_address=email, roles=["editor"]).member_id
        session = api.impersonation.authenticate(place.impersonation(member_id)).session_token
        may = AuthorizationCheck(organization_id=org, resource_id="documents", action="edit")
        got = api.sessions.authenticate(session_token=session, authorization_check=may)
        equal((got.verdict.authorized, got.verdict.granting_roles), (True, ["editor"]))
        may_not = AuthorizationCheck(organization_id=org, resource_id="documents", action="shred")
        with refused(StytchError, status_code=403, error_type="session_authorization_error"):
            api.sessions.authenticate(session_token=session, authorization_check=may_not)
    with check(f"PUT {path}", "a role without a name is refused with 400"):
        with refused(StytchError, status_code=400, error_type="empty_rbac_role_id"):
            api.rbac.organizations.set_org_policy(org, {"roles": [{"role_id": "", "description": "", "permissions": []}]})


def connections():
    org = organization("sso")
    with check("POST /v1/b2b/sso/oidc/{organization_id}", "an OIDC connection is pending, with the URL to come back to"):
        oidc = api.sso.oidc.create_connection(org, display_name="Okta", identity_provider="okta").connection
        equal((oidc.status, oidc.display_name, oidc.identity_provider), ("pending", "Okta", "okta"))
        equal(oidc.organization_id, org)
        assert oidc.redirect_url.startswith("https://"), oidc
    with check("PUT /v1/b2b/sso/oidc/{organization_id}/connections/{connection_id}", "it is active once it has what a login needs"):
        changed = api.sso.oidc.update_connection(
            org, oidc.connection_id, client_id="id", client_secret="secret", issuer="https://idp.example",
            authorization_url="https://idp.example/authorize", token_url="https://idp.example/token",
            userinfo_url="https://idp.example/userinfo", jwks_url="https://idp.example/keys",
        ).connection
        equal((changed.status, changed.issuer, changed.display_name), ("active", "https://idp.example", "Okta"))
        active = api.organizations.get(org).organization.sso_active_connections
        equal([one.connection_id for one in active], [oidc.connection_id])
    with check("PUT /v1/b2b/sso/oidc/{organization_id}/connections/{connection_id}", "an unknown connection is refused with 404"):
        with refused(StytchError, status_code=404, error_type="oidc_connection_not_found"):
            api.sso.oidc.update_connection(organization("sso-not"), oidc.connection_id)
    with check("POST /v1/b2b/sso/saml/{organization_id}", "a SAML connection is pending, with its ACS URL and audience"):
        saml = api.sso.saml.create_connection(org, display_name="Entra").connection
        equal((saml.status, saml.display_name), ("pending", "Entra"))
        assert saml.acs_url and saml.audience_uri, saml
    with check("PUT /v1/b2b/sso/saml/{organization_id}/connections/{connection_id}", "its entity, address, mapping and roles are kept"):
        changed = api.sso.saml.update_connection(
            org, saml.connection_id, idp_entity_id="https://idp.example/saml", idp_sso_url="https://idp.example/saml/sso",
            attribute_mapping={"email": "NameID", "full_name": "name"},
            saml_connection_implicit_role_assignments=[{"role_id": "stytch_admin"}],
        ).connection
        equal((changed.idp_entity_id, changed.idp_sso_url), ("https://idp.example/saml", "https://idp.example/saml/sso"))
        equal(changed.attribute_mapping, {"email": "NameID", "full_name": "name"})
        equal([one.role_id for one in changed.saml_connection_implicit_role_assignments], ["stytch_admin"])
    with check("POST /v1/b2b/sso/external/{organization_id}", "another organization's connection serves this one"):
        other = organization("sso-external")
        external = api.sso.external.create_connection(other, org, oidc.connection_id, display_name="Parent").connection
        equal((external.external_connection_id, external.status), (oidc.connection_id, "active"))
    with check("GET /v1/b2b/sso/{organization_id}", "an organization's connections are listed by kind"):
        found = api.sso.get_connections(org)
        kinds = (found.oidc_connections, found.saml_connections, found.external_connections)
        equal([[one.connection_id for one in kind] for kind in kinds], [[oidc.connection_id], [saml.connection_id], []])
    with check("DELETE /v1/b2b/sso/{organization_id}/connections/{connection_id}", "the connection goes"):
        equal(api.sso.delete_connection(org, saml.connection_id).connection_id, saml.connection_id)
        equal(api.sso.get_connections(org).saml_connections, [])
        with refused(StytchError, status_code=404):
            api.sso.delete_connection(org, saml.connection_id)


def connected_apps():
    org, app = organization("unconnected"), "connected-app-test-81bf03a8-86e1-4d95-bd44-bb3495224953"
    member_id = api.organizations.members.create(org, email_address=place.address("unconnected")).member_id
    members = api.organizations.members
    with check(f"GET {ONE}/connected_apps", "nobody of an organization has connected a Connected App"):
        equal(api.organizations.connected_apps(org).connected_apps, [])
    with check(f"GET {ONE}/connected_apps/{{connected_app_id}}", "one that there is not is refused with 404"):
        with refused(StytchError, status_code=404, error_type="connected_app_not_found"):
            api.organizations.get_connected_app(org, app)
    with check(f"GET {ONE}/members/{{member_id}}/connected_apps", "nor has a member"):
        equal(members.get_connected_apps(org, member_id).connected_apps, [])
        with refused(StytchError, status_code=404, error_type="member_not_found"):
            members.get_connected_apps(org, "member-test-81bf03a8-86e1-4d95-bd44-bb3495224953")
    with check(f"POST {ONE}/members/{{member_id}}/connected_apps/{{connected_app_id}}/revoke", "so that there is none to take back"):
        with refused(StytchError, status_code=404, error_type="connected_app_not_found"):
            members.connected_apps.revoke(org, member_id, app)


if __name__ == "__main__":
    client.run(parts_of_an_organization, new_addresses, roles, connections, connected_apps)
