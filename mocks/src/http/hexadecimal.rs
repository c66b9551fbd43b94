//! Numbers in hexadecimal digits: answers are full of them, and the formatter takes ten times as long.

/// The lowest digits of a number, all of them that there is room for.
pub(super) fn digits<const N: usize>(number: u128) -> [u8; N] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut rest = number;
    let mut text = [0; N];
    for digit in text.iter_mut().rev() {
        *digit = DIGITS[(rest & 15) as usize];
        rest >>= 4;
    }
    text
}

/// Writes them behind a text.
pub(super) fn push<const N: usize>(text: &mut String, number: u128) {
    let digits = digits::<N>(number);
    text.push_str(str::from_utf8(&digits).expect("digits are text"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_what_the_formatter_writes(number: u128) {
            let mut text = String::from("-");
            push::<32>(&mut text, number);
            prop_assert_eq!(text, format!("-{number:032x}"));
            let low = format!("{:08x}", number as u32);
            prop_assert_eq!(&digits::<8>(number)[..], low.as_bytes());
        }
    }
}
