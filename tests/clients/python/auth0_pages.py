"""Auth0's hosted pages in a browser without a script, and clients without a browser: Authlib, auth0-python."""

from urllib.parse import urlencode

import requests
from auth0.authentication import GetToken, Passwordless, Users
from auth0.authentication.exceptions import Auth0Error
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

import place
from browser import Browser, pkce
from checks import Client, Skip, equal, refused
from place import AUTH0, AUDIENCE, CALLBACK, CLIENT_ID, CLIENT_SECRET, CONNECTION, DOMAIN, ISSUER, Person

sdk = Client("auth0-python", "auth0")
standard = Client("authlib", "auth0")
check = standard.check
tokens = GetToken(*AUTH0, **place.TELEMETRY)
people = Users(DOMAIN, **place.TELEMETRY)
NOWHERE = "app://nowhere"


def oidc():
    return OAuth2Session(
        CLIENT_ID, CLIENT_SECRET, scope=place.SCOPE, redirect_uri=CALLBACK,
        code_challenge_method="S256", token_endpoint=f"{ISSUER}oauth/token",
    )


def begin(session, **more):
    """An authorization request, and what exchanges the code that comes back."""
    verifier = pkce()[0]
    url, state = session.create_authorization_url(
        f"{ISSUER}authorize", code_verifier=verifier, audience=AUDIENCE, **more
    )

    def finish(back):
        equal(back["state"], state)
        answer = f"{CALLBACK}?{urlencode(back)}"
        return session.fetch_token(authorization_response=answer, code_verifier=verifier)

    return url, finish


def forget_by_address(email):
    api = place.management()
    for user in api.users.list_users_by_email(email=email):
        place.atexit.register(place.forget, email, lambda: api.users.delete(user.user_id))


def sign_up():
    session, browser, email, password = oidc(), Browser(), place.address("page"), place.password()
    url, finish = begin(session, screen_hint="signup")
    with check("GET /u/signup", "screen_hint=signup leads to a form for address and password"):
        page = browser.visit(url, CALLBACK)
        equal((page.status_code, "/u/signup" in page.url, 'name="email"' in page.text), (200, True, True))
    with check("POST /u/signup", "whoever signs up is logged in at once"):
        back = browser.fill(page, CALLBACK, email=email, password=password)
        forget_by_address(email)
        equal(people.userinfo(finish(back)["access_token"])["email"], email)
    with check("POST /u/signup", "an address that is taken is refused on the page, in words that do not tell so"):
        url, _ = begin(oidc(), screen_hint="signup")
        other = Browser()
        page = other.fill(other.visit(url, CALLBACK), CALLBACK, email=email, password=password)
        equal((page.status_code, "Something went wrong" in page.text), (400, True))


def forgotten_password():
    ada, browser, new = Person("forgotten"), Browser(), place.password()
    with check("GET /u/login", "the login page leads to the one for a forgotten password"):
        url, _ = begin(oidc())
        page = browser.visit(url, CALLBACK)
        assert page.url.startswith(f"{ISSUER}u/login?state="), page.url
        assert "/u/reset-password/request" in page.text, page.text[:1000]
    with check("GET /u/reset-password/request", "a form for the address"):
        page = browser.visit(f"{ISSUER}u/reset-password/request?{page.url.split('?')[1]}", NOWHERE)
        equal((page.status_code, 'name="email"' in page.text), (200, True))
    with check("POST /u/reset-password/request", "a known and an unknown address get the same answer; the known one gets a mail"):
        told = browser.fill(page, NOWHERE, email=ada.email)
        equal(told.text, browser.fill(page, NOWHERE, email=place.address("nobody")).text)
        link = place.mail(ada.email)["link"]
        assert link.startswith(f"{ISSUER}u/reset-verify?ticket="), link
    with check("POST /u/reset-verify", "the new password logs in on the page, the old one does not"):
        browser.fill(browser.visit(link, NOWHERE), NOWHERE, **{"password": new, "re-enter-password": new})
        url, finish = begin(session := oidc())
        equal(Browser().log_in(url, CALLBACK, ada.email, ada.password).status_code, 400)
        finish(Browser().log_in(url, CALLBACK, ada.email, new))
        equal(session.get(f"{ISSUER}userinfo").json()["email"], ada.email)


def other_methods():
    ada, browser, session = Person("methods"), Browser(), oidc()
    url, finish = begin(session)
    with check("POST /authorize", "the request in a form leads to the login page, and back with a code"):
        address, query = url.split("?")
        answer = browser.session.post(address, data=query, allow_redirects=False, timeout=30, headers={"content-type": "application/x-www-form-urlencoded"})
        page = browser.follow(answer, CALLBACK)
        got = finish(browser.fill(page, CALLBACK, username=ada.email, password=ada.password))
    with check("POST /userinfo", "the claims are those of a GET; a token that is none is refused with 401"):
        equal(session.post(f"{ISSUER}userinfo").json(), session.get(f"{ISSUER}userinfo").json())
        stranger = requests.post(f"{ISSUER}userinfo", headers={"authorization": "Bearer no.such.token"}, timeout=30)
        equal(stranger.status_code, 401)
        assert 'error="invalid_token"' in stranger.headers["www-authenticate"], stranger.headers
    with check("GET /.well-known/oauth-authorization-server", "the metadata of RFC 8414, equal to OpenID's where both have it"):
        found = requests.get(f"{ISSUER}.well-known/oauth-authorization-server", timeout=30).json()
        equal(found, requests.get(f"{ISSUER}.well-known/openid-configuration", timeout=30).json())
        assert "S256" in found["code_challenge_methods_supported"], found
    with check("POST /oidc/logout", "logout by a form leads back with the state, and ends the browser's session"):
        form = {"id_token_hint": got["id_token"], "post_logout_redirect_uri": CALLBACK, "state": "bye"}
        answer = browser.session.post(f"{ISSUER}oidc/logout", data=form, allow_redirects=False, timeout=30)
        equal(browser.follow(answer, CALLBACK), {"state": "bye"})
        equal(browser.visit(begin(oidc(), prompt="none")[0], CALLBACK)["error"], "login_required")
    with check("POST /oidc/logout", "an ID token that was made up is refused with 400, and a URL that is not listed is not followed"):
        for form in [{"id_token_hint": "no.such.token"}, {"client_id": CLIENT_ID, "post_logout_redirect_uri": "https://evil.com/"}]:
            answer = requests.post(f"{ISSUER}oidc/logout", data=form, allow_redirects=False, timeout=30)
            equal(answer.status_code, 400)


