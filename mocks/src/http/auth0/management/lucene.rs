//! Searches in the part of Lucene's language that `search_engine=v3` takes: fields, phrases,
//! wildcards, ranges, `_exists_`, AND, OR, NOT and brackets.

/// A search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Query {
    /// Everything.
    All,
    /// All of these.
    And(Vec<Self>),
    /// One of these.
    Or(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// A field (none: any of the usual ones) that has a value that fits.
    Field(Option<String>, Test),
}

/// What a value must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// This, letter case aside; `*` stands for anything and `?` for one character if `wild`.
    Is { text: String, wild: bool },
    /// Anything at all.
    Exists,
    /// Between two texts, of which none means no bound; whether each bound counts is told with it.
    Between(Option<(String, bool)>, Option<(String, bool)>),
}

/// Brackets that may stand inside each other.
const DEPTH: u8 = 20;

/// A search that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadQuery(String);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Field(String),
    Text { text: String, quoted: bool },
    Range(Test),
}

/// Reads a search.
pub(super) fn parse(text: &str) -> Result<Query, BadQuery> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        place: 0,
    };
    if tokens.is_empty() {
        return Ok(Query::All);
    }
    let query = parser.or(DEPTH)?;
    match parser.peek() {
        None => Ok(query),
        Some(token) => Err(BadQuery(format!("unexpected {token:?}"))),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    place: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place)
    }

    fn next(&mut self) -> Option<&Token> {
        self.place += 1;
        self.tokens.get(self.place - 1)
    }

    fn or(&mut self, depth: u8) -> Result<Query, BadQuery> {
        let mut any = vec![self.and(depth)?];
        while self.peek() == Some(&Token::Or) {
            self.place += 1;
            any.push(self.and(depth)?);
        }
        Ok(one_or(any, Query::Or))
    }

    /// Terms side by side are all wanted, too (docs, user search query syntax).
    fn and(&mut self, depth: u8) -> Result<Query, BadQuery> {
        let mut all = vec![self.not(depth)?];
        loop {
            match self.peek() {
                Some(Token::And) => {
                    self.place += 1;
                    all.push(self.not(depth)?);
                }
                Some(Token::Or | Token::Close) | None => return Ok(one_or(all, Query::And)),
                Some(_) => all.push(self.not(depth)?),
            }
        }
    }

    fn not(&mut self, depth: u8) -> Result<Query, BadQuery> {
        let mut negated = false;
        while self.peek() == Some(&Token::Not) {
            self.place += 1;
            negated = !negated;
        }
        let term = self.term(depth)?;
        Ok(if negated {
            Query::Not(Box::new(term))
        } else {
            term
        })
    }

    fn term(&mut self, depth: u8) -> Result<Query, BadQuery> {
        match self.next().cloned() {
            Some(Token::Open) => self.group(depth, None),
            Some(Token::Field(name)) => match self.next().cloned() {
                Some(Token::Open) => self.group(depth, Some(&name)),
                Some(Token::Text { text, .. }) if name == "_exists_" => {
                    Ok(Query::Field(Some(text), Test::Exists))
                }
                Some(Token::Text { text, quoted }) => {
                    Ok(Query::Field(Some(name), is(text, quoted)))
                }
                Some(Token::Range(test)) => Ok(Query::Field(Some(name), test)),
                _ => Err(BadQuery(format!("`{name}:` has no value"))),
            },
            Some(Token::Text {
                text,
                quoted: false,
            }) if text == "*" => Ok(Query::All),
            Some(Token::Text { text, quoted }) => Ok(Query::Field(None, is(text, quoted))),
            Some(token) => Err(BadQuery(format!("unexpected {token:?}"))),
            None => Err(BadQuery("the query ends too early".to_owned())),
        }
    }

    fn group(&mut self, depth: u8, field: Option<&str>) -> Result<Query, BadQuery> {
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| BadQuery("too many brackets".to_owned()))?;
        let inner = self.or(depth)?;
        if self.next() != Some(&Token::Close) {
            return Err(BadQuery("a bracket is not closed".to_owned()));
        }
        Ok(match field {
            Some(field) => inner.within(field),
            None => inner,
        })
    }
}

