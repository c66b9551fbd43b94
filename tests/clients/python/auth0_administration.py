"""Auth0's Python SDK: what administrators and migration tools ask of the Management API besides users."""

from auth0.authentication import GetToken
from auth0.authentication.exceptions import Auth0Error

import place
from checks import Client, Skip, equal, refused
from place import CONNECTION, Person

client = Client("auth0-python", "auth0")
check = client.check


def applications():
    api, name = place.management(), f"{place.MARK}-app"
    if not place.MOCK:
        raise Skip("applications and APIs of a tenant are not for a test to make")
    with check("POST /api/v2/clients", "an application is created"):
        made = api.clients.create(name=name, app_type="spa", callbacks=["https://spa.example/callback"])
        equal(made.name, name)
    with check("GET /api/v2/clients/{id}", "it is read by its id"):
        equal(api.clients.get(made.client_id).name, name)
    with check("GET /api/v2/clients", "applications are listed"):
        assert made.client_id in [found.client_id for found in api.clients.list()]
    with check("PATCH /api/v2/clients/{id}", "it changes"):
        equal(api.clients.update(made.client_id, name=f"{name}-2").name, f"{name}-2")
    with check("POST /api/v2/resource-servers", "an API is created"):
        server = api.resource_servers.create(identifier=f"https://{name}.example", name=name)
        equal(server.identifier, f"https://{name}.example")
    with check("GET /api/v2/resource-servers", "APIs are listed"):
        assert server.id in [found.id for found in api.resource_servers.list()]
    with check("GET /api/v2/resource-servers/{id}", "it is read by its id"):
        equal(api.resource_servers.get(server.id).name, name)
    with check("POST /api/v2/client-grants", "an application is let use it"):
        grant = api.client_grants.create(client_id=made.client_id, audience=server.identifier, scope=[])
        equal(grant.audience, server.identifier)
    with check("PATCH /api/v2/client-grants/{id}", "what it may do there changes"):
        equal(api.client_grants.update(grant.id, scope=["read:all"]).scope, ["read:all"])
    with check("GET /api/v2/client-grants/{id}", "the grant is read by its id"):
        equal(api.client_grants.get(grant.id).scope, ["read:all"])
    with check("POST /api/v2/clients/{id}/rotate-secret", "a new secret takes the place of the old one"):
        machine = api.clients.create(name=f"{name}-machine", app_type="non_interactive")
        assert api.clients.rotate_secret(machine.client_id).client_secret not in (None, machine.client_secret)
        api.clients.delete(machine.client_id)
    with check("GET /api/v2/client-grants", "grants are listed"):
        assert grant.id in [found.id for found in api.client_grants.list()]
    with check("DELETE /api/v2/client-grants/{id}", "the grant goes"):
        api.client_grants.delete(grant.id)
    with check("DELETE /api/v2/resource-servers/{id}", "the API goes"):
        api.resource_servers.delete(server.id)
    with check("DELETE /api/v2/clients/{id}", "the application goes"):
        api.clients.delete(made.client_id)


def log_of_the_tenant():
    api, ada = place.management(), Person("logged")
    if not place.MOCK:
        raise Skip("the log of a tenant lags behind, and tells of others")
    role = api.roles.create(name=f"{place.MARK}-logged")
    api.roles.delete(role.id)
    page = api.logs.list(per_page=100, search="type:sapi", sort="date:-1")
    events = list(page.items)
    with check("GET /api/v2/logs", "changes by the Management API are found by their type, the newest first"):
        made = [event for event in events if event.details["request"]["path"] == "/api/v2/roles"]
        assert made and made[0].client_id, events[:2]
        equal([event.log_id for event in events], sorted((event.log_id for event in events), reverse=True))
    with check("GET /api/v2/logs/{id}", "an event is read by its id"):
        equal(api.logs.get(events[0].log_id).type, "sapi")
    with check("GET /api/v2/users/{id}/logs", "what somebody did is told of them alone"):
        ada.login()
        kinds = [event.type for event in api.users.logs.list(ada.user_id)]
        equal(kinds, ["sepft"])


def protection():
    api = place.management()
    if not place.MOCK:
        raise Skip("how a tenant is protected is not for a test to change")
    brute, address = api.attack_protection.brute_force_protection, api.attack_protection.suspicious_ip_throttling
    with check("PATCH /api/v2/attack-protection/brute-force-protection", "an account is blocked after so many failures"):
        ada = Person("guessed")
        equal(brute.update(max_attempts=1).max_attempts, 1)
        for status in (403, 429):
            with refused(Auth0Error, status_code=status):
                GetToken(*place.AUTH0).login(ada.email, "wrong", place.SCOPE, CONNECTION, place.AUDIENCE)
        brute.update(max_attempts=10)
    with check("PATCH /api/v2/attack-protection/suspicious-ip-throttling", "the stages change"):
        stage = address.get().stage
        equal(address.update(stage=stage).stage, stage)


