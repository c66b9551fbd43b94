"""Auth0's Python SDK: jobs and their errors, links in mails, counts, settings, and the end of a key."""

import json

import requests
from auth0.authentication import GetToken, Users
from auth0.authentication.exceptions import Auth0Error
from auth0.authentication.token_verifier import AsymmetricSignatureVerifier
from auth0.management.core.api_error import ApiError
from auth0.management.errors import BadRequestError, NotFoundError

import bcrypt_hash
import place
from checks import Client, Skip, equal, refused
from browser import Browser
from place import AUTH0, CONNECTION, DOMAIN, Person

client = Client("auth0-python", "auth0")
check = client.check
tokens = GetToken(*AUTH0, **place.TELEMETRY)
people = Users(DOMAIN, **place.TELEMETRY)


def imports():
    api, ada = place.management(), Person("import-taken")
    [database] = api.connections.list(name=CONNECTION)
    email = place.address("imported")

    def run(users, **more):
        file = ("users.json", json.dumps(users).encode(), "application/json")
        return api.jobs.users_imports.create(users=file, connection_id=database.id, **more)

    good = {
        "email": email, "email_verified": True, "user_id": f"{place.MARK}-imported", "given_name": "Ada",
        "password_hash": bcrypt_hash.HASH, "app_metadata": {"tier": 2}, "user_metadata": {"plan": "pro"},
    }
    with check("GET /api/v2/jobs/{id}", "an import tells how many users it inserted, and how many failed"):
        job = run([good, {"email": ada.email}, {"email": place.address("odd"), "colour": "green"}])
        done = api.jobs.get(job.id)
        equal((done.status, done.connection_id), ("completed", database.id))
        seen = done.summary
        equal((seen.inserted, seen.updated, seen.failed, seen.total), (1, 0, 2, 3))
    with check("GET /api/v2/jobs/{id}/errors", "each record that failed is told with its reason, without secrets"):
        told = {one["user"]["email"]: one["errors"][0]["code"] for one in plain(api.jobs.errors.get(job.id))}
        equal(told, {ada.email: "DUPLICATED_USER", place.address("odd"): "OBJECT_ADDITIONAL_PROPERTIES"})
    with check("POST /api/v2/jobs/users-imports", "an imported user has the id, names and metadata of the file, and logs in by the old password"):
        user = api.users.get(f"auth0|{place.MARK}-imported")
        place.atexit.register(place.forget, email, lambda: api.users.delete(user.user_id))
        equal((user.email, user.given_name, user.email_verified), (email, "Ada", True))
        equal((user.app_metadata, user.user_metadata), ({"tier": 2}, {"plan": "pro"}))
        got = tokens.login(email, bcrypt_hash.PASSWORD, place.SCOPE, CONNECTION, place.AUDIENCE)
        equal(people.userinfo(got["access_token"])["sub"], user.user_id)
    with check("POST /api/v2/jobs/users-imports", "with upsert a user who is known is updated, metadata overwritten"):
        job = run([good | {"given_name": "Ida", "user_metadata": {"seen": True}}], upsert=True)
        equal(api.jobs.get(job.id).summary.updated, 1)
        user = api.users.get(user.user_id)
        equal((user.given_name, user.user_metadata), ("Ida", {"seen": True}))
    with check("GET /api/v2/jobs/{id}", "an unknown job is refused with 404"):
        with refused(NotFoundError, status_code=404):
            api.jobs.get("job_0000000000000000")


def plain(told):
    """The errors of a job, however the SDK models them."""
    return [one if isinstance(one, dict) else json.loads(one.model_dump_json(exclude_none=True)) for one in told]


def mails():
    api, ada = place.management(), Person("mails", email_verified=False)
    with check("POST /api/v2/jobs/verification-email", "a link is mailed; following it verifies the address"):
        job = api.jobs.verification_email.create(user_id=ada.user_id)
        equal(job.type, "verification_email")
        page = Browser().visit(place.mail(ada.email)["link"], "app://nowhere")
        equal((page.status_code, api.users.get(ada.user_id).email_verified), (200, True))
    with check("GET /u/email-verification", "a link that was made up is a page that says so"):
        page = requests.get(f"https://{DOMAIN}/u/email-verification?ticket=made-up", timeout=30)
        equal(page.status_code, 400)
    with check("GET /u/reset-verify", "the ticket of a password change leads to a form for the new password"):
        ticket = api.tickets.change_password(user_id=ada.user_id).ticket
        page = Browser().visit(ticket, "app://nowhere")
        equal((page.status_code, 'type="password"' in page.text), (200, True))
    with check("POST /u/reset-verify", "two different passwords are refused; the new one is good then, and the ticket once"):
        browser, new = Browser(), place.password()
        page = browser.fill(browser.visit(ticket, "app://nowhere"), "app://nowhere", **{"password": new, "re-enter-password": "other"})
        equal(page.status_code, 400)
        page = browser.fill(page, "app://nowhere", **{"password": new, "re-enter-password": new})
        equal(page.status_code, 200)
        tokens.login(ada.email, new, place.SCOPE, CONNECTION, place.AUDIENCE)
        with refused(Auth0Error, status_code=403, error_code="invalid_grant"):
            ada.login()
        equal(browser.visit(ticket, "app://nowhere").status_code, 400)


def what_it_tells():
    api, ada = place.management(), Person("counts")
    with check("GET /api/v2/stats/daily", "a login and a sign-up of today are counted"):
        before = list(api.stats.get_daily())[-1]
        Person("counts-more").login()
        after = list(api.stats.get_daily())[-1]
        equal(after.logins - before.logins, 1)
    with check("GET /api/v2/tenants/settings", "lifetimes of sessions, in hours, and flags"):
        settings = api.tenants.settings.get()
        equal((settings.session_lifetime, settings.idle_session_lifetime), (168, 72))
        equal(settings.flags.enable_public_signup_user_exists_error, False)
    with check("GET /api/v2/logs", "the tenant's log is a list, page by page"):
        assert isinstance(list(api.logs.list(per_page=5)), list)
    with check("POST /api/v2/users", "a malformed address and an unknown connection are refused with 400"):
        for more in [{"email": ada.email.replace("@", ".")}, {"connection": "nowhere"}]:
            fields = {"connection": CONNECTION, "email": place.address("never"), "password": place.password()} | more
            with refused(BadRequestError, status_code=400):
                api.users.create(**fields)


def end_of_a_key():
    if not place.MOCK:
        raise Skip("revoking a tenant's signing keys is not for a test")
    api, ada = place.management(), Person("key")
    path = "PUT /api/v2/keys/signing/{kid}/revoke"
    with check(path, "the current key cannot be revoked"):
        [current] = [key for key in api.keys.signing.list() if key.current]
        # The SDK has no name for it.
        with refused(ApiError, status_code=400):
            api.keys.signing.revoke(current.kid)
    with check(path, "a revoked key is published no longer, and its tokens are refused"):
        before = ada.login()
        api.keys.signing.rotate()
        equal(people.userinfo(before["access_token"])["sub"], ada.user_id)
        api.keys.signing.revoke(current.kid)
        published = requests.get(f"https://{DOMAIN}/.well-known/jwks.json", timeout=30).json()["keys"]
        assert current.kid not in [key["kid"] for key in published], published
        with refused(Auth0Error, status_code=401):
            people.userinfo(before["access_token"])
        keys = AsymmetricSignatureVerifier(f"https://{DOMAIN}/.well-known/jwks.json")
        keys.verify_signature(ada.login()["id_token"])


if __name__ == "__main__":
    client.run(imports, mails, what_it_tells, end_of_a_key)
