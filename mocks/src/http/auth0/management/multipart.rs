//! Forms with files (RFC 7578), as bulk imports come in.

/// A part of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// The field's name.
    pub(super) name: &'a str,
    /// What it holds.
    pub(super) content: &'a [u8],
}

/// The parts of a body whose `Content-Type` is this; none if it is no such form.
pub(super) fn parts<'a>(kind: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let mut fields = kind.split(';').map(str::trim);
    fields
        .next()?
        .eq_ignore_ascii_case("multipart/form-data")
        .then_some(())?;
    let boundary = fields.find_map(|field| {
        let (name, value) = field.split_once('=')?;
        name.eq_ignore_ascii_case("boundary")
            .then(|| value.trim_matches('"'))
    })?;
    let mark = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut rest = after(body, mark.as_bytes())?;
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = find(part, format!("\r\n{mark}").as_bytes())?;
        parts.extend(part_of(&part[..end]));
        rest = &part[end + 2 + mark.len()..];
    }
    rest.starts_with(b"--").then_some(parts)
}

fn part_of(part: &[u8]) -> Option<Part<'_>> {
    let end = find(part, b"\r\n\r\n")?;
    let headers = std::str::from_utf8(&part[..end]).ok()?;
    let disposition = headers.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    let name = disposition.split(';').find_map(|field| {
        let (name, value) = field.trim().split_once('=')?;
        (name == "name").then(|| value.trim_matches('"'))
    })?;
    Some(Part {
        name,
        content: &part[end + 4..],
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

fn after<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    Some(&text[find(text, mark)? + mark.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KIND: &str = "multipart/form-data; boundary=\"xYz\"";

    #[test]
    fn parts_are_cut_out() {
        let body = "--xYz\r\nContent-Disposition: form-data; name=\"users\"; filename=\"u.json\"\r\nContent-Type: application/json\r\n\r\n[1,\r\n2]\r\n--xYz\r\ncontent-disposition: form-data; name=upsert\r\n\r\ntrue\r\n--xYz--\r\n";
        let parts = parts(KIND, body.as_bytes()).unwrap();
        let told: Vec<_> = parts
            .iter()
            .map(|part| (part.name, std::str::from_utf8(part.content).unwrap()))
            .collect();
        assert_eq!(told, [("users", "[1,\r\n2]"), ("upsert", "true")]);
    }

    #[test]
    fn what_is_no_form_has_no_parts() {
        assert_eq!(parts("application/json", b"{}"), None);
        assert_eq!(parts("multipart/form-data", b""), None);
        assert_eq!(parts(KIND, b"--xYz\r\nno end"), None);
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body: Vec<u8>) {
            let mut whole = b"--xYz\r\n".to_vec();
            whole.extend(body);
            parts(KIND, &whole);
        }
    }
}
