//! What to say where the parser met something else than it could take.

use crate::literal;
use crate::syntax::token::{KEYWORDS, Token};

/// What the parser would have taken, in words for people.
pub(super) struct Expected {
    names: Vec<String>,
}

impl Expected {
    pub(super) fn new(expected: &[String]) -> Self {
        let mut names: Vec<String> = expected
            .iter()
            .map(|name| name.trim_matches('"').to_owned())
            .filter(|name| !name.starts_with("start "))
            .collect();
        // Where any name may stand, the keywords that could be one say nothing.
        if names.iter().any(|name| name == "identifier")
            && names.iter().any(|name| name == "forbid")
            && names.iter().any(|name| name == "many")
        {
            names.retain(|name| !KEYWORDS.contains(&name.as_str()) || !is_word(name));
        }
        // A mark may stand before nearly everything, and is hardly ever what was meant.
        if names.len() > 1 {
            names.retain(|name| name != "@");
        }
        names.sort_by_key(|name| match name.as_str() {
            "identifier" | "entity" | "text" => 0,
            name if is_word(name) => 1,
            _ => 2,
        });
        Self { names }
    }

    /// Whether these are all.
    pub(super) fn is(&self, names: &[&str]) -> bool {
        self.names == names
    }

    pub(super) fn takes(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// The keyword that a word is most like.
    pub(super) fn near(&self, found: &Token<'_>) -> Option<&str> {
        let text = found.to_string();
        let word = text.trim_matches('`');
        let keywords = self.names.iter().map(String::as_str);
        let keywords = keywords.filter(|name| is_word(name) || *name == "at most");
        match found {
            Token::Identifier(word) => literal::nearest(word, keywords),
            _ if is_word(word) => literal::nearest(word, keywords),
            _ => None,
        }
    }

    /// At most seven of them; nothing where that would say little.
    pub(super) fn shown(&self) -> String {
        if ["true", "false", "!"]
            .iter()
            .all(|word| self.names.iter().any(|name| name == word))
        {
            return "a condition or a value".to_owned();
        }
        let words: Vec<String> = self
            .names
            .iter()
            .map(|name| match name.as_str() {
                "identifier" => "a name".to_owned(),
                "entity" => "an entity".to_owned(),
                "text" => "a text".to_owned(),
                "integer" | "decimal" | "time" | "duration" => format!("a {name}"),
                sign => format!("`{sign}`"),
            })
            .collect();
        match words.as_slice() {
            [] => String::new(),
            [only] => only.clone(),
            [init @ .., last] if words.len() <= 12 => format!("{} or {last}", init.join(", ")),
            _ => String::new(),
        }
    }

    /// What to do, where a near keyword or a common mistake tells it.
    pub(super) fn help(&self, found: &Token<'_>) -> Option<String> {
        match found {
            // A name alone in a type's body: an attribute without a type, or an action without its comma.
            _ if self.names == [":", "?"] => {
                Some("write an attribute as `name: Type`, and put a `,` between actions".to_owned())
            }
            Token::AndAlso => Some("write `&&`".to_owned()),
            Token::Identifier("or") => Some("write `||`".to_owned()),
            Token::Identifier("not") => Some("write `!`".to_owned()),
            Token::Assign => Some("compare with `==`".to_owned()),
            Token::Pipe => Some("write `||` for \"or\"".to_owned()),
            Token::String(_) if self.takes("identifier") => {
                Some("names stand without quotes".to_owned())
            }
            _ if self.names == ["text"] => {
                Some("a text stands in double quotes: `\"…\"`".to_owned())
            }
            Token::If | Token::Identifier("where" | "provided") if self.takes("when") => {
                Some("a condition stands behind `when` or `unless`".to_owned())
            }
            Token::For if self.takes("to") => {
                Some("a rule for some subjects alone is written `… to User`".to_owned())
            }
            Token::Identifier("cant") if self.takes("cannot") => {
                Some("did you mean `cannot`?".to_owned())
            }
            Token::Within | Token::Identifier("inside" | "under") if self.takes("in") => {
                Some("write `in`".to_owned())
            }
            Token::Equal
            | Token::NotEqual
            | Token::Less
            | Token::LessEqual
            | Token::Greater
            | Token::GreaterEqual => {
                Some("comparisons do not chain: join two with `&&`".to_owned())
            }
            found => self
                .near(found)
                .map(|near| format!("did you mean `{near}`?")),
        }
    }
}

fn is_word(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_lowercase())
        && !matches!(
            name,
            "identifier" | "entity" | "text" | "integer" | "decimal" | "time" | "duration"
        )
}
