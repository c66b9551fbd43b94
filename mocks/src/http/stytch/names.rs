//! How the project's ids and tokens look on the wire, and back. Ids are stable per project; tokens
//! depend on a secret of the process, so that nobody can make one up.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::http::hexadecimal;
use crate::http::seal::Generation;
use crate::luck::{Luck, mix};
use crate::stytch::{IntermediateToken, LoginToken, OrgId, SessionToken, UserId, Vertical};

/// Bytes of a token: 44 characters of text, as Stytch's are.
const TOKEN: usize = 33;

/// What an id names; its text begins so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A user.
    User,
    /// A member.
    Member,
    /// An organization.
    Organization,
    /// A session of either product.
    Session,
    /// A person's address.
    Email,
    /// A user's password.
    Password,
    /// A member's password.
    MemberPassword,
    /// A user's tie to a social provider.
    OAuthUser,
    /// A member's tie to a social provider.
    OAuthMember,
    /// A telephone number.
    Phone,
    /// A user's authenticator app.
    Totp,
    /// A member's authenticator app.
    MemberTotp,
    /// A recovery code's set.
    RecoveryCode,
    /// A link that the application delivered itself.
    Embedded,
    /// A machine-to-machine client.
    Client,
    /// An OIDC connection of an organization.
    Oidc,
    /// A SAML connection of an organization.
    Saml,
    /// An external SSO connection of an organization.
    External,
    /// A certificate of a SAML connection.
    SamlCertificate,
    /// A key of a SAML connection.
    SamlKey,
    /// A passkey.
    Webauthn,
    /// One request.
    Request,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Member => "member",
            Self::Organization => "organization",
            Self::Session => "session",
            Self::Email => "email",
            Self::Password => "password",
            Self::MemberPassword => "member-password",
            Self::OAuthUser => "oauth-user",
            Self::OAuthMember => "oauth-member",
            Self::Phone => "phone-number",
            Self::Totp => "totp",
            Self::MemberTotp => "totp-registration",
            Self::RecoveryCode => "totp-recovery-code",
            Self::Embedded => "embedded",
            Self::Client => "m2m-client",
            Self::Oidc => "oidc-connection",
            Self::Saml => "saml-connection",
            Self::External => "external-connection",
            Self::SamlCertificate => "saml-verification-key",
            Self::SamlKey => "saml-encryption-key",
            Self::Webauthn => "webauthn-registration",
            Self::Request => "request-id",
        }
    }

    /// Whether such things can be there from the start: then the same seeds give the same ids.
    const fn is_seeded(self) -> bool {
        !matches!(
            self,
            Self::Session
                | Self::OAuthUser
                | Self::OAuthMember
                | Self::Phone
                | Self::Totp
                | Self::MemberTotp
                | Self::RecoveryCode
                | Self::Embedded
                | Self::Client
                | Self::Oidc
                | Self::Saml
                | Self::External
                | Self::SamlCertificate
                | Self::SamlKey
                | Self::Webauthn
                | Self::Request
        )
    }
}

/// What a presented session token turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presented {
    /// It has not the form of one.
    Malformed,
    /// It has; a made-up one names a session that does not exist.
    Token(SessionToken),
}

/// The names of one project.
#[derive(Clone)]
pub(super) struct Names {
    /// `test` or `live`, as in the project's id.
    environment: &'static str,
    /// Makes ids of this project differ from those of others.
    salt: [u8; 32],
    /// The same for what is not seeded, whose ids are never given again.
    issued_salt: [u8; 32],
    /// How many resets there were before.
    pub(super) generation: Generation,
    /// Makes tokens unguessable; drawn for each process, and anew at each reset.
    secret: [u8; 32],
}

impl Names {
    /// Names of a project with this id.
    pub(super) fn new(project_id: &str) -> Self {
        let live = project_id.starts_with("project-live-");
        let salt = Sha256::digest(project_id).into();
        Self {
            environment: if live { "live" } else { "test" },
            salt,
            issued_salt: salt,
            generation: Generation::default(),
            secret: drawn(),
        }
    }

    /// Names of the same project after a reset: ids of people and organizations stay, and whatever opens
    /// something has another text.
    pub(super) fn renewed(&self) -> Self {
        Self {
            issued_salt: hash(&self.issued_salt, "reset", &[]),
            generation: self.generation.next(),
            secret: drawn(),
            ..self.clone()
        }
    }

