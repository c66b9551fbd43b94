//! Opaque access tokens, which are for `UserInfo` alone.

use super::dpop::Thumbprint;
use crate::auth0::{AccessToken, Audience, Scopes, UserId};
use crate::http::seal::{Generation, Seal};
use crate::keys::KeyId;
use crate::time::{Span, Timestamp};

const PLAIN: Seal = Seal::new("auth0 opaque");
const BOUND: Seal = Seal::new("auth0 bound opaque");
/// Bytes of claims.
const CLAIMS: usize = 12;
/// Characters of a plain token.
pub(super) const PLAIN_CHARS: usize = 32;

/// 12 bytes of claims and the tag make the 32 characters of Auth0's own opaque tokens. The ordinal
/// tells those of the same claims and the same second apart.
pub(super) fn write(of: Generation, token: &AccessToken, ordinal: u64) -> String {
    let mut claims = claims(token);
    // The four bits that flags leave.
    claims[CLAIMS - 1] |= (ordinal as u8) << 4;
    PLAIN.of(of).close(&claims)
}

/// The same, bound to a key: the thumbprint follows the claims.
pub(super) fn write_bound(of: Generation, token: &AccessToken, key: &Thumbprint) -> String {
    let mut claims = claims(token).to_vec();
    claims.extend(key.jkt.as_bytes());
    BOUND.of(of).close(&claims)
}

/// The key that an opaque token is bound to.
pub(super) fn binding(of: Generation, text: &str) -> Option<Thumbprint> {
    // As most are, and every call is asked for this.
    if text.len() == PLAIN_CHARS {
        return None;
    }
    let claims = BOUND.of(of).open(text)?;
    let jkt = String::from_utf8(claims.get(CLAIMS..)?.to_vec()).ok()?;
    Some(Thumbprint { jkt })
}

fn claims(token: &AccessToken) -> [u8; CLAIMS] {
    let life = (token.expires - token.issued).as_secs() as u32;
    let flags = [
        token.scopes.openid,
        token.scopes.profile,
        token.scopes.email,
        token.scopes.offline,
    ];
    let flags = flags
        .iter()
        .enumerate()
        .fold(0, |bits, (place, set)| bits | u8::from(*set) << place);
    let mut claims = [0; CLAIMS];
    claims[..4].copy_from_slice(&token.subject.0.to_be_bytes());
    claims[4..8].copy_from_slice(&(token.issued.as_secs() as u32).to_be_bytes());
    claims[8..11].copy_from_slice(&life.to_be_bytes()[1..]);
    claims[11] = flags;
    claims
}

/// The token behind a text, bound to a key or not.
pub(super) fn read(of: Generation, text: &str) -> Option<AccessToken> {
    let claims: [u8; CLAIMS] = PLAIN
        .of(of)
        .open_exactly(text)
        .or_else(|| BOUND.of(of).open(text)?.first_chunk().copied())?;
    let number = |from: usize, to: usize| {
        claims[from..to]
            .iter()
            .fold(0, |n: i64, byte| n << 8 | i64::from(*byte))
    };
    let issued = Timestamp::from_secs(number(4, 8));
    let flag = |place: u8| claims[11] >> place & 1 == 1;
    Some(AccessToken {
        subject: UserId(number(0, 4) as u32),
        issued,
        expires: issued + Span::from_secs(number(8, 11)),
        scopes: Scopes {
            openid: flag(0),
            profile: flag(1),
            email: flag(2),
            offline: flag(3),
        },
        audience: Audience {
            api: false,
            userinfo: true,
        },
        key: KeyId::default(),
        handle: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::auth0::texts::NO_TOKEN;

    #[test]
    fn tokens_of_the_same_claims_differ_and_read_back() {
        const FIRST: Generation = Generation(0);
        let token = AccessToken {
            subject: UserId(7),
            audience: Audience {
                api: false,
                userinfo: true,
            },
            ..NO_TOKEN
        };
        let texts = [15, 16].map(|ordinal| write(FIRST, &token, ordinal));
        assert_ne!(texts[0], texts[1]);
        assert_eq!(texts[0].len(), PLAIN_CHARS);
        assert_eq!(texts.map(|text| read(FIRST, &text)), [Some(token); 2]);
    }
}
