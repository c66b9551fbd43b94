//! E-mail addresses as handles, so that machines compare numbers and only codecs see text.

/// An address. Two addresses that differ only in letter case share a `mailbox` and differ in
/// `spelling`; any other difference (a plus tag, a dot, another domain) is another mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email {
    /// The address with letter case folded away.
    pub mailbox: u32,
    /// Which of the mailbox's spellings this is; 0 is all lower case.
    pub spelling: u8,
}

impl Email {
    /// The lower-case spelling of a mailbox.
    pub const fn lower(mailbox: u32) -> Self {
        Self {
            mailbox,
            spelling: 0,
        }
    }
}

/// A mailbox changes hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Somebody has it from now on, beside whoever else has it.
    Gained(u32),
    /// One of those who had it has it no longer.
    Lost(u32),
}

/// Which mailboxes have changed hands, for whoever keeps their texts; written down once somebody asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moves(Option<Vec<Move>>);

impl Moves {
    /// Begins to write down, with what people have at this moment.
    pub(crate) fn watch(&mut self, held: impl Iterator<Item = u32>) {
        self.0 = Some(held.map(Move::Gained).collect());
    }

    pub(crate) fn note(&mut self, change: Move) {
        if let Some(moves) = &mut self.0 {
            moves.push(change);
        }
    }

    /// What has changed since this was last asked.
    pub(crate) fn take(&mut self) -> Vec<Move> {
        self.0.as_mut().map(std::mem::take).unwrap_or_default()
    }
}
