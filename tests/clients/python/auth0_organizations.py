"""Auth0's Python SDK: organizations' connections, invitations and roles, and what roles permit."""

from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from auth0.authentication import GetToken
from auth0.management.errors import NotFoundError

import place
from browser import Browser
from checks import Client, Skip, equal, refused
from place import AUTH0, CALLBACK, CLIENT_ID, CONNECTION, DOMAIN, Person

client = Client("auth0-python", "auth0")
check = client.check
tokens = GetToken(*AUTH0, **place.TELEMETRY)
ONE = "/api/v2/organizations/{id}"


def organization(api, name):
    name = f"{place.MARK}-{name}"[:50]
    made = api.organizations.create(name=name, display_name=name)
    place.atexit.register(place.forget, name, lambda: api.organizations.delete(made.id))
    return made.id


def role(api, name):
    made = api.roles.create(name=f"{place.MARK}-{name}", description="a test")
    place.atexit.register(place.forget, name, lambda: api.roles.delete(made.id))
    return made.id


def login(org, person, **more):
    """A browser's login into an organization; the claims of its access token."""
    query = {
        "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": CALLBACK,
        "scope": place.SCOPE, "audience": place.AUDIENCE, "state": "s", "organization": org,
    }
    url = f"https://{DOMAIN}/authorize?{urlencode(query | more)}"
    back = Browser().log_in(url, CALLBACK, person.email, person.password)
    if isinstance(back, dict) and "code" in back:
        got = tokens.authorization_code(back["code"], CALLBACK)
        return jwt.decode(got["access_token"], options={"verify_signature": False})
    return back


def connections():
    api, ada = place.management(), Person("org-connections")
    org = organization(api, "connections")
    enabled, path = api.organizations.enabled_connections, f"{ONE}/enabled_connections"
    [database] = api.connections.list(name=CONNECTION)
    with check(f"POST {path}", "a connection is enabled, with the database's name and kind"):
        made = enabled.add(org, connection_id=database.id, assign_membership_on_login=False)
        equal((made.connection_id, made.assign_membership_on_login), (database.id, False))
        equal((made.connection.name, made.connection.strategy), (CONNECTION, "auth0"))
    with check(f"GET {path}", "enabled connections are listed"):
        equal([one.connection_id for one in enabled.list(org)], [database.id])
    with check(f"GET {path}/{{connection_id}}", "one is read by its id"):
        equal(enabled.get(org, database.id).assign_membership_on_login, False)
    with check(f"PATCH {path}/{{connection_id}}", "whoever logs in by it becomes a member, if it says so"):
        assert login(org, ada).get("error"), "somebody who is no member has logged in"
        equal(enabled.update(org, database.id, assign_membership_on_login=True).assign_membership_on_login, True)
        equal(login(org, ada)["org_id"], org)
        equal([member.user_id for member in api.organizations.members.list(org)], [ada.user_id])
    with check(f"DELETE {path}/{{connection_id}}", "it is enabled no longer"):
        enabled.delete(org, database.id)
        equal(list(enabled.list(org)), [])
        with refused(NotFoundError, status_code=404):
            enabled.get(org, database.id)


def invitations():
    api, eve = place.management(), Person("org-invited")
    org, admin = organization(api, "invitations"), role(api, "invited")
    invited, path = api.organizations.invitations, f"{ONE}/invitations"
    [database] = api.connections.list(name=CONNECTION)
    api.organizations.enabled_connections.add(org, connection_id=database.id)
    with check(f"POST {path}", "an invitation has a link to the application, with its ticket"):
        made = invited.create(
            org, inviter={"name": "Ada"}, invitee={"email": eve.email}, client_id=CLIENT_ID,
            roles=[admin], send_invitation_email=place.MOCK, ttl_sec=600,
        )
        query = parse_qs(urlsplit(made.invitation_url).query)
        equal((query["invitation"], query["organization"]), ([made.ticket_id], [org]))
        equal((made.invitee.email, made.inviter.name, made.roles), (eve.email, "Ada", [admin]))
    with check(f"POST {path}", "the link is mailed"):
        equal(place.mail(eve.email)["link"], made.invitation_url)
    with check(f"GET {path}", "invitations are listed"):
        equal([one.id for one in invited.list(org)], [made.id])
    with check(f"GET {path}/{{invitation_id}}", "one is read by its id"):
        equal(invited.get(org, made.id).ticket_id, made.ticket_id)
    with check("GET /authorize", "whoever follows an invitation and logs in is a member, with its roles, and it is used up"):
        equal(login(org, eve, invitation=made.ticket_id)["org_id"], org)
        equal([one.id for one in api.organizations.members.roles.list(org, eve.user_id)], [admin])
        equal(list(invited.list(org)), [])
    with check(f"DELETE {path}/{{invitation_id}}", "an invitation that was taken back lets nobody in"):
        bob = Person("org-uninvited")
        taken = invited.create(org, inviter={"name": "Ada"}, invitee={"email": bob.email}, client_id=CLIENT_ID, send_invitation_email=False)
        invited.delete(org, taken.id)
        with refused(NotFoundError, status_code=404):
            invited.get(org, taken.id)
        seen = login_attempt(org, bob, taken.ticket_id)
        assert "code" not in seen, seen


