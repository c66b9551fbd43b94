"""Second factors at Auth0: kept by administrators (auth0-python), given by people (Authlib, and pages)."""

import json
import re
from urllib.parse import urlencode

import requests
from auth0.authentication import GetToken
from auth0.authentication.exceptions import Auth0Error
from auth0.management.errors import NotFoundError
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

import place
from browser import Browser
from checks import Client, Skip, equal, refused
from place import AUTH0, AUDIENCE, CALLBACK, CLIENT_ID, CLIENT_SECRET, CONNECTION, ISSUER, Person
from totp import code_of

sdk = Client("auth0-python", "auth0")
standard = Client("authlib", "auth0")
tokens = GetToken(*AUTH0, **place.TELEMETRY)
METHODS = "/api/v2/users/{id}/authentication-methods"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
MFA = "http://auth0.com/oauth/grant-type/mfa-"


def owed(person):
    """The `mfa_token` of a login by password that asks for more."""
    answer = requests.post(f"{ISSUER}oauth/token", timeout=30, json={
        "grant_type": "password", "username": person.email, "password": person.password,
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scope": place.SCOPE, "audience": AUDIENCE,
    })
    equal((answer.status_code, answer.json().get("error")), (403, "mfa_required"))
    return answer.json()["mfa_token"]


def give(way, mfa_token, **proof):
    session = OAuth2Session(CLIENT_ID, CLIENT_SECRET, token_endpoint_auth_method="client_secret_post")
    return session.fetch_token(f"{ISSUER}oauth/token", grant_type=f"{MFA}{way}", mfa_token=mfa_token, **proof)


def mfa(method, path, token, **more):
    url, headers = f"{ISSUER}mfa/{path}", {"authorization": f"Bearer {token}"}
    return requests.request(method, url, headers=headers, timeout=30, **more)


def kept_by_administrators():
    check, api, ada = sdk.check, place.management(), Person("mfa-admin")
    methods = api.users.authentication_methods
    with check(f"POST {METHODS}", "an authenticator app that somebody has already; the next login asks for its code"):
        if not place.MOCK:
            raise Skip("second factors must be on at the tenant")
        made = methods.create(ada.user_id, type="totp", totp_secret=SECRET, name="phone")
        equal((made.type, made.name, made.totp_secret), ("totp", "phone", SECRET))
        with refused(Auth0Error, status_code=403, error_code="mfa_required"):
            ada.login()
    with check(f"GET {METHODS}", "what somebody has is listed, without the secret"):
        [seen] = methods.list(ada.user_id)
        equal((seen.id, seen.type, seen.confirmed, seen.name), (made.id, "totp", True, "phone"))
        assert SECRET not in seen.model_dump_json(), seen
    with check(f"GET {METHODS}/{{authentication_method_id}}", "one is read by its id"):
        equal(methods.get(ada.user_id, made.id).name, "phone")
    with check(f"PATCH {METHODS}/{{authentication_method_id}}", "its name changes"):
        equal(methods.update(ada.user_id, made.id, name="tablet").name, "tablet")
    with check("GET /api/v2/users/{id}/enrollments", "it is an enrolment, too"):
        [enrolment] = api.users.enrollments.get(ada.user_id)
        equal((enrolment.id, enrolment.status), (made.id, "confirmed"))
    with check("POST /api/v2/users/{id}/recovery-code-regeneration", "a new recovery code, which stands in for the factor"):
        code = api.users.regenerate_recovery_code(ada.user_id).recovery_code
        give("recovery-code", owed(ada), recovery_code=code)
    with check(f"DELETE {METHODS}/{{authentication_method_id}}", "without it logins ask for no code"):
        methods.delete(ada.user_id, made.id)
        with refused(NotFoundError, status_code=404):
            methods.get(ada.user_id, made.id)
        ada.login()
    with check(f"PUT {METHODS}", "exactly these from then on"):
        methods.set(ada.user_id, request=[{"type": "totp", "totp_secret": SECRET}])
        equal([one.type for one in methods.list(ada.user_id)], ["totp"])
        owed(ada)
    with check(f"DELETE {METHODS}", "none from then on"):
        methods.delete_all(ada.user_id)
        equal(list(methods.list(ada.user_id)), [])
        ada.login()
    with check("DELETE /api/v2/users/{id}/multifactor/{provider}", "a lost app is taken away, and logins ask for no code"):
        methods.create(ada.user_id, type="totp", totp_secret=SECRET)
        owed(ada)
        api.users.multifactor.delete_provider(ada.user_id, "google-authenticator")
        ada.login()
    with check("DELETE /api/v2/users/{id}/authenticators", "all apps are taken away"):
        methods.create(ada.user_id, type="totp", totp_secret=SECRET)
        api.users.authenticators.delete_all(ada.user_id)
        ada.login()


