//! The wallet: texts of tokens behind the small handles that the protocol core holds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cutover_mocks::auth0::RefreshToken;
use cutover_mocks::stytch::SessionJwt;
use rustc_hash::FxHashMap;

/// Texts behind handles. Handles count from [`Wallet::FIRST`]; lower numbers are a provider's own. They
/// are of tokens that never crossed the wire: from before the rehearsal, or from a stretch that was
/// played without it. Their provider is asked for their text when they are presented.
#[derive(Debug)]
pub struct Wallet {
    inner: Mutex<Inner>,
    limit: usize,
}

#[derive(Default)]
struct Inner {
    texts: Vec<Arc<str>>,
    /// Handles of the texts that must be recognised when they come again.
    known: FxHashMap<Arc<str>, u32>,
    /// Texts of tokens that never crossed the wire, by what identifies them at their provider.
    minted: FxHashMap<Origin, Arc<str>>,
    bytes: usize,
}

/// How much it holds: what it holds lets people in.
impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} texts", self.texts.len())
    }
}

/// Identifies a token that never crossed the wire, where its text is worth keeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// An access token, by its claims.
    Access(cutover_mocks::auth0::AccessToken),
    /// A refresh token.
    Refresh(RefreshToken),
    /// A session JWT, by its claims.
    Session(SessionJwt),
}

/// How much a wallet holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WalletSize {
    /// Texts.
    pub texts: usize,
    /// Bytes of all texts.
    pub bytes: usize,
}

/// The wallet holds as much as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the texts of tokens fill {bytes} bytes, more than the limit of {limit}; rehearse fewer people \
     or a shorter time over HTTP, or raise the limit"
)]
pub struct WalletFull {
    /// Bytes that it would hold.
    pub bytes: usize,
    /// Bytes that it may hold.
    pub limit: usize,
}

/// Marks a refresh token of the client's: its `family` is the text's handle. No provider rotates a
/// family that often.
const BY_HANDLE: u32 = u32::MAX;

impl Wallet {
    /// The first handle. No provider counts so far.
    pub const FIRST: u32 = 1 << 31;

    /// An empty wallet for at most this many bytes of text.
    pub fn new(limit: usize) -> Self {
        Self {
            inner: Mutex::default(),
            limit,
        }
    }

    /// The handle of a text that may come again; the same text has the same handle.
    pub fn know(&self, text: &str) -> u32 {
        let mut inner = self.inner();
        if let Some(handle) = inner.known.get(text) {
            return *handle;
        }
        let text: Arc<str> = text.into();
        let handle = inner.keep(Arc::clone(&text));
        inner.known.insert(text, handle);
        handle
    }

    /// The handle of a text that is new each time, as a signed token is.
    pub fn keep(&self, text: &str) -> u32 {
        self.inner().keep(text.into())
    }

    /// The text behind a handle; none for a provider's own number and for handles of another wallet.
    pub fn text(&self, handle: u32) -> Option<Arc<str>> {
        let place = handle.checked_sub(Self::FIRST)?;
        self.inner().texts.get(place as usize).cloned()
    }

    /// The text of a token that never crossed the wire, asked for once.
    pub fn minted(&self, origin: Origin, mint: impl FnOnce() -> String) -> Arc<str> {
        if let Some(text) = self.inner().minted.get(&origin) {
            return Arc::clone(text);
        }
        // Minting may take a signature's time, so the lock is not held meanwhile. Whoever mints the
        // same token at the same time gets the same text: minting is deterministic.
        let text: Arc<str> = mint().into();
        let mut inner = self.inner();
        if inner.minted.insert(origin, Arc::clone(&text)).is_none() {
            inner.bytes += text.len();
        }
        text
    }

    /// The client's own refresh token for a text.
    pub fn refresh_token(&self, text: &str) -> RefreshToken {
        RefreshToken {
            family: self.know(text),
            generation: BY_HANDLE,
        }
    }

    /// The text of a refresh token, which a provider is asked for if it is not the client's own.
    pub fn refresh_text(
        &self,
        token: RefreshToken,
        mint: impl FnOnce() -> String,
    ) -> Option<Arc<str>> {
        if token.generation == BY_HANDLE {
            self.text(token.family)
        } else {
            Some(self.minted(Origin::Refresh(token), mint))
        }
    }

    /// The text of a refresh token of the client's own; none for any other.
    pub fn own_refresh_text(&self, token: RefreshToken) -> Option<Arc<str>> {
        (token.generation == BY_HANDLE)
            .then(|| self.text(token.family))
            .flatten()
    }

    /// How much it holds.
    pub fn size(&self) -> WalletSize {
        let inner = self.inner();
        WalletSize {
            texts: inner.texts.len() + inner.minted.len(),
            bytes: inner.bytes,
        }
    }

    /// Whether it still holds no more than it may.
    pub fn check(&self) -> Result<(), WalletFull> {
        let bytes = self.inner().bytes;
        if bytes > self.limit {
            Err(WalletFull {
                bytes,
                limit: self.limit,
            })
        } else {
            Ok(())
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing under this lock can leave the tables half changed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn keep(&mut self, text: Arc<str>) -> u32 {
        let place = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.bytes += text.len();
        self.texts.push(text);
        Wallet::FIRST.saturating_add(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts_have_one_handle_and_kept_ones_each_their_own() {
        let wallet = Wallet::new(100);
        let first = wallet.know("a");
        assert!(first >= Wallet::FIRST, "lower numbers are a provider's own");
        assert_eq!(wallet.know("a"), first);
        assert_ne!(wallet.know("b"), first);
        assert_ne!(wallet.keep("jwt"), wallet.keep("jwt"));
        assert_eq!(wallet.text(first).as_deref(), Some("a"));
        assert_eq!(wallet.text(0), None);
        assert_eq!(wallet.text(Wallet::FIRST + 99), None);
    }

    #[test]
    fn earlier_tokens_are_minted_once() {
        let wallet = Wallet::new(100);
        let token = RefreshToken {
            family: 1,
            generation: 0,
        };
        assert_eq!(
            wallet.refresh_text(token, || "one".into()).as_deref(),
            Some("one")
        );
        assert_eq!(
            wallet
                .refresh_text(token, || unreachable!("it is there already"))
                .as_deref(),
            Some("one")
        );
    }

    #[test]
    fn own_refresh_tokens_are_not_taken_for_earlier_ones() {
        let wallet = Wallet::new(100);
        let own = wallet.refresh_token("mine");
        assert_eq!(
            wallet
                .refresh_text(own, || unreachable!("the wallet has its text"))
                .as_deref(),
            Some("mine")
        );
        let earlier = RefreshToken {
            family: own.family,
            generation: 0,
        };
        assert_eq!(
            wallet.refresh_text(earlier, || "other".into()).as_deref(),
            Some("other")
        );
    }

    #[test]
    fn a_full_wallet_says_so() {
        let wallet = Wallet::new(3);
        wallet.keep("abc");
        assert_eq!(wallet.check(), Ok(()));
        wallet.keep("d");
        assert_eq!(wallet.check(), Err(WalletFull { bytes: 4, limit: 3 }));
        assert_eq!(wallet.size(), WalletSize { texts: 2, bytes: 4 });
    }
}