def devices():
    if not place.MOCK:
        raise Skip("the test application need not be one for devices")
    ada, browser = Person("device"), Browser()
    device = OAuth2Session("cutover-native", scope=place.SCOPE, token_endpoint_auth_method="none")
    grant = "urn:ietf:params:oauth:grant-type:device_code"

    def ask():
        answer = requests.post(f"{ISSUER}oauth/device/code", data={"client_id": "cutover-native", "scope": place.SCOPE, "audience": AUDIENCE}, timeout=30)
        equal(answer.status_code, 200)
        return answer.json()

    def poll(code):
        return device.fetch_token(f"{ISSUER}oauth/token", grant_type=grant, device_code=code["device_code"], client_id="cutover-native")

    with check("POST /oauth/device/code", "a code for the device, one for the person, where to type it and how often to ask (RFC 8628)"):
        code = ask()
        assert code["user_code"] in code["verification_uri_complete"], code
        assert code["verification_uri_complete"].startswith(code["verification_uri"]), code
        equal((code["expires_in"], code["interval"]), (900, 5))
    with check("POST /oauth/token", "device code: authorization_pending until the person decides, slow_down for haste"):
        with refused(OAuthError, error="authorization_pending"):
            poll(code)
        with refused(OAuthError, error="slow_down"):
            poll(code)
    code = ask()
    with check("GET /activate", "the page shows the code of the link"):
        page = browser.visit(code["verification_uri_complete"], NOWHERE)
        equal((page.status_code, code["user_code"] in page.text), (200, True))
    with check("POST /activate", "a wrong password and a wrong code are refused on the page"):
        wrong = browser.fill(page, NOWHERE, username=ada.email, password="wrong")
        equal(wrong.status_code, 400)
        equal(browser.fill(page, NOWHERE, user_code="AAAA-AAAA", username=ada.email, password=ada.password).status_code, 400)
    with check("POST /activate", "once the person has logged in and said yes, the device gets tokens"):
        equal(browser.fill(page, NOWHERE, username=ada.email, password=ada.password).status_code, 200)
        got = poll(code)
        equal(device.get(f"{ISSUER}userinfo").json()["email"], ada.email)
        assert got["refresh_token"], got
        with refused(OAuthError, error="invalid_grant"):
            poll(code)
    code = ask()
    with check("POST /activate", "after a no the device is told access_denied"):
        page = browser.visit(code["verification_uri_complete"], NOWHERE)
        browser.fill(page, NOWHERE, action="deny")
        with refused(OAuthError, error="access_denied"):
            poll(code)


def passwordless():
    check = sdk.check
    client = Passwordless(*AUTH0, **place.TELEMETRY)
    email, number = place.address("passwordless"), "+12025550171"

    def log_in(to, realm):
        got = tokens.passwordless_login(to, place.mail(to)["token"], realm, place.SCOPE, AUDIENCE)
        return people.userinfo(got["access_token"])

    with check("POST /passwordless/start", "a code by mail, and by text message"):
        if not place.MOCK:
            raise Skip("passwordless connections need not be on")
        told = client.email(email, send="code")
        equal((told["email"], told["email_verified"]), (email, False))
        equal(client.sms(number)["phone_number"], number)
    with check("POST /passwordless/start", "an address that is none is refused with 400"):
        with refused(Auth0Error, status_code=400):
            client.email("nobody", send="code")
    with check("POST /oauth/token", "passwordless: a wrong code is refused with 403 invalid_grant, the right one logs a new person in, once"):
        code = place.mail(email)["token"]
        wrong = "000000" if code != "000000" else "000001"
        with refused(Auth0Error, status_code=403, error_code="invalid_grant"):
            tokens.passwordless_login(email, wrong, "email", place.SCOPE, AUDIENCE)
        claims = log_in(email, "email")
        equal((claims["email"], claims["email_verified"]), (email, True))
        with refused(Auth0Error, status_code=403, error_code="invalid_grant"):
            tokens.passwordless_login(email, code, "email", place.SCOPE, AUDIENCE)
        assert log_in(number, "sms")["sub"].startswith("sms|")
    with check("GET /passwordless/verify_redirect", "a mailed link leads back to the application with a code, and is good once"):
        link_to = {"redirect_uri": CALLBACK, "response_type": "code", "scope": place.SCOPE, "state": "s"}
        client.email(email, send="link", auth_params=link_to)
        link = place.mail(email)["link"]
        back = Browser().visit(link, CALLBACK)
        equal(back["state"], "s")
        got = tokens.authorization_code(back["code"], CALLBACK)
        equal(people.userinfo(got["access_token"])["sub"], claims["sub"])
        equal(Browser().visit(link, CALLBACK).status_code, 400)
    forget_by_address(email)


if __name__ == "__main__":
    standard.run(sign_up, forgotten_password, other_methods, devices)
    sdk.run(passwordless)