def standing_tokens():
    api, ada = place.management(), Person("standing")
    ada.login()
    with check("GET /api/v2/refresh-tokens", "the refresh tokens of a person are listed"):
        equal([token.client_id for token in api.refresh_tokens.list(user_id=ada.user_id)], [place.CLIENT_ID])
    with check("POST /api/v2/refresh-tokens/revoke", "those of a person at an application are revoked at once"):
        api.refresh_tokens.revoke(user_id=ada.user_id, client_id=place.CLIENT_ID)
        equal(list(api.refresh_tokens.list(user_id=ada.user_id)), [])
    with check("GET /api/v2/users/{id}/effective-roles", "somebody without roles has none"):
        equal(list(api.users.effective_roles.list(ada.user_id)), [])
    with check("GET /api/v2/users/{id}/effective-permissions", "nor permissions"):
        equal(list(api.users.effective_permissions.list(ada.user_id, resource_server_identifier=place.AUDIENCE)), [])


def organizations():
    api, name, ada = place.management(), f"{place.MARK}-org", Person("member")
    with check("POST /api/v2/organizations", "an organization is created"):
        made = api.organizations.create(name=name[:50], display_name=name)
        place.atexit.register(place.forget, name, lambda: api.organizations.delete(made.id))
        equal(made.display_name, name)
    with check("GET /api/v2/organizations/{id}", "it is read by its id"):
        equal(api.organizations.get(made.id).name, name[:50])
    with check("GET /api/v2/organizations/name/{name}", "it is read by its name"):
        equal(api.organizations.get_by_name(name[:50]).id, made.id)
    with check("GET /api/v2/organizations", "organizations are listed"):
        assert made.id in [found.id for found in api.organizations.list()]
    with check("PATCH /api/v2/organizations/{id}", "it changes"):
        equal(api.organizations.update(made.id, display_name="renamed").display_name, "renamed")
    with check("POST /api/v2/organizations/{id}/members", "a user becomes a member"):
        api.organizations.members.create(made.id, members=[ada.user_id])
    with check("GET /api/v2/organizations/{id}/members", "members are listed"):
        equal([member.user_id for member in api.organizations.members.list(made.id)], [ada.user_id])
    with check("GET /api/v2/users/{id}/organizations", "a user's organizations are listed"):
        equal([found.id for found in api.users.organizations.list(ada.user_id)], [made.id])
    with check("DELETE /api/v2/organizations/{id}/members", "the member leaves"):
        api.organizations.members.delete(made.id, members=[ada.user_id])
        equal(list(api.organizations.members.list(made.id)), [])
    with check("DELETE /api/v2/organizations/{id}", "the organization goes"):
        api.organizations.delete(made.id)


def roles():
    api, name, ada = place.management(), f"{place.MARK}-role", Person("role")
    with check("POST /api/v2/roles", "a role is created"):
        made = api.roles.create(name=name, description="a test")
        place.atexit.register(place.forget, name, lambda: api.roles.delete(made.id))
        equal(made.name, name)
    with check("GET /api/v2/roles/{id}", "it is read by its id"):
        equal(api.roles.get(made.id).name, name)
    with check("GET /api/v2/roles", "roles are listed"):
        assert made.id in [found.id for found in api.roles.list()]
    with check("POST /api/v2/users/{id}/roles", "a user gets the role"):
        api.users.roles.assign(ada.user_id, roles=[made.id])
    with check("GET /api/v2/users/{id}/roles", "a user's roles are listed"):
        equal([found.id for found in api.users.roles.list(ada.user_id)], [made.id])
    with check("GET /api/v2/roles/{id}/users", "a role's users are listed"):
        equal([found.user_id for found in api.roles.users.list(made.id)], [ada.user_id])
    with check("DELETE /api/v2/users/{id}/roles", "the user loses it"):
        api.users.roles.delete(ada.user_id, roles=[made.id])
        equal(list(api.users.roles.list(ada.user_id)), [])
    with check("DELETE /api/v2/roles/{id}", "the role goes"):
        api.roles.delete(made.id)


def looking_around():
    api, ada = place.management(), Person("looking")
    with check("GET /api/v2/connections/{id}", "a connection is read by its id"):
        [found] = list(api.connections.list(name=CONNECTION))
        equal(api.connections.get(found.id).name, CONNECTION)
    with check("GET /api/v2/user-blocks/{id}", "a user without blocks has none"):
        equal(api.user_blocks.list(ada.user_id).blocked_for, [])
    with check("GET /api/v2/user-blocks", "blocks are found by address"):
        equal(api.user_blocks.list_by_identifier(identifier=ada.email).blocked_for, [])
    with check("DELETE /api/v2/user-blocks/{id}", "blocks are lifted"):
        api.user_blocks.delete(ada.user_id)
    with check("POST /api/v2/tickets/password-change", "a ticket is a link"):
        assert api.tickets.change_password(user_id=ada.user_id).ticket.startswith("https://")
    with check("POST /api/v2/tickets/email-verification", "a ticket is a link"):
        assert api.tickets.verify_email(user_id=ada.user_id).ticket.startswith("https://")
    with check("GET /api/v2/keys/signing", "keys have a current one"):
        keys = api.keys.signing.list()
        equal(len([key for key in keys if key.current]), 1)
    with check("GET /api/v2/keys/signing/{kid}", "a key is read by its id"):
        equal(api.keys.signing.get(keys[0].kid).kid, keys[0].kid)
    with check("GET /api/v2/users/{id}/logs", "a user's log is a list"):
        list(api.users.logs.list(ada.user_id))
    with check("GET /api/v2/stats/active-users", "active users are a number"):
        assert api.stats.get_active_users_count() >= 0


if __name__ == "__main__":
    client.run(log_of_the_tenant, protection, standing_tokens, applications, organizations, roles, looking_around)