impl Query {
    /// `field:(a OR b)`: the field of the terms that name none.
    fn within(self, field: &str) -> Self {
        let all = |many: Vec<Self>| many.into_iter().map(|one| one.within(field)).collect();
        match self {
            Self::And(many) => Self::And(all(many)),
            Self::Or(many) => Self::Or(all(many)),
            Self::Not(one) => Self::Not(Box::new(one.within(field))),
            Self::Field(None, test) => Self::Field(Some(field.to_owned()), test),
            other @ (Self::All | Self::Field(Some(_), _)) => other,
        }
    }

    /// Whether a record fits, of which `values` tells the values of a field (none: of any usual one).
    pub(super) fn fits(&self, values: &impl Fn(Option<&str>) -> Vec<String>) -> bool {
        match self {
            Self::All => true,
            Self::And(all) => all.iter().all(|query| query.fits(values)),
            Self::Or(any) => any.iter().any(|query| query.fits(values)),
            Self::Not(query) => !query.fits(values),
            Self::Field(name, test) => values(name.as_deref())
                .iter()
                .any(|value| test.passes(value)),
        }
    }

    /// The only value of a field that can fit, if the search asks for nothing else.
    pub(super) fn exact(&self, field: &str) -> Option<&str> {
        match self {
            Self::Field(Some(name), Test::Is { text, wild: false }) if name == field => Some(text),
            _ => None,
        }
    }
}

impl Test {
    fn passes(&self, value: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::Is { text, wild: false } => value.eq_ignore_ascii_case(text),
            Self::Is { text, wild: true } => glob(&text.to_lowercase(), &value.to_lowercase()),
            Self::Between(from, to) => {
                let above = from.as_ref().is_none_or(|(bound, counts)| {
                    let order = compare(value, bound);
                    order.is_gt() || (*counts && order.is_eq())
                });
                let below = to.as_ref().is_none_or(|(bound, counts)| {
                    let order = compare(value, bound);
                    order.is_lt() || (*counts && order.is_eq())
                });
                above && below
            }
        }
    }
}

/// Numbers are compared as such; anything else, times too, as text.
fn compare(a: &str, b: &str) -> std::cmp::Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        _ => a.cmp(b),
    }
}

/// Whether a text fits a pattern, in time that grows with their product at most.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, matched)) => {
                    star = Some((at, matched + 1));
                    p = at + 1;
                    t = matched + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

fn is(text: String, quoted: bool) -> Test {
    let wild = !quoted && text.contains(['*', '?']);
    Test::Is { text, wild }
}

fn one_or(mut many: Vec<Query>, all: impl FnOnce(Vec<Query>) -> Query) -> Query {
    match many.pop() {
        Some(only) if many.is_empty() => only,
        last => {
            many.extend(last);
            all(many)
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, BadQuery> {
    let mut rest = text.trim_start();
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let single = match first {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            '-' | '!' => Some(Token::Not),
            _ => None,
        };
        if first == '+' {
            // What must be there is wanted anyway.
            rest = rest[1..].trim_start();
            continue;
        }
        if let Some(token) = single {
            tokens.push(token);
            rest = rest[1..].trim_start();
            continue;
        }
        let (token, left) = match first {
            '"' => phrase(rest)?,
            '[' | '{' => range(rest)?,
            _ => word(rest)?,
        };
        tokens.push(token);
        rest = left.trim_start();
    }
    Ok(tokens)
}

/// `"a phrase"`, with `\"` inside it.
fn phrase(text: &str) -> Result<(Token, &str), BadQuery> {
    let mut said = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => {
                let token = Token::Text {
                    text: said,
                    quoted: true,
                };
                return Ok((token, &text[place + 1..]));
            }
            '\\' => said.extend(letters.next().map(|(_, letter)| letter)),
            _ => said.push(letter),
        }
    }
    Err(BadQuery("a quotation mark is not closed".to_owned()))
}