def brought_along():
    if not place.MOCK:
        raise Skip("second factors must be on at the tenant")
    check, api, ada = sdk.check, place.management(), Person("mfa-import")
    [database] = api.connections.list(name=CONNECTION)
    with check("POST /api/v2/jobs/users-imports", "mfa_factors: an app of the old provider goes on"):
        users = json.dumps([{"email": ada.email, "email_verified": True, "mfa_factors": [{"totp": {"secret": SECRET}}]}])
        file = ("users.json", users.encode(), "application/json")
        job = api.jobs.users_imports.create(users=file, connection_id=database.id, upsert=True)
        equal(api.jobs.get(job.id).summary.updated, 1)
        assert give("otp", owed(ada), otp=code_of(SECRET))["access_token"]


def given_by_people():
    if not place.MOCK:
        raise Skip("second factors must be on at the tenant")
    check, ada = standard.check, Person("mfa-own")
    scope = "openid enroll read:authenticators remove:authenticators"
    token = tokens.login(ada.email, ada.password, scope, CONNECTION, f"{ISSUER}mfa/")["access_token"]
    with check("GET /mfa/authenticators", "with an access token for the MFA API: nobody has an authenticator at first"):
        equal(mfa("GET", "authenticators", token).json(), [])
        equal(mfa("GET", "authenticators", ada.login()["access_token"]).status_code, 401)
    with check("POST /mfa/associate", "a secret for an authenticator app, with a recovery code"):
        made = mfa("POST", "associate", token, json={"authenticator_types": ["otp"]}).json()
        equal((made["authenticator_type"], len(made["recovery_codes"])), ("otp", 1))
        assert made["barcode_uri"].startswith("otpauth://totp/") and made["secret"] in made["barcode_uri"], made
    with check("POST /oauth/token", "mfa-otp: a wrong code is refused with 403 invalid_grant; the first right one confirms the app"):
        with refused(OAuthError, error="invalid_grant"):
            give("otp", token, otp="000000" if code_of(made["secret"]) != "000000" else "000001")
        ada.login()
        give("otp", token, otp=code_of(made["secret"]))
        mfa_token = owed(ada)
    with check("GET /mfa/authenticators", "with the mfa_token of a login: the app and the recovery code"):
        listed = mfa("GET", "authenticators", mfa_token).json()
        equal(sorted((one["authenticator_type"], one["active"]) for one in listed), [("otp", True), ("recovery-code", True)])
    with check("POST /mfa/challenge", "an app needs no message: the code is to be typed"):
        form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "mfa_token": mfa_token, "challenge_type": "otp"}
        equal(requests.post(f"{ISSUER}mfa/challenge", json=form, timeout=30).json(), {"challenge_type": "otp"})
    with check("POST /oauth/token", "mfa-otp: the code ends the login, with the tokens that it began with; the mfa_token is good once"):
        code = code_of(made["secret"], later=1)
        got = give("otp", mfa_token, otp=code)
        assert got["id_token"] and got["refresh_token"], got
        with refused(OAuthError, error="expired_token"):
            give("otp", mfa_token, otp=code)
    with check("POST /oauth/token", "mfa-recovery-code: good once, and another one comes with the tokens"):
        [code] = made["recovery_codes"]
        got = give("recovery-code", owed(ada), recovery_code=code)
        assert got["recovery_code"] and got["recovery_code"] != code, got
        with refused(OAuthError, error="invalid_grant"):
            give("recovery-code", owed(ada), recovery_code=code)
    with check("DELETE /mfa/authenticators/{id}", "without the scope for it 403; with it the app goes, and logins ask for no code"):
        [app] = [one["id"] for one in listed if one["authenticator_type"] == "otp"]
        equal(mfa("DELETE", f"authenticators/{app}", owed(ada)).status_code, 204)
        ada.login()
        equal(mfa("DELETE", f"authenticators/{app}", token).status_code, 404)
        less = tokens.login(ada.email, ada.password, "openid enroll", CONNECTION, f"{ISSUER}mfa/")["access_token"]
        equal(mfa("DELETE", f"authenticators/{app}", less).status_code, 403)


