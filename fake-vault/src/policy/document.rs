//! Reads a policy: the blocks `path "…" { capabilities = […] }` of HCL. The `hcl` crates read version 2 of the language and
//! report errors in other words than the server, which still uses version 1.

use crate::go_duration;
use serde::{Deserialize, Serialize};

/// A policy's rules.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) rules: Vec<Rule>,
}

/// What one path pattern allows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) pattern: String,
    pub(crate) capabilities: Vec<String>,
    /// In seconds; replies must be wrapped when it is given.
    pub(crate) min_wrapping_ttl: Option<i64>,
    pub(crate) max_wrapping_ttl: Option<i64>,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
    End,
}

/// Reads a document; the error is what follows `failed to parse policy: `.
pub(crate) fn parse(text: &str) -> Result<Document, String> {
    let tokens = tokens(text)?;
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
        text,
    };
    let mut document = Document::default();
    while *reader.peek() != Token::End {
        document.rules.push(reader.rule()?);
    }
    Ok(document)
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    text: &'a str,
}

impl Reader<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn rule(&mut self) -> Result<Rule, String> {
        let mut rule = Rule::default();
        match self.next() {
            Token::Word(word) if word == "path" => {}
            other => return Err(format!("unexpected {other:?} instead of a path")),
        }
        if let Token::Text(pattern) = self.peek() {
            rule.pattern = pattern.trim_start_matches('/').to_owned();
            self.at += 1;
        }
        self.sign('{')?;
        loop {
            match self.next() {
                Token::Sign('}') => return Ok(rule),
                Token::Word(key) => self.setting(&key, &mut rule)?,
                Token::End => return Err(self.unclosed()),
                other => return Err(format!("unexpected {other:?} in a path")),
            }
        }
    }

    fn setting(&mut self, key: &str, rule: &mut Rule) -> Result<(), String> {
        self.sign('=')?;
        match key {
            "capabilities" => {
                self.sign('[')?;
                loop {
                    match self.next() {
                        Token::Sign(']') => return Ok(()),
                        Token::Sign(',') => {}
                        Token::Text(capability) => rule.capabilities.push(capability),
                        Token::End => return Err(self.unclosed()),
                        other => return Err(format!("unexpected {other:?} in a list")),
                    }
                }
            }
            "min_wrapping_ttl" => rule.min_wrapping_ttl = Some(self.seconds()?),
            "max_wrapping_ttl" => rule.max_wrapping_ttl = Some(self.seconds()?),
            other => return Err(format!("invalid key {}", go_duration::quoted(other))),
        }
        Ok(())
    }

    fn seconds(&mut self) -> Result<i64, String> {
        match self.next() {
            Token::Text(text) | Token::Word(text) => go_duration::parse(&text),
            other => Err(format!("unexpected {other:?} instead of a duration")),
        }
    }

    fn sign(&mut self, sign: char) -> Result<(), String> {
        match self.next() {
            Token::Sign(found) if found == sign => Ok(()),
            Token::End => Err(self.unclosed()),
            other => Err(format!("unexpected {other:?} instead of {sign}")),
        }
    }

    /// The position that the server reports is one behind the end.
    fn unclosed(&self) -> String {
        let line = self.text.lines().count().max(1);
        let column = self.text.lines().last().map_or(0, str::len) + 2;
        format!("At {line}:{column}: object expected closing RBRACE got: EOF")
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '#' => while characters.next().is_some_and(|c| c != '\n') {},
            '"' => {
                let mut content = String::new();
                loop {
                    match characters.next() {
                        Some('"') => break,
                        Some(c) => content.push(c),
                        None => return Err("literal not terminated".to_owned()),
                    }
                }
                tokens.push(Token::Text(content));
            }
            c if c.is_whitespace() => {}
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = String::from(c);
                while let Some(c) = characters.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
            sign => tokens.push(Token::Sign(sign)),
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_with_comments_and_wrapping_limits_are_read() {
        let text = "# a\npath \"a/*\" { capabilities = [\"read\", \"list\"] } # b\npath \"b\" {\n  min_wrapping_ttl = \"1s\"\n  max_wrapping_ttl = 300\n}\n";
        let document = parse(text).unwrap();
        assert_eq!(document.rules[0].capabilities, ["read", "list"]);
        assert_eq!(document.rules[1].min_wrapping_ttl, Some(1));
        assert_eq!(document.rules[1].max_wrapping_ttl, Some(300));
        let error = parse("path {").unwrap_err();
        assert_eq!(error, "At 1:8: object expected closing RBRACE got: EOF");
    }
}
