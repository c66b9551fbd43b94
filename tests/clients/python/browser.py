"""A browser without a screen: follows redirects, fills in the login form, keeps cookies."""

import base64
import hashlib
import secrets
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import requests


class Form(HTMLParser):
    """The first form of a page."""

    def __init__(self, html):
        super().__init__()
        self.action, self.fields, self.inside, self.seen = "", {}, False, False
        self.feed(html)
        assert self.seen, f"no form in {html[:300]!r}"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and not self.seen:
            self.inside = self.seen = True
            self.action = attributes.get("action") or ""
        elif self.inside and tag in ("input", "button") and attributes.get("name"):
            self.fields.setdefault(attributes["name"], attributes.get("value") or "")

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "form"


class Browser:
    def __init__(self):
        self.session = requests.Session()

    def visit(self, url, stop):
        """Follows redirects until one leads to `stop`, whose parameters it answers, or to a page."""
        answer = self.session.get(url, allow_redirects=False, timeout=30)
        return self.follow(answer, stop)

    def follow(self, answer, stop):
        while answer.is_redirect:
            target = urljoin(answer.url, answer.headers["location"])
            if target.startswith(stop):
                return {key: values[0] for key, values in parse_qs(urlsplit(target).query).items()}
            answer = self.session.get(target, allow_redirects=False, timeout=30)
        return answer

    def fill(self, page, stop, **typed):
        """Fills in the page's form and sends it."""
        form = Form(page.text)
        url = urljoin(page.url, form.action)
        answer = self.session.post(
            url, data=form.fields | typed, allow_redirects=False, timeout=30
        )
        return self.follow(answer, stop)

    def log_in(self, url, stop, email, password):
        page = self.visit(url, stop)
        assert not isinstance(page, dict), f"no login page, but {page}"
        assert page.status_code == 200, f"no login page, but {page.status_code}: {page.text[:300]}"
        return self.fill(page, stop, username=email, password=password)


def pkce():
    """A verifier and its challenge."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
