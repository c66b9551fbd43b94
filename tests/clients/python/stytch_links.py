"""Stytch's Python SDK against a consumer project: links and codes, by mail, by text and by the application."""

import base64
import hashlib
import secrets
from urllib.parse import parse_qs, urlsplit

import stytch
from stytch.core.response_base import StytchError

import place
from checks import Client, Skip, equal, refused

client = Client("stytch", "stytch")
check = client.check
api = stytch.Client(
    project_id=place.PROJECT_ID, secret=place.SECRET, custom_base_url=place.STYTCH_URL
)


def later(user_id):
    place.atexit.register(place.forget, user_id, lambda: api.users.delete(user_id))
    return user_id


def create(name, **more):
    made = api.users.create(email=place.address(name), **more)
    later(made.user_id)
    return made


def sent_links():
    email, path = place.address("sent"), "POST /v1/magic_links/email/send"
    with check(path, "an address that nobody has is refused, unless it is for somebody"):
        with refused(StytchError, status_code=404, error_type="email_not_found"):
            api.magic_links.email.send(email=email)
    ada = create("sender")
    with check(path, "a link to a new address of a user; it is theirs, and proved, when it is followed"):
        sent = api.magic_links.email.send(email=email, user_id=ada.user_id)
        equal(sent.user_id, ada.user_id)
        got = api.magic_links.authenticate(token=place.mail(email)["token"])
        equal({one.email: one.verified for one in got.user.emails}, {ada.user.emails[0].email: False, email: True})
        equal(got.method_id, sent.email_id)
    with check(path, "the link leads to the URL of the request, with the token and its kind"):
        bob = create("urls")
        address = bob.user.emails[0].email
        api.magic_links.email.send(email=address, login_magic_link_url="https://app.example/in?a=1", login_expiration_minutes=10)
        mail = place.mail(address)
        link = urlsplit(mail["link"])
        equal(f"{link.scheme}://{link.netloc}{link.path}", "https://app.example/in")
        query = {"a": ["1"], "stytch_token_type": ["magic_links"], "token": [mail["token"]]}
        equal(parse_qs(link.query), query)
    with check(path, "minutes out of bounds and an address that is none are refused by their names"):
        with refused(StytchError, status_code=400, error_type="invalid_email"):
            api.magic_links.email.send(email="nobody")
        with refused(StytchError, status_code=400):
            api.magic_links.email.send(email=address, login_expiration_minutes=1)


def pkce():
    email, verifier = place.address("pkce"), secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    path = "POST /v1/magic_links/authenticate"
    later(api.magic_links.email.login_or_create(email=email, code_challenge=challenge).user_id)
    token = place.mail(email)["token"]
    with check(path, "a link with a code challenge needs its verifier"):
        with refused(StytchError, error_type="pkce_expected_code_verifier"):
            api.magic_links.authenticate(token=token)
        with refused(StytchError, error_type="pkce_mismatch"):
            api.magic_links.authenticate(token=token, code_verifier=secrets.token_urlsafe(48))
        got = api.magic_links.authenticate(token=token, code_verifier=verifier, session_duration_minutes=5)
        equal(got.session.authentication_factors[0].email_factor.email_address, email)


def invitations():
    email, path = place.address("invited"), "POST /v1/magic_links/email/invite"
    with check(path, "somebody who is invited is pending, with the name of the invitation, until the link is followed"):
        invited = api.magic_links.email.invite(email=email, name={"first_name": "Ada"}, trusted_metadata={"plan": "pro"})
        later(invited.user_id)
        user = api.users.get(invited.user_id)
        equal((user.status, user.name.first_name, user.emails[0].email_id), ("pending", "Ada", invited.email_id))
        equal(user.trusted_metadata, {"plan": "pro"})
    with check(path, "the link of the invitation makes an active user"):
        got = api.magic_links.authenticate(token=place.mail(email)["token"], session_duration_minutes=60)
        equal((got.user.status, got.user.emails[0].verified), ("active", True))
    path, email = "POST /v1/magic_links/email/revoke_invite", place.address("revoked")
    with check(path, "the link of an invitation that was revoked is not found"):
        invited = api.magic_links.email.invite(email=email)
        api.magic_links.email.revoke_invite(email)
        with refused(StytchError, status_code=404):
            api.magic_links.authenticate(token=place.mail(email)["token"])
    with check(path, "the user whom the invitation made is gone"):
        with refused(StytchError, status_code=404, error_type="user_not_found"):
            api.users.get(invited.user_id)
    with check(path, "there is no invitation of somebody who is active"):
        with refused(StytchError, status_code=400):
            api.magic_links.email.revoke_invite(create("active").user.emails[0].email)


