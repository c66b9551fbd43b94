"""Where the providers are, and test people there. The variables are those of `cutover doctor`."""

import atexit
import os
import secrets
import time

import requests
from auth0.authentication import GetToken
from auth0.management import ManagementClient

import pace
from checks import Skip, note

DOMAIN = os.environ["AUTH0_DOMAIN"]
CLIENT_ID = os.environ["AUTH0_CLIENT_ID"]
CLIENT_SECRET = os.environ["AUTH0_CLIENT_SECRET"]
AUDIENCE = os.environ["AUTH0_AUDIENCE"]
CONNECTION = os.environ.get("AUTH0_CONNECTION") or "Username-Password-Authentication"
SCOPE = os.environ.get("AUTH0_SCOPE") or "openid profile email offline_access"
CALLBACK = os.environ.get("AUTH0_CALLBACK_URL") or "https://app.example/callback"
ISSUER = f"https://{DOMAIN}/"

PROJECT_ID = os.environ["STYTCH_PROJECT_ID"]
SECRET = os.environ["STYTCH_SECRET"]
STYTCH_URL = os.environ.get("STYTCH_API_URL") or "https://test.stytch.com"
B2B = os.environ.get("CUTOVER_STYTCH_KIND") == "b2b"
PUBLIC_TOKEN = os.environ.get("STYTCH_PUBLIC_TOKEN")
"""What browsers show; known of the mocks only."""
PROFILE_ID = os.environ.get("STYTCH_TRUSTED_TOKEN_PROFILE")
"""The profile for `attest`, where there is one."""

CA_FILE = os.environ.get("SSL_CERT_FILE")
"""Whom to trust at the mocks."""

MOCK = os.environ.get("CUTOVER_CLIENTS_MOCK") == "1"
"""Whether mail can be read and controls turned: only at the mocks."""
ADMIN_URL = os.environ.get("CUTOVER_ADMIN_URL")
if not MOCK:
    pace.keep(DOMAIN, STYTCH_URL)

MARK = f"cutover-rehearsal-{secrets.token_hex(8)}"
"""Begins the name of everything that is created."""

AUTH0 = (DOMAIN, CLIENT_ID, CLIENT_SECRET)
TELEMETRY = {"timeout": 30.0}


def management():
    audience = f"https://{DOMAIN}/api/v2/"
    client_id = os.environ.get("AUTH0_MGMT_CLIENT_ID") or CLIENT_ID
    secret = os.environ.get("AUTH0_MGMT_CLIENT_SECRET") or CLIENT_SECRET
    return ManagementClient(
        domain=DOMAIN, client_id=client_id, client_secret=secret, audience=audience
    )


def address(name):
    return f"{MARK}-{name}@example.com"


def password():
    return f"Aa1!{secrets.token_urlsafe(16)}"


class Person:
    """A test person of the tenant; deleted when the script ends."""

    def __init__(self, name, email_verified=True):
        self.email = address(name)
        self.password = password()
        api = management()
        self.user_id = api.users.create(
            connection=CONNECTION,
            email=self.email,
            password=self.password,
            email_verified=email_verified,
        ).user_id
        atexit.register(forget, f"Auth0 user {self.user_id}", lambda: api.users.delete(self.user_id))

    def login(self, scope=SCOPE, audience=AUDIENCE):
        """Tokens, by the password-realm grant."""
        client = GetToken(*AUTH0, **TELEMETRY)
        return client.login(self.email, self.password, scope, CONNECTION, audience)


def forget(what, delete):
    try:
        delete()
    except Exception as error:
        # Some flows delete their people themselves.
        if getattr(error, "status_code", None) != 404 and "not_found" not in str(error):
            note(f"could not delete {what}: {error}")


def mail(*to):
    """The newest message to somebody, by any of their addresses."""
    if not MOCK:
        raise Skip("needs the mock's mailbox")
    url = f"{STYTCH_URL.rstrip('/')}/_cutover/mail"
    for one in to:
        messages = requests.get(url, params={"to": one}, timeout=30).json()["messages"]
        if messages:
            return messages[0]
    raise AssertionError(f"no mail to {to}")


def wait_for_mail_limit():
    """Stytch mails an address once a second; a test that needs a second mail waits for it."""
    time.sleep(1.1)


def impersonation(person_id):
    """A token to log in as somebody else, which only the dashboard gives."""
    if not MOCK:
        raise Skip("needs the dashboard")
    answer = requests.post(f"{ADMIN_URL}/impersonations", json={"person": person_id}, timeout=30)
    return answer.json()["impersonation_token"]
