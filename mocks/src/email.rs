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