def embedded_links():
    ada = create("embedded")
    with check("POST /v1/magic_links", "the application gets a token itself, which is good once"):
        token = api.magic_links.create(user_id=ada.user_id, expiration_minutes=5).token
        got = api.magic_links.authenticate(token=token, session_duration_minutes=60)
        factor = got.session.authentication_factors[0]
        equal((got.user_id, factor.type, factor.delivery_method), (ada.user_id, "magic_link", "embedded"))
        with refused(StytchError, status_code=401, error_type="unable_to_auth_magic_link"):
            api.magic_links.authenticate(token=token)
    with check("POST /v1/magic_links", "an unknown user is refused with 404"):
        with refused(StytchError, status_code=404, error_type="user_not_found"):
            api.magic_links.create(user_id=place.PROJECT_ID.replace("project", "user"))


def mailed_codes():
    ada, path = create("code"), "POST /v1/otps/email/send"
    email = ada.user.emails[0].email
    with check(path, "a code to somebody's address opens a session; a newer one takes its place"):
        first = api.otps.email.send(email=email)
        equal((first.user_id, first.email_id), (ada.user_id, ada.email_id))
        old = place.mail(email)["token"]
        place.wait_for_mail_limit()
        api.otps.email.send(email=email, expiration_minutes=10)
        new = place.mail(email)["token"]
        if old != new:
            with refused(StytchError, status_code=404, error_type="otp_code_not_found"):
                api.otps.authenticate(method_id=first.email_id, code=old)
        got = api.otps.authenticate(method_id=first.email_id, code=new, session_duration_minutes=60)
        equal(got.session.authentication_factors[0].delivery_method, "email")
    with check(path, "an address that nobody has is refused with 404"):
        with refused(StytchError, status_code=404, error_type="email_not_found"):
            api.otps.email.send(email=place.address("nobody"))
    with check(path, "a code to a new address makes it the user's, by a session of theirs"):
        other = place.address("second")
        sent = api.otps.email.send(email=other, session_token=got.session_token)
        joined = api.otps.authenticate(
            method_id=sent.email_id, code=place.mail(other)["token"],
            session_token=got.session_token, session_duration_minutes=60,
        )
        equal(sorted(one.email for one in joined.user.emails), sorted([email, other]))
        equal((joined.session.session_id, len(joined.session.authentication_factors)), (got.session.session_id, 2))


def texts():
    if not place.MOCK:
        raise Skip("no text messages from a test")
    ways = [
        ("sms", api.otps.sms, "+12025550141", "+12025550142", "+12025550145"),
        ("whatsapp", api.otps.whatsapp, "+12025550143", "+12025550144", "+12025550146"),
    ]
    for name, way, number, other, third in ways:
        with check(f"POST /v1/otps/{name}/login_or_create", "a message creates whoever is unknown, pending if asked for; its code opens a session"):
            sent = way.login_or_create(phone_number=number, create_user_as_pending=True)
            later(sent.user_id)
            equal((sent.user_created, api.users.get(sent.user_id).status), (True, "pending"))
            code = place.mail(number)["token"]
            got = api.otps.authenticate(method_id=sent.phone_id, code=code, session_duration_minutes=60)
            factor = got.session.authentication_factors[0]
            equal((factor.delivery_method, factor.phone_number_factor.phone_number), (name, number))
            equal((got.user.status, got.user.phone_numbers[0].verified), ("active", True))
        with check(f"POST /v1/otps/{name}/login_or_create", "a number that is known creates nobody"):
            known = later(api.users.create(phone_number=third).user_id)
            again = way.login_or_create(phone_number=third)
            equal((again.user_created, again.user_id), (False, known))
        with check(f"POST /v1/otps/{name}/send", "a message to a new number makes it the user's"):
            with refused(StytchError, status_code=404, error_type="phone_number_not_found"):
                way.send(phone_number=other)
            more = way.send(phone_number=other, user_id=sent.user_id)
            got = api.otps.authenticate(method_id=more.phone_id, code=place.mail(other)["token"])
            equal([one.phone_number for one in got.user.phone_numbers], [number, other])
        with check(f"POST /v1/otps/{name}/send", "a number in another form than E.164 is refused"):
            with refused(StytchError, status_code=400, error_type="invalid_phone_number"):
                way.send(phone_number="202-555-0141")


if __name__ == "__main__":
    client.run(sent_links, pkce, invitations, embedded_links, mailed_codes, texts)