    /// The text of an id: `<kind>-<environment>-<uuid>`.
    pub(super) fn id(&self, kind: Kind, number: u32) -> String {
        let tag = self.id_tag(kind, number);
        let masked = number ^ self.id_mask(kind, &tag);
        let mut bytes = [0; 16];
        bytes[..12].copy_from_slice(&tag);
        bytes[12..].copy_from_slice(&masked.to_be_bytes());
        self.spell(kind.prefix(), u128::from_be_bytes(bytes))
    }

    /// The text of an id that nobody reads back: it belongs to these two numbers, one of which is of
    /// something that is not seeded.
    pub(super) fn id_of_both(&self, prefix: &str, one: u32, other: u32) -> String {
        let number = u64::from(one) << 32 | u64::from(other);
        let hash = hash(&self.issued_salt, prefix, &number.to_be_bytes());
        let mut uuid = [0; 16];
        uuid.copy_from_slice(&hash[..16]);
        self.spell(prefix, u128::from_be_bytes(uuid))
    }

    /// The number behind the text of an id.
    pub(super) fn read_id(&self, kind: Kind, text: &str) -> Option<u32> {
        let uuid = text
            .strip_prefix(kind.prefix())?
            .strip_prefix('-')?
            .strip_prefix(self.environment)?
            .strip_prefix('-')?;
        let bytes = u128::from_str_radix(&uuid.replace('-', ""), 16)
            .ok()?
            .to_be_bytes();
        let (tag, masked) = bytes.split_first_chunk::<12>()?;
        let number = u32::from_be_bytes(masked.try_into().ok()?) ^ self.id_mask(kind, tag);
        (self.id(kind, number) == text).then_some(number)
    }

    /// The id of a request with this luck.
    pub(super) fn request(&self, luck: Luck) -> String {
        let (high, low) = (luck.split(0x7265).0, luck.split(0x7266).0);
        self.spell(
            Kind::Request.prefix(),
            u128::from(high) << 64 | u128::from(low),
        )
    }

    /// A person's id: a user's or a member's.
    pub(super) fn person(&self, vertical: Vertical, user: UserId) -> String {
        let kind = match vertical {
            Vertical::Consumer => Kind::User,
            Vertical::B2b => Kind::Member,
        };
        self.id(kind, user.0)
    }

    /// An organization's id.
    pub(super) fn organization(&self, org: OrgId) -> String {
        self.id(Kind::Organization, org.0)
    }

    fn spell(&self, prefix: &str, uuid: u128) -> String {
        let uuid = as_v4(uuid);
        let mut text = String::with_capacity(prefix.len() + self.environment.len() + 38);
        text.extend([prefix, "-", self.environment, "-"]);
        hexadecimal::push::<8>(&mut text, uuid >> 96);
        for place in [80, 64, 48] {
            text.push('-');
            hexadecimal::push::<4>(&mut text, uuid >> place);
        }
        text.push('-');
        hexadecimal::push::<12>(&mut text, uuid);
        text
    }

    fn salt(&self, kind: Kind) -> &[u8; 32] {
        if kind.is_seeded() {
            &self.salt
        } else {
            &self.issued_salt
        }
    }

    /// The upper 12 bytes of an id's UUID, with the bits that say that it is one.
    fn id_tag(&self, kind: Kind, number: u32) -> [u8; 12] {
        let hash = hash(self.salt(kind), kind.prefix(), &number.to_be_bytes());
        let mut uuid = [0; 16];
        uuid.copy_from_slice(&hash[..16]);
        let uuid = as_v4(u128::from_be_bytes(uuid)).to_be_bytes();
        let mut tag = [0; 12];
        tag.copy_from_slice(&uuid[..12]);
        tag
    }

    /// Hides the number. It need not be hard to guess: whether an id is one, the tag tells.
    fn id_mask(&self, kind: Kind, tag: &[u8; 12]) -> u32 {
        let salt = &self.salt(kind)[..8];
        let words = salt.chunks(4).chain(tag.chunks(4));
        let mask = words.fold(0, |mask, word| {
            let word = word
                .iter()
                .fold(0, |word, byte| word << 8 | u64::from(*byte));
            mix(mask ^ word)
        });
        mask as u32
    }

