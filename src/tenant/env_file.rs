//! Files of settings: `NAME=value` lines, read to the letter. Nothing is substituted, as secrets may
//! hold any sign; problems are told by their line, never by its text.

use std::collections::BTreeMap;

/// Reads the settings of a file's text. The problem says its line, from 1.
pub(super) fn read(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut settings = BTreeMap::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let told = |why: &str| format!("line {} {why}", number + 1);
        let (name, value) = setting(line).map_err(told)?;
        if settings.insert(name.to_owned(), value).is_some() {
            return Err(told(&format!("sets {name} a second time")));
        }
    }
    Ok(settings)
}

fn setting(line: &str) -> Result<(&str, String), &'static str> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=').ok_or("is not NAME=value")?;
    let name = name.trim();
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(letters) {
        return Err("is not NAME=value");
    }
    Ok((name, unquoted(value.trim())?))
}

/// A value without its quotes, or up to a comment.
fn unquoted(value: &str) -> Result<String, &'static str> {
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let end = value.find(" #").or(value.find("\t#"));
        return Ok(value[..end.unwrap_or(value.len())].trim_end().to_owned());
    };
    let mut inner = String::new();
    let mut rest = value[1..].chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' if quote == '"' => match rest.next() {
                Some(c @ ('"' | '\\')) => inner.push(c),
                Some(c) => inner.extend(['\\', c]),
                None => break,
            },
            c if c == quote => {
                let rest = rest.as_str().trim_start();
                return if rest.is_empty() || rest.starts_with('#') {
                    Ok(inner)
                } else {
                    Err("goes on after the closing quote")
                };
            }
            c => inner.push(c),
        }
    }
    Err("has no closing quote")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_to_the_letter() {
        let text = "\u{feff}# of the test project\r\nA=plain$HOME${B}\\n#x \r\n export B = 'in $HOME \"quotes\"' # why\n\n\
                    C=\"with \\\"quotes\\\" and \\\\ \\n\"\nD=\nE=with=signs==\t# note\n";
        let read = read(text).unwrap();
        let values: Vec<&str> = read.values().map(String::as_str).collect();
        assert_eq!(
            values,
            [
                "plain$HOME${B}\\n#x",
                "in $HOME \"quotes\"",
                "with \"quotes\" and \\ \\n",
                "",
                "with=signs==",
            ]
        );
    }

    #[test]
    fn problems_are_told_by_their_line_without_its_text() {
        for (text, told) in [
            ("A=b\nhush hush", "line 2 is not NAME=value"),
            ("# x\n=hush", "line 2 is not NAME=value"),
            ("A B=hush", "line 1 is not NAME=value"),
            ("A='hush", "line 1 has no closing quote"),
            ("A=\"hush\\", "line 1 has no closing quote"),
            ("A='hush' hush", "line 1 goes on after the closing quote"),
            ("A=hush\nA=hush", "line 2 sets A a second time"),
        ] {
            assert_eq!(read(text).unwrap_err(), told);
        }
    }
}
