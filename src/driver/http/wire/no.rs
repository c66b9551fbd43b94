//! Why there is no reply: a provider's "no", or nothing that can be read.

use cutover_mocks::answer::{Breakage, Outcome, Refusal};

use super::exchange::Heard;

/// Why there is no reply.
#[derive(Debug)]
pub(in crate::driver::http) enum No<E> {
    /// The provider said no.
    Refused(Refusal<E>),
    /// Nothing that can be read came.
    Broken(Breakage),
}

impl<E> From<Breakage> for No<E> {
    fn from(breakage: Breakage) -> Self {
        Self::Broken(breakage)
    }
}

/// What a call comes to.
pub(in crate::driver::http) fn outcome<R, E>(said: Result<R, No<E>>) -> Outcome<R, E> {
    match said {
        Ok(reply) => Outcome::Served(reply),
        Err(No::Refused(refusal)) => Outcome::Refused(refusal),
        Err(No::Broken(breakage)) => Outcome::Broken(breakage),
    }
}

impl Heard {
    /// Itself if the status is of the 2xx family; otherwise the refusal, told by a provider's rule.
    pub(in crate::driver::http) fn served_or<E>(
        &self,
        error: impl Fn(&Self) -> Result<E, Breakage>,
    ) -> Result<&Self, No<E>> {
        if self.is_success() {
            return Ok(self);
        }
        let error = error(self)?;
        Err(No::Refused(Refusal {
            status: self.status,
            error,
            retry_after: self.retry_after(),
        }))
    }
}