def on_pages():
    check, api, ada = standard.check, place.management(), Person("mfa-pages")
    if not place.MOCK:
        raise Skip("the tenant's policy is not for a test to change")
    query = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": CALLBACK, "scope": place.SCOPE, "state": "s"}
    url = f"{ISSUER}authorize?{urlencode(query)}"
    with sdk.check("PUT /api/v2/guardian/policies", "everybody must have a second factor"):
        equal(list(api.guardian.policies.set(request=["all-applications"])), ["all-applications"])
    try:
        with sdk.check("GET /api/v2/guardian/policies", "the policy is read as it was set"):
            equal(list(api.guardian.policies.list()), ["all-applications"])
        with sdk.check("GET /api/v2/guardian/factors", "authenticator apps and recovery codes are on"):
            on = sorted(one.name for one in api.guardian.factors.list() if one.enabled)
            equal(on, ["otp", "recovery-code"])
        with check("GET /u/mfa-otp-enrollment-qr", "whoever has no second factor is shown a secret"):
            browser = Browser()
            page = browser.log_in(url, CALLBACK, ada.email, ada.password)
            assert "/u/mfa-otp-enrollment-qr" in page.url, page.url
            [secret] = re.findall(r"Secret: ([A-Z2-7]+)", page.text)
        with check("POST /u/mfa-otp-enrollment-qr", "a wrong code is refused on the page, the app's code ends the login"):
            wrong = "000000" if code_of(secret) != "000000" else "000001"
            page = browser.fill(page, CALLBACK, code=wrong)
            equal(page.status_code, 400)
            code = code_of(secret)
            equal(browser.fill(page, CALLBACK, code=code)["state"], "s")
    finally:
        api.guardian.policies.set(request=[])
    with check("GET /u/mfa-otp-challenge", "whoever has an app is asked for its code"):
        browser = Browser()
        page = browser.log_in(url, CALLBACK, ada.email, ada.password)
        assert "/u/mfa-otp-challenge" in page.url, page.url
    with check("POST /u/mfa-otp-challenge", "a code that was used before is refused, the next one ends the login"):
        page = browser.fill(page, CALLBACK, code=code)
        equal(page.status_code, 400)
        back = browser.fill(page, CALLBACK, code=code_of(secret, later=1))
        got = tokens.authorization_code(back["code"], CALLBACK)
        assert got["id_token"], got
    recovery = api.users.regenerate_recovery_code(ada.user_id).recovery_code
    with check("GET /u/mfa-recovery-code-challenge", "the challenge leads to a form for the recovery code"):
        browser = Browser()
        page = browser.log_in(url, CALLBACK, ada.email, ada.password)
        assert "/u/mfa-recovery-code-challenge" in page.text, page.text[:1000]
        page = browser.visit(page.url.replace("mfa-otp-challenge", "mfa-recovery-code-challenge"), CALLBACK)
        equal((page.status_code, 'name="code"' in page.text), (200, True))
    with check("POST /u/mfa-recovery-code-challenge", "a wrong one is refused on the page, the right one ends the login"):
        page = browser.fill(page, CALLBACK, code="X" * 24)
        equal(page.status_code, 400)
        equal(browser.fill(page, CALLBACK, code=recovery)["state"], "s")


if __name__ == "__main__":
    sdk.run(kept_by_administrators, brought_along)
    standard.run(given_by_people, on_pages)
