//! Refusals that only the wire tells apart, under Stytch's own names.

/// A rule of the API that a call breaks. Names are Stytch's `error_type`s; where Stytch documents no
/// status for one, it has that of its family (UNCONFIRMED).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// `pkce_expected_code_verifier`
    PkceExpected,
    /// `pkce_did_not_expect_code_verifier`
    PkceUnexpected,
    /// `pkce_mismatch`
    PkceMismatch,
    /// `user_id_mismatch`: a session of somebody else is to be extended.
    UserIdMismatch,
    /// `session_not_mutable_impersonated`
    Impersonated,
    /// `reset_password`, `member_reset_password`
    ResetPassword,
    /// `session_too_old_to_reset_password`
    SessionTooOld,
    /// `duplicate_email_for_user`
    DuplicateEmailForUser,
    /// `duplicate_phone_number`
    DuplicatePhone,
    /// `duplicate_phone_number_for_user`
    DuplicatePhoneForUser,
    /// `too_many_people`: the mock's own ([`Bounds`](crate::bounds::Bounds)).
    TooManyPeople,
    /// `too_many_organizations`: the mock's own.
    TooManyOrganizations,
    /// `phone_number_not_found`
    PhoneNotFound,
    /// `email_not_found` for an id.
    EmailNotFound,
    /// `password_not_found`
    PasswordNotFound,
    /// `cannot_delete_last_primary_factor`
    LastPrimaryFactor,
    /// `oauth_user_registration_not_found`
    TieNotFound,
    /// `invalid_oauth_attach_token`
    AttachInvalid,
    /// `totp_not_found`
    TotpNotFound,
    /// `active_totp_exists`
    ActiveTotp,
    /// `totps_not_found_for_user`
    NoTotps,
    /// `unable_to_authenticate_totp`
    TotpWrong,
    /// `totp_code_already_authenticated`
    TotpUsed,
    /// `unable_to_authenticate_recovery_code`
    RecoveryWrong,
    /// `no_active_recovery_code_backed_factor`
    NoRecoveryCodes,
    /// `email_jit_provisioning_not_allowed`
    JitNotAllowed,
    /// `invalid_email_for_jit_provisioning`
    JitDomain,
    /// `invalid_connection_for_jit_provisioning`
    JitConnection,
    /// `invalid_email_for_invites`
    InviteNotAllowed,
    /// `operation_restricted_by_organization_auth_methods`
    MethodRestricted,
    /// `operation_restricted_by_organization_mfa_methods`
    MfaMethodRestricted,
    /// `invalid_intermediate_session_token_for_organization`
    IntermediateElsewhere,
    /// `session_authorization_tenancy_error`
    SessionElsewhere,
    /// `action_available_only_once_primary_authentication_is_met`
    PrimaryFirst,
    /// `no_deleted_member_found_for_reactivation`
    NotDeleted,
    /// `reactivation_email_belongs_to_another_member`
    AddressTaken,
    /// `action_available_only_for_active_members`
    NotActive,
    /// `user_already_invited`, told where an invitation cannot be sent or taken back.
    NotPending,
    /// `retired_member_email`
    RetiredEmail,
    /// `invalid_trusted_auth_token`
    TrustedToken,
    /// `unable_to_auth_impersonation_token`
    ImpersonationToken,
    /// `webauthn_registration_not_found`
    PasskeyNotFound,
    /// `unable_to_auth_webauthn_registration`
    PasskeyWrong,
    /// `member_phone_number_not_found`
    MemberPhoneNotFound,
    /// `invalid_exchange_primary_factor_user`
    ExchangeUser,
}

