//! As much of CBOR (RFC 8949) as authenticators write: definite lengths, no floats, no tags.

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A whole number.
    Number(i64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// Pairs, in their order.
    Map(Vec<(Self, Self)>),
    /// True, false, null or undefined.
    Simple(u8),
}

/// Items lie in each other at most this deep: authenticators need three.
const DEEPEST: u8 = 8;

impl Item {
    /// The first item, and what follows it; none: it is none of these.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        Self::at(bytes, DEEPEST)
    }

    fn at(bytes: &[u8], deeper: u8) -> Option<(Self, &[u8])> {
        let deeper = deeper.checked_sub(1)?;
        let (first, rest) = bytes.split_first()?;
        let (kind, short) = (first >> 5, first & 31);
        let (value, rest) = match short {
            0..=23 => (u64::from(short), rest),
            24..=27 => {
                let (number, rest) = rest.split_at_checked(1 << (short - 24))?;
                let number = number.iter();
                (
                    number.fold(0, |all, byte| all << 8 | u64::from(*byte)),
                    rest,
                )
            }
            _ => return None,
        };
        let number = i64::try_from(value).ok()?;
        match kind {
            0 => Some((Self::Number(number), rest)),
            1 => Some((Self::Number(-1 - number), rest)),
            2 | 3 => {
                let (bytes, rest) = rest.split_at_checked(usize::try_from(value).ok()?)?;
                let item = if kind == 2 {
                    Self::Bytes(bytes.to_vec())
                } else {
                    Self::Text(String::from_utf8(bytes.to_vec()).ok()?)
                };
                Some((item, rest))
            }
            4 => {
                let (mut items, mut rest) = (Vec::new(), rest);
                for _ in 0..value {
                    let (item, after) = Self::at(rest, deeper)?;
                    items.push(item);
                    rest = after;
                }
                Some((Self::List(items), rest))
            }
            5 => {
                let (mut pairs, mut rest) = (Vec::new(), rest);
                for _ in 0..value {
                    let (key, after) = Self::at(rest, deeper)?;
                    let (item, after) = Self::at(after, deeper)?;
                    pairs.push((key, item));
                    rest = after;
                }
                Some((Self::Map(pairs), rest))
            }
            7 if short < 24 => Some((Self::Simple(short), rest)),
            _ => None,
        }
    }

    /// What a map has under a key.
    pub(super) fn get(&self, key: &Self) -> Option<&Self> {
        match self {
            Self::Map(pairs) => pairs.iter().find(|(known, _)| known == key).map(|it| &it.1),
            _ => None,
        }
    }

    /// Its bytes, if it is bytes.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn items_of_each_kind_are_read() {
        let bytes = [
            0xa3, 0x01, 0x02, 0x20, 0x42, 0xca, 0xfe, 0x61, b'k', 0x82, 0x19, 0x01, 0x00, 0xf6,
            0x07,
        ];
        let (item, rest) = Item::read(&bytes).expect("it is well formed");
        assert_eq!(item.get(&Item::Number(1)), Some(&Item::Number(2)));
        let key = item.get(&Item::Number(-1)).and_then(Item::bytes);
        assert_eq!(key, Some(&[0xca, 0xfe][..]));
        let list = Item::List(vec![Item::Number(256), Item::Simple(22)]);
        assert_eq!(item.get(&Item::Text("k".to_owned())), Some(&list));
        assert_eq!(rest, [0x07]);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Item::read(&bytes);
        }
    }

    #[test]
    fn nobody_nests_the_reader_to_death() {
        assert_eq!(Item::read(&vec![0x81; 100_000]), None);
        assert_eq!(
            Item::read(&[0x9b, 255, 255, 255, 255, 255, 255, 255, 255]),
            None
        );
    }
}