/// `[a TO b]`, `{a TO b}` and mixtures.
fn range(text: &str) -> Result<(Token, &str), BadQuery> {
    let bad = || BadQuery("a range must look like [from TO until]".to_owned());
    let end = text.find([']', '}']).ok_or_else(bad)?;
    let (from, until) = text[1..end].split_once(" TO ").ok_or_else(bad)?;
    let bound = |text: &str, counts| {
        let text = text.trim().trim_matches('"');
        (text != "*").then(|| (text.to_owned(), counts))
    };
    let test = Test::Between(
        bound(from, text.starts_with('[')),
        bound(until, text[end..].starts_with(']')),
    );
    Ok((Token::Range(test), &text[end + 1..]))
}

/// A word: a field's name if a colon ends it, an operator, or a value.
fn word(text: &str) -> Result<(Token, &str), BadQuery> {
    let mut said = String::new();
    let mut end = text.len();
    let mut letters = text.char_indices();
    while let Some((place, letter)) = letters.next() {
        match letter {
            ':' if said.is_empty() => {
                return Err(BadQuery("a colon has no field before it".to_owned()));
            }
            ':' => {
                return Ok((Token::Field(said), &text[place + 1..]));
            }
            '\\' => said.extend(letters.next().map(|(_, letter)| letter)),
            '(' | ')' | '"' => {
                end = place;
                break;
            }
            letter if letter.is_whitespace() => {
                end = place;
                break;
            }
            _ => said.push(letter),
        }
    }
    if said.is_empty() {
        return Err(BadQuery(format!("cannot read `{text}`")));
    }
    let token = match said.as_str() {
        "AND" | "&&" => Token::And,
        "OR" | "||" => Token::Or,
        "NOT" => Token::Not,
        _ => Token::Text {
            text: said,
            quoted: false,
        },
    };
    Ok((token, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(query: &str) -> bool {
        let values = |field: Option<&str>| -> Vec<String> {
            let texts: &[&str] = match field {
                Some("email") => &["Ada@home.example"],
                Some("identities.connection") => &["google-oauth2", "email"],
                Some("logins_count") => &["12"],
                Some("created_at") => &["2026-03-02T00:00:00.000Z"],
                Some("name") | None => &["Ada Lovelace"],
                Some(_) => &[],
            };
            texts.iter().map(|text| (*text).to_owned()).collect()
        };
        parse(query).unwrap().fits(&values)
    }

    #[test]
    fn what_people_search_for_is_found() {
        for query in [
            "",
            "*",
            r#"email:"ada@home.example""#,
            "email:ada@home.example",
            "email:*@home.example",
            "name:ada*",
            r#"name:"ada lovelace""#,
            "identities.connection:email",
            r#"email:"x" OR name:*lace"#,
            "name:ada* AND NOT email:x",
            "name:ada* -email:x",
            "(email:x OR email:ada*) AND _exists_:name",
            "email:(x OR ada*)",
            "logins_count:[10 TO *]",
            "logins_count:{11 TO 13}",
            "created_at:[2026-03-01 TO 2026-04-01]",
            "NOT _exists_:nickname",
            "ada*",
        ] {
            assert!(found(query), "{query}");
        }
        for query in [
            "email:x",
            r#"email:"ada*""#,
            "name:ada* AND email:x",
            "logins_count:{12 TO *}",
            "_exists_:nickname",
            "NOT name:ada*",
        ] {
            assert!(!found(query), "{query}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for query in [
            "email:",
            "(",
            "a AND",
            ")",
            "x:[1 2]",
            "\"open",
            ":x",
            "a OR OR b",
        ] {
            assert!(parse(query).is_err(), "{query}");
        }
        assert!(parse(&"(".repeat(10_000)).is_err());
        assert_eq!(
            parse(r#"email:"a@b.c""#).unwrap().exact("email"),
            Some("a@b.c")
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(query in ".{0,60}") {
            if let Ok(query) = parse(&query) {
                query.fits(&|_| vec!["some value".to_owned()]);
            }
        }
    }
}