    /// The text of a session token.
    pub(super) fn session_token(&self, token: SessionToken) -> String {
        self.close("session", token.session)
    }

    /// What a presented session token is.
    pub(super) fn read_session_token(&self, text: &str) -> Presented {
        if URL_SAFE_NO_PAD.decode(text).map_or(0, |bytes| bytes.len()) != TOKEN {
            return Presented::Malformed;
        }
        let session = self.open("session", text).unwrap_or(u32::MAX);
        Presented::Token(SessionToken { session, handle: 0 })
    }

    /// The text of a mailed or redirected token.
    pub(super) fn login_token(&self, token: LoginToken) -> String {
        self.close("login", token.0)
    }

    /// The token behind a text; a made-up one names a token that nobody issued.
    pub(super) fn read_login_token(&self, text: &str) -> LoginToken {
        LoginToken(self.open("login", text).unwrap_or(u32::MAX))
    }

    /// The challenge of a ceremony.
    pub(super) fn challenge(&self, number: u32) -> String {
        self.close("challenge", number)
    }

    /// The ceremony of a challenge.
    pub(super) fn read_challenge(&self, text: &str) -> Option<u32> {
        self.open("challenge", text)
    }

    /// The text of an intermediate session token.
    pub(super) fn intermediate_token(&self, token: IntermediateToken) -> String {
        self.close("intermediate", token.0)
    }

    /// The token behind a text; a made-up one names a token that nobody issued.
    pub(super) fn read_intermediate_token(&self, text: &str) -> IntermediateToken {
        IntermediateToken(self.open("intermediate", text).unwrap_or(u32::MAX))
    }