impl Rule {
    /// All rules, in order.
    pub const ALL: [Self; 45] = [
        Self::PkceExpected,
        Self::PkceUnexpected,
        Self::PkceMismatch,
        Self::UserIdMismatch,
        Self::Impersonated,
        Self::ResetPassword,
        Self::SessionTooOld,
        Self::DuplicateEmailForUser,
        Self::DuplicatePhone,
        Self::DuplicatePhoneForUser,
        Self::PhoneNotFound,
        Self::EmailNotFound,
        Self::PasswordNotFound,
        Self::LastPrimaryFactor,
        Self::TieNotFound,
        Self::AttachInvalid,
        Self::TotpNotFound,
        Self::ActiveTotp,
        Self::NoTotps,
        Self::TotpWrong,
        Self::TotpUsed,
        Self::RecoveryWrong,
        Self::NoRecoveryCodes,
        Self::JitNotAllowed,
        Self::JitDomain,
        Self::JitConnection,
        Self::InviteNotAllowed,
        Self::MethodRestricted,
        Self::MfaMethodRestricted,
        Self::IntermediateElsewhere,
        Self::SessionElsewhere,
        Self::PrimaryFirst,
        Self::NotDeleted,
        Self::AddressTaken,
        Self::NotActive,
        Self::NotPending,
        Self::RetiredEmail,
        Self::TrustedToken,
        Self::ImpersonationToken,
        Self::PasskeyNotFound,
        Self::PasskeyWrong,
        Self::MemberPhoneNotFound,
        Self::ExchangeUser,
        Self::TooManyPeople,
        Self::TooManyOrganizations,
    ];

    /// HTTP status.
    pub const fn status(self) -> u16 {
        self.told().0
    }

