"""Auth0's Python SDK: who is logged in where, and how that ends."""

from urllib.parse import urlencode

import requests
from auth0.authentication import GetToken, Users
from auth0.authentication.exceptions import Auth0Error
from auth0.management.errors import NotFoundError

import place
from browser import Browser
from checks import Client, Skip, equal, refused
from place import AUTH0, CALLBACK, CLIENT_ID, CONNECTION, DOMAIN, Person

client = Client("auth0-python", "auth0")
check = client.check
tokens = GetToken(*AUTH0, **place.TELEMETRY)
people = Users(DOMAIN, **place.TELEMETRY)


def authorize_url(**more):
    query = {
        "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": CALLBACK,
        "scope": place.SCOPE, "audience": place.AUDIENCE, "state": "s",
    }
    return f"https://{DOMAIN}/authorize?{urlencode(query | more)}"


class Device:
    """A browser in which somebody has logged in, and the application's tokens."""

    def __init__(self, person):
        self.browser = Browser()
        back = self.browser.log_in(authorize_url(), CALLBACK, person.email, person.password)
        self.tokens = tokens.authorization_code(back["code"], CALLBACK)

    def is_logged_in(self):
        back = self.browser.visit(authorize_url(prompt="none"), CALLBACK)
        return "code" in back

    def can_refresh(self):
        try:
            got = tokens.refresh_token(self.tokens["refresh_token"])
        except Auth0Error as error:
            equal((error.status_code, error.error_code), (403, "invalid_grant"))
            return False
        self.tokens["refresh_token"] = got.get("refresh_token", self.tokens["refresh_token"])
        return True

    def access(self):
        return self.is_logged_in(), self.can_refresh()


def sessions():
    api, ada = place.management(), Person("sessions")
    phone, laptop = Device(ada), Device(ada)
    listed = list(api.users.sessions.list(ada.user_id))
    equal(len(listed), 2)
    first, second = sorted(listed, key=lambda session: session.authenticated_at)
    with check("GET /api/v2/sessions/{id}", "a session is read by its id, with its user, times and applications"):
        seen = api.sessions.get(first.id)
        equal((seen.user_id, [one.client_id for one in seen.clients]), (ada.user_id, [CLIENT_ID]))
        assert seen.expires_at > seen.authenticated_at, seen
    with check("DELETE /api/v2/sessions/{id}", "its browser must log in again; its refresh token and the other session live on"):
        api.sessions.delete(first.id)
        equal((phone.access(), laptop.access()), ((False, True), (True, True)))
        with refused(NotFoundError, status_code=404):
            api.sessions.get(first.id)
    with check("POST /api/v2/sessions/{id}/revoke", "the session ends with the refresh tokens that came of it"):
        api.sessions.revoke(second.id)
        equal((phone.can_refresh(), laptop.access()), (True, (False, False)))
    with check("POST /api/v2/users/{id}/revoke-access", "one session with its refresh tokens"):
        desk, tablet = Device(ada), Device(ada)
        [newest, _] = sorted(api.users.sessions.list(ada.user_id), key=lambda session: session.authenticated_at, reverse=True)
        api.users.revoke_access(ada.user_id, session_id=newest.id)
        equal((desk.access(), tablet.access()), ((True, True), (False, False)))
    with check("POST /api/v2/users/{id}/revoke-access", "all sessions, refresh tokens preserved"):
        api.users.revoke_access(ada.user_id, preserve_refresh_tokens=True)
        equal(desk.access(), (False, True))
    with check("POST /api/v2/users/{id}/revoke-access", "all sessions and all refresh tokens"):
        api.users.revoke_access(ada.user_id)
        equal((desk.can_refresh(), phone.can_refresh()), (False, False))