def login_attempt(org, person, ticket):
    try:
        return login(org, person, invitation=ticket)
    except AssertionError as error:
        # There is no login page to begin with.
        return str(error)


def permissions():
    api, ada = place.management(), Person("permissions")
    if not place.MOCK:
        raise Skip("applications and APIs of a tenant are not for a test to make")
    org, reader = organization(api, "roles"), role(api, "reader")
    audience = f"https://{place.MARK}-permissions.example"
    server = api.resource_servers.create(
        identifier=audience, name="permissions", scopes=[{"value": "read:all"}, {"value": "write:all"}]
    )
    place.atexit.register(place.forget, audience, lambda: api.resource_servers.delete(server.id))

    def granted(**more):
        """The scope and the permissions in a new access token of the API."""
        got = tokens.login(ada.email, ada.password, "openid read:all write:all", CONNECTION, audience)
        claims = jwt.decode(got["access_token"], options={"verify_signature": False})
        return sorted(set(claims["scope"].split()) & {"read:all", "write:all"}), claims.get("permissions")

    with check("PATCH /api/v2/resource-servers/{id}", "with RBAC an API's tokens have only the scopes that roles permit, and say so"):
        equal(granted(), (["read:all", "write:all"], None))
        changed = api.resource_servers.update(
            server.id, name="renamed", enforce_policies=True, token_dialect="access_token_authz", token_lifetime=600
        )
        equal((changed.name, changed.enforce_policies, changed.token_lifetime), ("renamed", True, 600))
        equal(granted(), ([], []))
    read = {"resource_server_identifier": audience, "permission_name": "read:all"}
    write = {"resource_server_identifier": audience, "permission_name": "write:all"}
    with check("POST /api/v2/roles/{id}/permissions", "a role gets permissions of an API"):
        api.roles.permissions.add(reader, permissions=[read, write])
    with check("GET /api/v2/roles/{id}/permissions", "a role's permissions are listed"):
        listed = api.roles.permissions.list(reader)
        equal(sorted(one.permission_name for one in listed), ["read:all", "write:all"])
    with check("DELETE /api/v2/roles/{id}/permissions", "a role loses one"):
        api.roles.permissions.delete(reader, permissions=[write])
        equal([one.permission_name for one in api.roles.permissions.list(reader)], ["read:all"])
    with check("POST /api/v2/roles/{id}/users", "whoever has the role gets its permission in tokens"):
        api.roles.users.assign(reader, users=[ada.user_id])
        equal([one.id for one in api.users.roles.list(ada.user_id)], [reader])
        equal(granted(), (["read:all"], ["read:all"]))
    with check("POST /api/v2/users/{id}/permissions", "a user gets a permission of their own, which is in tokens, too"):
        api.users.permissions.create(ada.user_id, permissions=[write])
        equal(granted(), (["read:all", "write:all"], ["read:all", "write:all"]))
    with check("GET /api/v2/users/{id}/permissions", "a user's permissions are listed, from roles and their own"):
        listed = api.users.permissions.list(ada.user_id)
        equal(sorted(one.permission_name for one in listed), ["read:all", "write:all"])
    with check("DELETE /api/v2/users/{id}/permissions", "the user loses their own"):
        api.users.permissions.delete(ada.user_id, permissions=[write])
        equal(granted(), (["read:all"], ["read:all"]))
    with check("PATCH /api/v2/roles/{id}", "a role changes"):
        changed = api.roles.update(reader, description="changed")
        equal((changed.description, api.roles.get(reader).description), ("changed", "changed"))
    members, path = api.organizations.members, f"{ONE}/members/{{user_id}}/roles"
    members.create(org, members=[ada.user_id])
    with check(f"POST {path}", "a member gets a role in the organization alone"):
        admin = role(api, "admin")
        members.roles.assign(org, ada.user_id, roles=[admin])
        equal([one.id for one in api.users.roles.list(ada.user_id)], [reader])
    with check(f"GET {path}", "a member's roles are listed"):
        equal([one.id for one in members.roles.list(org, ada.user_id)], [admin])
    with check(f"DELETE {path}", "the member loses it"):
        members.roles.delete(org, ada.user_id, roles=[admin])
        equal(list(members.roles.list(org, ada.user_id)), [])


if __name__ == "__main__":
    client.run(connections, invitations, permissions)
