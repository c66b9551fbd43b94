"""Stytch's Python SDK against a B2B project: second factors of members, and what saves them without one."""

import bcrypt_hash
import stytch
from stytch.core.response_base import StytchError

import place
from checks import Client, equal, refused
from totp import code_of

client = Client("stytch", "stytch")
check = client.check
api = stytch.B2BClient(
    project_id=place.PROJECT_ID, secret=place.SECRET, custom_base_url=place.STYTCH_URL
)


class Member:
    """Somebody with a password, in an organization of their own."""

    def __init__(self, name, **more):
        slug = f"{place.MARK}-{name}"
        made = api.organizations.create(organization_name=slug, organization_slug=slug, **more).organization
        place.atexit.register(place.forget, slug, lambda: api.organizations.delete(made.organization_id))
        self.org, self.email = made.organization_id, place.address(name)
        imported = api.passwords.migrate(
            email_address=self.email, hash=bcrypt_hash.HASH, hash_type="bcrypt", organization_id=self.org
        )
        self.id = imported.member_id

    def log_in(self):
        return api.passwords.authenticate(self.org, self.email, bcrypt_hash.PASSWORD)


def authenticators():
    ada = Member("totp", mfa_policy="REQUIRED_FOR_ALL")
    half = ada.log_in()
    with check("POST /v1/b2b/totp", "an authenticator is registered halfway through a login, with recovery codes"):
        made = api.totps.create(ada.org, ada.id, intermediate_session_token=half.intermediate_session_token)
        equal((made.member_id, len(made.recovery_codes) > 0), (ada.id, True))
        assert made.secret and made.qr_code and made.totp_registration_id
    with check("POST /v1/b2b/totp/authenticate", "a wrong code is refused with 401, and the login can go on"):
        wrong = "000000" if code_of(made.secret) != "000000" else "000001"
        with refused(StytchError, status_code=401, error_type="unable_to_authenticate_totp"):
            api.totps.authenticate(ada.org, ada.id, wrong, intermediate_session_token=half.intermediate_session_token)
    with check("POST /v1/b2b/totp/authenticate", "its code ends the login: a session with both factors"):
        code = code_of(made.secret)
        got = api.totps.authenticate(
            ada.org, ada.id, code, intermediate_session_token=half.intermediate_session_token,
            session_duration_minutes=30, set_default_mfa=True,
        )
        equal([factor.type for factor in got.member_session.authentication_factors], ["password", "totp"])
        equal((got.member.totp_registration_id, got.member.default_mfa_method), (made.totp_registration_id, "totp"))
        life = got.member_session.expires_at - got.member_session.started_at
        equal(round(life.total_seconds() / 60), 30)
    with check("POST /v1/b2b/totp/authenticate", "a code is good once, and so is the intermediate session"):
        half = ada.log_in()
        ist = half.intermediate_session_token
        equal(half.mfa_required.member_options.totp_registration_id, made.totp_registration_id)
        with refused(StytchError, status_code=401, error_type="totp_code_already_authenticated"):
            api.totps.authenticate(ada.org, ada.id, code, intermediate_session_token=ist)
        api.totps.authenticate(ada.org, ada.id, code_of(made.secret, later=1), intermediate_session_token=ist)
        with refused(StytchError, status_code=404, error_type="intermediate_session_not_found"):
            api.discovery.organizations.list(intermediate_session_token=ist)
    with check("POST /v1/b2b/totp", "a second authenticator beside an active one is refused"):
        with refused(StytchError, status_code=400, error_type="active_totp_exists"):
            api.totps.create(ada.org, ada.id)
    recovery(ada, made)
    with check("DELETE /v1/b2b/organizations/{organization_id}/members/{member_id}/totp", "the authenticator goes"):
        left = api.organizations.members.delete_totp(ada.org, ada.id)
        equal((left.member.totp_registration_id, api.recovery_codes.get(ada.org, ada.id).recovery_codes), ("", []))
        with refused(StytchError, status_code=404, error_type="totp_not_found"):
            api.organizations.members.delete_totp(ada.org, ada.id)