    /// HTTP status, `error_type` and `error_message`.
    pub const fn told(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::PkceExpected => (
                400,
                "pkce_expected_code_verifier",
                "The flow began with a code challenge, so a code_verifier is required.",
            ),
            Self::PkceUnexpected => (
                400,
                "pkce_did_not_expect_code_verifier",
                "The flow began without a code challenge, so no code_verifier is expected.",
            ),
            Self::PkceMismatch => (
                401,
                "pkce_mismatch",
                "The code_verifier does not match the code challenge.",
            ),
            Self::UserIdMismatch => (
                400,
                "user_id_mismatch",
                "The session belongs to another user.",
            ),
            Self::Impersonated => (
                400,
                "session_not_mutable_impersonated",
                "An impersonated session cannot be changed or extended.",
            ),
            Self::ResetPassword => (
                400,
                "reset_password",
                "This password must be reset before it can be used again.",
            ),
            Self::SessionTooOld => (
                400,
                "session_too_old_to_reset_password",
                "The session has no factor from the last 5 minutes.",
            ),
            Self::DuplicateEmailForUser => (
                400,
                "duplicate_email_for_user",
                "The email belongs to this user already.",
            ),
            Self::DuplicatePhone => (
                400,
                "duplicate_phone_number",
                "A user with the specified phone number already exists for this project.",
            ),
            Self::DuplicatePhoneForUser => (
                400,
                "duplicate_phone_number_for_user",
                "The phone number belongs to this user already.",
            ),
            Self::TooManyPeople => (
                403,
                "too_many_people",
                "The project has as many people as it may: POST /reset at the admin interface starts it over.",
            ),
            Self::TooManyOrganizations => (
                403,
                "too_many_organizations",
                "The project has as many organizations as it may: POST /reset at the admin interface starts it over.",
            ),
            Self::PhoneNotFound => (
                404,
                "phone_number_not_found",
                "Phone number could not be found.",
            ),
            Self::EmailNotFound => (404, "email_not_found", "Email could not be found."),
            Self::PasswordNotFound => (404, "password_not_found", "Password could not be found."),
            Self::LastPrimaryFactor => (
                400,
                "cannot_delete_last_primary_factor",
                "The last primary factor of a user cannot be deleted.",
            ),
            Self::TieNotFound => (
                404,
                "oauth_user_registration_not_found",
                "OAuth user registration could not be found.",
            ),
            Self::AttachInvalid => (
                400,
                "invalid_oauth_attach_token",
                "The oauth_attach_token is invalid or was used already.",
            ),
            Self::TotpNotFound => (404, "totp_not_found", "TOTP could not be found."),
            Self::ActiveTotp => (
                400,
                "active_totp_exists",
                "There is an active TOTP already, and there can be only one at a time.",
            ),
            Self::NoTotps => (
                404,
                "totps_not_found_for_user",
                "No TOTP could be found for this user.",
            ),
            _ => self.told_more(),
        }
    }

    const fn told_more(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::TotpWrong => (
                401,
                "unable_to_authenticate_totp",
                "The TOTP code could not be authenticated.",
            ),
            Self::TotpUsed => (
                401,
                "totp_code_already_authenticated",
                "The TOTP code was authenticated before.",
            ),
            Self::RecoveryWrong => (
                401,
                "unable_to_authenticate_recovery_code",
                "The recovery code could not be authenticated.",
            ),
            Self::NoRecoveryCodes => (
                400,
                "no_active_recovery_code_backed_factor",
                "There is no active factor that recovery codes stand in for.",
            ),
            Self::JitNotAllowed => (
                403,
                "email_jit_provisioning_not_allowed",
                "The organization does not let new members in by their email.",
            ),
            Self::JitDomain => (
                403,
                "invalid_email_for_jit_provisioning",
                "The email's domain is not among the organization's email_allowed_domains.",
            ),
            Self::JitConnection => (
                403,
                "invalid_connection_for_jit_provisioning",
                "The organization does not let new members in by this SSO connection.",
            ),
            Self::InviteNotAllowed => (
                403,
                "invalid_email_for_invites",
                "The organization's settings do not allow to invite this email.",
            ),
            Self::MethodRestricted => (
                403,
                "operation_restricted_by_organization_auth_methods",
                "The organization does not allow this authentication method.",
            ),
            Self::MfaMethodRestricted => (
                403,
                "operation_restricted_by_organization_mfa_methods",
                "The organization does not allow this MFA method.",
            ),
            Self::IntermediateElsewhere => (
                400,
                "invalid_intermediate_session_token_for_organization",
                "The intermediate session token is not for this organization or member.",
            ),
            Self::SessionElsewhere => (
                403,
                "session_authorization_tenancy_error",
                "The session belongs to another organization.",
            ),
            Self::PrimaryFirst => (
                400,
                "action_available_only_once_primary_authentication_is_met",
                "The primary authentication requirements of the organization are not met yet.",
            ),
            _ => self.told_most(),
        }
    }

    const fn told_most(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::NotDeleted => (
                404,
                "no_deleted_member_found_for_reactivation",
                "No deleted member could be found to reactivate.",
            ),
            Self::AddressTaken => (
                400,
                "reactivation_email_belongs_to_another_member",
                "The email belongs to another member by now.",
            ),
            Self::NotPending => (
                400,
                "user_already_invited",
                "The user has accepted an invitation or logged in already.",
            ),
            Self::RetiredEmail => (
                400,
                "retired_member_email",
                "The email is a retired email of a member.",
            ),
            Self::TrustedToken => (
                401,
                "invalid_trusted_auth_token",
                "The trusted auth token is invalid.",
            ),
            Self::PasskeyNotFound => (
                404,
                "webauthn_registration_not_found",
                "WebAuthn registration could not be found.",
            ),
            Self::PasskeyWrong => (
                401,
                "unable_to_auth_webauthn_registration",
                "The WebAuthn registration could not be authenticated.",
            ),
            Self::ImpersonationToken => (
                401,
                "unable_to_auth_impersonation_token",
                "The impersonation token was used already or expired.",
            ),
            Self::MemberPhoneNotFound => (
                404,
                "member_phone_number_not_found",
                "Member phone number could not be found.",
            ),
            Self::ExchangeUser => (
                400,
                "invalid_exchange_primary_factor_user",
                "Only a user with one email or one phone number can exchange it.",
            ),
            _ => (
                400,
                "action_available_only_for_active_members",
                "This is available only for active members.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rule;

    #[test]
    fn every_rule_has_words_of_its_own() {
        let all = Rule::ALL.iter().map(|rule| rule.told().1);
        let names: std::collections::BTreeSet<_> = all.collect();
        assert_eq!(names.len(), Rule::ALL.len());
    }
}
