//! Gzip (RFC 1952) without compression: what clients of exports expect to unpack.

/// A file under way.
#[derive(Debug, Default)]
pub(super) struct Gzip {
    begun: bool,
    crc: Crc,
    length: u32,
}

/// Bytes in a stored block at most (RFC 1951, section 3.2.4).
const BLOCK: usize = u16::MAX as usize;

impl Gzip {
    /// What stands in the file for some more bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = self.header();
        self.crc.add(bytes);
        self.length = self.length.wrapping_add(bytes.len() as u32);
        for block in bytes.chunks(BLOCK) {
            put_block(&mut out, block, false);
        }
        out
    }

    /// The end of the file.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let mut out = self.header();
        put_block(&mut out, &[], true);
        out.extend(self.crc.value().to_le_bytes());
        out.extend(self.length.to_le_bytes());
        out
    }

    fn header(&mut self) -> Vec<u8> {
        if std::mem::replace(&mut self.begun, true) {
            Vec::new()
        } else {
            vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
        }
    }
}

fn put_block(out: &mut Vec<u8>, block: &[u8], last: bool) {
    let length = block.len() as u16;
    out.push(u8::from(last));
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(block);
}

/// CRC-32 (ISO 3309).
#[derive(Debug)]
struct Crc(u32);

impl Default for Crc {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Crc {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 >> 8) ^ TABLE[((self.0 ^ u32::from(*byte)) & 0xff) as usize];
        }
    }

    const fn value(&self) -> u32 {
        !self.0
    }
}

/// The remainder of each byte.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut rest = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            rest = if rest & 1 == 1 {
                rest >> 1 ^ 0xedb8_8320
            } else {
                rest >> 1
            };
            bit += 1;
        }
        table[byte] = rest;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_sum_is_the_standards() {
        let mut crc = Crc::default();
        crc.add(b"1234");
        crc.add(b"56789");
        assert_eq!(crc.value(), 0xcbf4_3926);
    }

    #[test]
    fn a_file_is_header_blocks_and_sums() {
        let mut gzip = Gzip::default();
        let mut file = gzip.write(b"abc");
        file.extend(gzip.write(&vec![b'x'; BLOCK + 1]));
        file.extend(gzip.finish());
        assert_eq!(file[..3], [0x1f, 0x8b, 8]);
        assert_eq!(file[10..18], [0, 3, 0, 0xfc, 0xff, b'a', b'b', b'c']);
        let length = (3 + BLOCK + 1) as u32;
        assert_eq!(file[file.len() - 4..], length.to_le_bytes());
    }
}