    /// The six digits that are mailed (`mail`) or texted (`sms`) for a token.
    pub(super) fn code(&self, medium: &str, number: u32) -> String {
        let hash = hash(&self.secret, medium, &number.to_be_bytes());
        let digits = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]) % 1_000_000;
        format!("{digits:06}")
    }

    /// Whether the project is a test project, where sandbox values are answered.
    pub(super) fn is_test(&self) -> bool {
        self.environment == "test"
    }

    /// Secret bytes that belong to a number: the key of an authenticator app (RFC 4226: 160 bits).
    pub(super) fn secret_bytes(&self, purpose: &str, number: u32) -> Vec<u8> {
        hash(&self.secret, purpose, &number.to_be_bytes())[..20].to_vec()
    }

    /// The id of a machine-to-machine client.
    pub(super) fn client(&self, number: u64) -> String {
        self.id(Kind::Client, number as u32)
    }

    /// An unguessable text that belongs to a number.
    pub(super) fn secret_text(&self, purpose: &str, number: u64) -> String {
        URL_SAFE_NO_PAD.encode(hash(&self.secret, purpose, &number.to_be_bytes()))
    }

    /// A recovery code: three groups of four, as Stytch writes them.
    pub(super) fn recovery_code(&self, app: u32, generation: u16, place: u16) -> String {
        let mut data = app.to_be_bytes().to_vec();
        data.extend(generation.to_be_bytes());
        data.extend(place.to_be_bytes());
        let hash = hash(&self.secret, "recovery", &data);
        let letter =
            |byte: &u8| char::from(b"abcdefghijkmnpqrstuvwxyz23456789"[usize::from(byte % 32)]);
        let text: String = hash[..12].iter().map(letter).collect();
        format!("{}-{}-{}", &text[..4], &text[4..8], &text[8..])
    }

    /// What is kept of a password that someone chose.
    pub(super) fn digest(&self, password: &str) -> [u8; 32] {
        hash(&self.secret, "password", password.as_bytes())
    }

    fn close(&self, purpose: &str, number: u32) -> String {
        let tag = hash(&self.secret, purpose, &number.to_be_bytes());
        let mask = hash(&self.secret, purpose, &tag[..TOKEN - 4]);
        let mut bytes = [0; TOKEN];
        bytes[..TOKEN - 4].copy_from_slice(&tag[..TOKEN - 4]);
        for (place, byte) in number.to_be_bytes().into_iter().enumerate() {
            bytes[TOKEN - 4 + place] = byte ^ mask[place];
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn open(&self, purpose: &str, text: &str) -> Option<u32> {
        let bytes: [u8; TOKEN] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (tag, masked) = bytes.split_at(TOKEN - 4);
        let mask = hash(&self.secret, purpose, tag);
        let number = masked.iter().zip(mask).fold(0, |number, (byte, mask)| {
            number << 8 | u32::from(byte ^ mask)
        });
        (self.close(purpose, number) == text).then_some(number)
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names")
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

/// A secret that nobody can guess.
fn drawn() -> [u8; 32] {
    let mut secret = [0; 32];
    SystemRandom::new()
        .fill(&mut secret)
        .expect("the system's source of randomness works");
    secret
}

/// The same number with the bits of a random UUID (RFC 9562, version 4).
const fn as_v4(uuid: u128) -> u128 {
    uuid & !(0xf << 76) & !(0b11 << 62) | 0x4 << 76 | 0b10 << 62
}

fn hash(key: &[u8; 32], purpose: &str, data: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(key);
    hash.update([purpose.len() as u8]);
    hash.update(purpose);
    hash.update(data);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "project-test-11111111-1111-4111-8111-111111111111";

    proptest! {
        #[test]
        fn ids_and_tokens_read_back(number: u32) {
            let names = Names::new(ID);
            let id = names.id(Kind::User, number);
            prop_assert_eq!(id.len(), "user-test-".len() + 36);
            prop_assert_eq!(names.read_id(Kind::User, &id), Some(number));
            prop_assert_eq!(names.read_id(Kind::Member, &id), None);
            let token = SessionToken { session: number, handle: 0 };
            let text = names.session_token(token);
            prop_assert_eq!(text.len(), 44);
            prop_assert_eq!(names.read_session_token(&text), Presented::Token(token));
            prop_assert_eq!(names.read_login_token(&text), LoginToken(u32::MAX));
            let login = names.login_token(LoginToken(number));
            prop_assert_eq!(names.read_login_token(&login), LoginToken(number));
        }
    }

    #[test]
    fn ids_are_stable_and_tokens_are_not() {
        let (one, two) = (Names::new(ID), Names::new(ID));
        assert_eq!(one.id(Kind::User, 7), two.id(Kind::User, 7));
        let token = SessionToken {
            session: 7,
            handle: 0,
        };
        assert_ne!(one.session_token(token), two.session_token(token));
        let other = Names::new("project-live-11111111-1111-4111-8111-111111111111");
        assert!(
            other
                .id(Kind::Organization, 7)
                .starts_with("organization-live-")
        );
    }

    #[test]
    fn after_a_reset_people_have_their_ids_and_no_token_opens() {
        let names = Names::new(ID);
        let next = names.renewed();
        for kind in [Kind::User, Kind::Member, Kind::Organization, Kind::Email] {
            assert_eq!(next.read_id(kind, &names.id(kind, 7)), Some(7));
        }
        for kind in [
            Kind::Session,
            Kind::Totp,
            Kind::Phone,
            Kind::OAuthUser,
            Kind::OAuthMember,
            Kind::Webauthn,
            Kind::Client,
            Kind::Oidc,
            Kind::Saml,
            Kind::External,
            Kind::SamlCertificate,
            Kind::SamlKey,
        ] {
            assert_eq!(next.read_id(kind, &names.id(kind, 7)), None);
            assert_eq!(next.read_id(kind, &next.id(kind, 7)), Some(7));
        }
        let registration = |names: &Names| names.id_of_both("saml-member-registration", 7, 0);
        assert_ne!(registration(&next), registration(&names));
        let login = names.login_token(LoginToken(7));
        assert_eq!(next.read_login_token(&login), LoginToken(u32::MAX));
    }

    #[test]
    fn made_up_tokens_are_told_from_malformed_ones() {
        let names = Names::new(ID);
        assert_eq!(names.read_session_token("abc"), Presented::Malformed);
        assert_eq!(
            names.read_session_token(&"*".repeat(44)),
            Presented::Malformed
        );
        let made_up = names.read_session_token("WJtR5BCy38Szd5AfoDpf0iqFKEt4EE5JhjlWUY7l3FtY");
        assert_eq!(
            made_up,
            Presented::Token(SessionToken {
                session: u32::MAX,
                handle: 0
            })
        );
    }
}
