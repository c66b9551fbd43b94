"""mod_auth_openidc: Apache's relying party, and its check of access tokens, in front of static pages."""

import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import requests

from browser import Browser
from checks import Client, equal
from place import AUDIENCE, CA_FILE, CLIENT_ID, CLIENT_SECRET, ISSUER, MOCK, SCOPE, Person

PROGRAM = shutil.which("apache2", path="/usr/sbin:/usr/bin")
MODULES = Path("/usr/lib/apache2/modules")
NEEDED = ["mpm_event", "authn_core", "authz_core", "authz_user", "dir", "auth_openidc"]

# No version: the distribution chooses it.
client = Client("mod_auth_openidc (Apache)", "auth0", pinned=False)
check = client.check

LOGIN = "a protected page leads through the login page back to itself, by discovery and PKCE"


def configuration(folder, port):
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NEEDED)
    return f"""
ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
Mutex file:{folder}
{modules}
# As root it does not serve.
User nobody
Group nogroup
ErrorLog {folder}/errors
DocumentRoot {folder}/pages

OIDCProviderMetadataURL {ISSUER}.well-known/openid-configuration
OIDCCABundlePath {folder}/ca.pem
OIDCClientID {CLIENT_ID}
OIDCClientSecret {CLIENT_SECRET}
OIDCRedirectURI http://localhost:{port}/app/callback
OIDCCryptoPassphrase of-no-worth
OIDCScope "{SCOPE}"
OIDCPKCEMethod S256
OIDCAuthRequestParams audience={quote(AUDIENCE, safe="")}
OIDCInfoHook access_token userinfo refresh_token
OIDCOAuthVerifyJwksUri {ISSUER}.well-known/jwks.json
<Location /app>
AuthType openid-connect
Require valid-user
</Location>
<Location /api>
AuthType oauth20
Require claim iss:{ISSUER}
</Location>
"""


def unable():
    """Why this cannot be shown here, if it cannot."""
    if not MOCK:
        return "a tenant would have to list this server's callback"
    if not PROGRAM or not all((MODULES / f"mod_{name}.so").exists() for name in NEEDED):
        return "needs Debian's libapache2-mod-auth-openidc"
    return None


@contextmanager
def apache():
    """A server on this machine, as long as it is needed; answers its URL."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for page in ("app", "api", "out"):
            (folder / "pages" / page).mkdir(parents=True)
            (folder / "pages" / page / "index.html").write_text(page)
        shutil.copy(CA_FILE, folder / "ca.pem")
        folder.chmod(0o777)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        (folder / "httpd.conf").write_text(configuration(folder, port))
        server = subprocess.Popen([PROGRAM, "-f", f"{folder}/httpd.conf", "-DFOREGROUND"], stderr=subprocess.DEVNULL)
        try:
            yield ready(server, port, folder)
        finally:
            server.terminate()
            server.wait()


def ready(server, port, folder):
    for _ in range(200):
        assert server.poll() is None, (folder / "errors").read_text()
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return f"http://localhost:{port}"
        time.sleep(0.05)
    raise AssertionError("Apache does not listen")


def protected_pages():
    with apache() as url:
        ada, browser = Person("apache"), Browser()
        hook = f"{url}/app/callback"

        def known():
            return browser.visit(f"{hook}?info=json", "-").json()

        with check("GET /authorize", LOGIN):
            page = browser.log_in(f"{url}/app/", "-", ada.email, ada.password)
            equal((page.status_code, page.text), (200, "app"))
        with check("GET /userinfo", "the module asks for the claims of whom the ID token names"):
            before = known()
            equal(before["userinfo"]["email"], ada.email)
            equal(before["userinfo"]["sub"], ada.user_id)
        with check("GET /.well-known/jwks.json", "the server accepts an access token by the published keys, and no forged one"):
            token = before["access_token"]
            with_token = {"Authorization": f"Bearer {token}"}
            equal(requests.get(f"{url}/api/", headers=with_token, timeout=30).text, "api")
            forged = {"Authorization": f"Bearer {token[:-8]}AAAAAAAA"}
            equal(requests.get(f"{url}/api/", headers=forged, timeout=30).status_code, 401)
        with check("POST /oauth/token", "a refresh, after which the session has both new tokens"):
            back = browser.visit(f"{hook}?refresh={quote(f'{url}/out/', safe='')}&access_token={token}", "-")
            equal(back.text, "out")
            after = known()
            assert after["access_token"] != token
            assert after["refresh_token"] != before["refresh_token"]
        with check("GET /oidc/logout", "the module's logout ends its session and the tenant's"):
            back = browser.visit(f"{hook}?logout={quote(f'{url}/out/', safe='')}", "-")
            equal(back.text, "out")
            page = browser.visit(f"{url}/app/", "-")
            assert "/u/login" in page.url, page.url


if __name__ == "__main__":
    if reason := unable():
        client.tell("GET /authorize", LOGIN, "skip", reason)
    else:
        client.run(protected_pages)