def refresh_tokens():
    api, ada = place.management(), Person("refresh-tokens")
    first, second = ada.login(), ada.login()
    listed = list(api.users.refresh_token.list(ada.user_id))
    equal(len(listed), 2)
    with check("GET /api/v2/refresh-tokens/{id}", "a refresh token is read by its id, with its user, application and API"):
        seen = api.refresh_tokens.get(listed[0].id)
        equal((seen.user_id, seen.client_id), (ada.user_id, CLIENT_ID))
        equal([one.audience for one in seen.resource_servers], [place.AUDIENCE])
    with check("GET /api/v2/grants", "what a person lets an application do"):
        [grant, *_] = api.user_grants.list(user_id=ada.user_id)
        equal((grant.client_id, grant.user_id, grant.audience), (CLIENT_ID, ada.user_id, place.AUDIENCE))
        assert "openid" in grant.scope, grant
    with check("DELETE /api/v2/refresh-tokens/{id}", "exactly that token is refused from then on"):
        api.refresh_tokens.delete(listed[0].id)

        def good(got):
            try:
                tokens.refresh_token(got["refresh_token"])
            except Auth0Error as error:
                equal((error.status_code, error.error_code), (403, "invalid_grant"))
                return False
            return True

        equal(sorted([good(first), good(second)]), [False, True])
        with refused(NotFoundError, status_code=404):
            api.refresh_tokens.get(listed[0].id)


def linked_identities():
    api, ada, work = place.management(), Person("linked"), Person("linked-work")
    other = work.user_id.partition("|")[2]
    with check("POST /api/v2/users/{id}/identities", "two users are one: either address logs in as the first"):
        api.users.identities.link(ada.user_id, provider="auth0", user_id=work.user_id)
        equal([one.user_id for one in api.users.get(ada.user_id).identities], [ada.user_id.partition("|")[2], other])
        equal(people.userinfo(work.login()["access_token"])["sub"], ada.user_id)
    with check("DELETE /api/v2/users/{id}/identities/{provider}/{user_id}", "they are two again"):
        api.users.identities.delete(ada.user_id, "auth0", other)
        equal(len(api.users.get(ada.user_id).identities), 1)
        equal(people.userinfo(work.login()["access_token"])["sub"], work.user_id)


def revoked_everywhere():
    if not place.MOCK:
        raise Skip("a tenant's connection must be told to take such tokens")
    ada = Person("global")
    device = Device(ada)
    path = "POST /oauth/global-token-revocation/connection/{name}"
    url = f"https://{DOMAIN}/oauth/global-token-revocation/connection/{CONNECTION}"
    subject = {"format": "iss_sub", "iss": f"https://{DOMAIN}/", "sub": ada.user_id}
    with check(path, "without a token it is refused with 401, and nothing ends"):
        equal(requests.post(url, json={"subject": subject}, timeout=30).status_code, 401)
        equal(device.access(), (True, True))
    with check(path, "the subject's sessions and refresh tokens end everywhere"):
        token = tokens.client_credentials(f"https://{DOMAIN}/api/v2/")["access_token"]
        answer = requests.post(url, json={"subject": subject}, headers={"authorization": f"Bearer {token}"}, timeout=30)
        assert answer.status_code in (200, 204), f"{answer.status_code}: {answer.text}"
        equal(device.access(), (False, False))


def blocks():
    api, ada, bob = place.management(), Person("blocks"), Person("blocks-other")

    def block(person):
        for _ in range(11):
            try:
                tokens.login(person.email, "wrong", place.SCOPE, CONNECTION, place.AUDIENCE)
            except Auth0Error as error:
                if error.status_code == 429:
                    equal(error.error_code, "too_many_attempts")
                    return
        raise AssertionError("eleven wrong passwords, and no block")

    with check("GET /api/v2/user-blocks/{id}", "ten wrong passwords block the person at that address, who is told"):
        block(ada)
        [seen] = api.user_blocks.list(ada.user_id).blocked_for
        equal(seen.identifier, ada.email)
        with refused(Auth0Error, status_code=429, error_code="too_many_attempts"):
            ada.login()
    with check("DELETE /api/v2/user-blocks", "the block is lifted by the address, and the right password is good again"):
        api.user_blocks.delete_by_identifier(identifier=ada.email)
        equal(api.user_blocks.list_by_identifier(identifier=ada.email).blocked_for, [])
        ada.login()
    with check("DELETE /api/v2/user-blocks/{id}", "the block is lifted by the id"):
        block(bob)
        api.user_blocks.delete(bob.user_id)
        equal(api.user_blocks.list(bob.user_id).blocked_for, [])
        bob.login()


if __name__ == "__main__":
    client.run(sessions, refresh_tokens, linked_identities, revoked_everywhere, blocks)