def recovery(ada, made):
    with check("GET /v1/b2b/recovery_codes/{organization_id}/{member_id}", "the codes are those of the registration"):
        equal(sorted(api.recovery_codes.get(ada.org, ada.id).recovery_codes), sorted(made.recovery_codes))
    with check("POST /v1/b2b/recovery_codes/recover", "a recovery code stands in for the second factor, once"):
        first = made.recovery_codes[0]
        got = api.recovery_codes.recover(ada.org, ada.id, first, intermediate_session_token=ada.log_in().intermediate_session_token)
        equal(got.recovery_codes_remaining, len(made.recovery_codes) - 1)
        equal([factor.type for factor in got.member_session.authentication_factors], ["password", "recovery_codes"])
        ist = ada.log_in().intermediate_session_token
        with refused(StytchError, status_code=401, error_type="unable_to_authenticate_recovery_code"):
            api.recovery_codes.recover(ada.org, ada.id, first, intermediate_session_token=ist)
    with check("POST /v1/b2b/recovery_codes/rotate", "new codes; the old ones are good no longer"):
        new = api.recovery_codes.rotate(ada.org, ada.id).recovery_codes
        equal((len(new), set(new) & set(made.recovery_codes)), (len(made.recovery_codes), set()))
        with refused(StytchError, status_code=401, error_type="unable_to_authenticate_recovery_code"):
            api.recovery_codes.recover(ada.org, ada.id, made.recovery_codes[1], intermediate_session_token=ist)
        api.recovery_codes.recover(ada.org, ada.id, new[0], intermediate_session_token=ist)


def brought_along():
    ada, secret = Member("totp-migrate"), "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    with check("POST /v1/b2b/totp/migrate", "an authenticator of the old provider goes on, with its recovery codes"):
        made = api.totps.migrate(ada.org, ada.id, secret, ["code-1", "code-2"])
        equal(api.recovery_codes.get(ada.org, ada.id).recovery_codes, ["code-1", "code-2"])
        api.organizations.members.update(ada.org, ada.id, mfa_enrolled=True)
        half = ada.log_in()
        equal((half.member_authenticated, half.mfa_required.member_options.totp_registration_id), (False, made.totp_registration_id))
        got = api.totps.authenticate(ada.org, ada.id, code_of(secret), intermediate_session_token=half.intermediate_session_token)
        equal(got.member_session.authentication_factors[-1].type, "totp")


def enrolment():
    ada, number = Member("sms"), "+12025550161"
    with check("POST /v1/b2b/otps/sms/send", "the number that comes with the request is the member's, unproved"):
        sent = api.otps.sms.send(ada.org, ada.id, mfa_phone_number=number)
        equal((sent.member.mfa_phone_number, sent.member.mfa_phone_number_verified), (number, False))
    with check("POST /v1/b2b/otps/sms/authenticate", "its code proves the number and enrols the member, who needs it from then on"):
        session = ada.log_in().session_token
        got = api.otps.sms.authenticate(
            ada.org, ada.id, place.mail(number)["token"], session_token=session, set_mfa_enrollment="enroll"
        )
        equal((got.member.mfa_phone_number_verified, got.member.mfa_enrolled), (True, True))
        equal(got.member_session.authentication_factors[-1].delivery_method, "sms")
        half = ada.log_in()
        equal((half.member_authenticated, half.mfa_required.member_options.mfa_phone_number), (False, number))
    path = "DELETE /v1/b2b/organizations/{organization_id}/members/mfa_phone_numbers/{member_id}"
    with check(path, "the number goes"):
        left = api.organizations.members.delete_mfa_phone_number(ada.org, ada.id)
        equal((left.member.mfa_phone_number, left.member.mfa_phone_number_verified), ("", False))
        with refused(StytchError, status_code=404):
            api.organizations.members.delete_mfa_phone_number(ada.org, ada.id)


if __name__ == "__main__":
    client.run(authenticators, brought_along, enrolment)
