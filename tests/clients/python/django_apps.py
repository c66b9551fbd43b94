"""Django: three libraries that log people in, each through one and the same application."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import django
from django.conf import settings
from django.http import JsonResponse
from django.urls import include, path

from browser import Browser
from checks import Client, Skip, equal
from place import CLIENT_ID, CLIENT_SECRET, DOMAIN, ISSUER, MOCK, Person

HOST = "django.example"
"""Where the application is; only redirects lead there."""
APP = {"client_id": CLIENT_ID, "secret": CLIENT_SECRET}

settings.configure(
    SECRET_KEY="x" * 50, ALLOWED_HOSTS=[HOST], ROOT_URLCONF=__name__, USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
        "mozilla_django_oidc", "social_django", "allauth", "allauth.account", "allauth.socialaccount",
        "allauth.socialaccount.providers.auth0", "allauth.socialaccount.providers.openid_connect",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware", "allauth.account.middleware.AccountMiddleware",
        "mozilla_django_oidc.middleware.SessionRefresh",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
        "context_processors": ["django.template.context_processors.request", "django.contrib.messages.context_processors.messages"],
    }}],
    # In this order: the last of them would take any code for one of its own.
    AUTHENTICATION_BACKENDS=[
        "social_core.backends.auth0.Auth0OAuth2", "social_core.backends.auth0_openidconnect.Auth0OpenIdConnectAuth",
        "allauth.account.auth_backends.AuthenticationBackend", "mozilla_django_oidc.auth.OIDCAuthenticationBackend",
    ],
    LOGIN_REDIRECT_URL="/who", LOGOUT_REDIRECT_URL="/who", SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
    OIDC_RP_CLIENT_ID=CLIENT_ID, OIDC_RP_CLIENT_SECRET=CLIENT_SECRET, OIDC_RP_SIGN_ALGO="RS256",
    OIDC_OP_AUTHORIZATION_ENDPOINT=f"{ISSUER}authorize", OIDC_OP_TOKEN_ENDPOINT=f"{ISSUER}oauth/token",
    OIDC_OP_USER_ENDPOINT=f"{ISSUER}userinfo", OIDC_OP_JWKS_ENDPOINT=f"{ISSUER}.well-known/jwks.json",
    OIDC_RP_SCOPES="openid profile email", OIDC_USE_PKCE=True,
    SOCIAL_AUTH_AUTH0_DOMAIN=DOMAIN, SOCIAL_AUTH_AUTH0_KEY=CLIENT_ID, SOCIAL_AUTH_AUTH0_SECRET=CLIENT_SECRET,
    SOCIAL_AUTH_AUTH0_OPENIDCONNECT_DOMAIN=DOMAIN, SOCIAL_AUTH_AUTH0_OPENIDCONNECT_KEY=CLIENT_ID,
    SOCIAL_AUTH_AUTH0_OPENIDCONNECT_SECRET=CLIENT_SECRET,
    ACCOUNT_EMAIL_VERIFICATION="none", SOCIALACCOUNT_PROVIDERS={
        "auth0": {"AUTH0_URL": ISSUER.rstrip("/"), "APPS": [APP], "SCOPE": ["openid", "profile", "email"]},
        "openid_connect": {"APPS": [APP | {"provider_id": "tenant", "name": "tenant", "settings": {"server_url": ISSUER.rstrip("/")}}]},
    },
)
django.setup()


def who(request):
    return JsonResponse({"email": getattr(request.user, "email", None)})


urlpatterns = [
    path("who", who), path("oidc/", include("mozilla_django_oidc.urls")),
    path("", include("social_django.urls", namespace="social")), path("accounts/", include("allauth.urls")),
]


def query(url):
    return dict(parse_qsl(urlsplit(url).query))


class Application:
    """The application, and one person's browser, which has its cookies."""

    def __init__(self):
        if not MOCK:
            raise Skip("a tenant would have to list this application's callbacks")
        # Asks the application in process, so that it needs Django's settings first.
        from django.test import Client as Requests
        self.requests = Requests(headers={"host": HOST, "x-forwarded-proto": "https"})
        self.browser = Browser()

    def log_in(self, begin, person):
        """Goes to the tenant and back, after which the application must know the person."""
        sent = self.requests.generic("GET" if begin.startswith("/oidc") else "POST", begin)
        equal(sent.status_code, 302)
        back = self.browser.log_in(sent["location"], f"https://{HOST}/", person.email, person.password)
        done = self.requests.get(f"{urlsplit(query(sent['location'])['redirect_uri']).path}?{urlencode(back)}")
        equal(done.status_code, 302)
        equal(self.requests.get("/who").json()["email"], person.email)


def run(package, *logins, more=None):
    """The logins of a library, by the pages they begin at."""
    client = Client(package, "auth0")

    def logs_in():
        for number, (begin, behaviour) in enumerate(logins):
            with client.check("GET /authorize", behaviour):
                Application().log_in(begin, Person(f"{package}-{number}"))
        if more:
            more(client)
    client.run(logs_in)


def renewal(client):
    with client.check("GET /authorize", "the middleware renews an old login in silence, with prompt=none"):
        app = Application()
        app.log_in("/oidc/authenticate/", Person("renewal"))
        session = app.requests.session
        session["oidc_id_token_expiration"] = 0
        session.save()
        asked = app.requests.get("/who")["location"]
        equal(query(asked)["prompt"], "none")
        back = app.browser.visit(asked, f"https://{HOST}/")
        app.requests.get(f"/oidc/callback/?{urlencode(back)}")
        equal(app.requests.get("/who").status_code, 200)


if __name__ == "__main__":
    from django.core.management import call_command
    call_command("migrate", verbosity=0)
    run(
        "mozilla-django-oidc",
        ("/oidc/authenticate/", "a login with PKCE and nonce: the ID token by the published keys, then userinfo"),
        more=renewal,
    )
    run(
        "social-auth-core",
        ("/login/auth0/", "the Auth0 backend logs a person in by the ID token"),
        ("/login/auth0_openidconnect/", "the OpenID Connect backend logs a person in by discovery"),
    )
    run(
        "django-allauth",
        ("/accounts/auth0/login/", "the Auth0 provider logs a person in, the access token in userinfo's query"),
        ("/accounts/oidc/tenant/login/", "the OpenID Connect provider logs a person in by discovery"),
    )
