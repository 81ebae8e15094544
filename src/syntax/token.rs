//! The one lexer, shared by policies, worlds and single expressions.

use std::fmt;

use logos::Logos;

macro_rules! tokens {
    ($($text:literal => $name:ident,)*) => {
        /// A token. Comments are kept beside the tokens, see [`super::lex`].
        #[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
        #[logos(skip r"[ \t\r\n\f]+")]
        pub enum Token<'s> {
            $(#[token($text)] $name,)*

            /// A word that is no keyword.
            #[regex(r"[A-Za-z_][A-Za-z0-9_]*")]
            Identifier(&'s str),
            /// A type and an id without space between: `User:alice`, `User:"a b"`.
            #[regex(r#"[A-Z][A-Za-z0-9_]*:([A-Za-z0-9_]([A-Za-z0-9_.@+\-]|/[A-Za-z0-9_])*|"([^"\\\n]|\\[^\n])*")"#)]
            Entity(&'s str),
            /// A text in quotes, escapes not yet read.
            #[regex(r#""([^"\\\n]|\\[^\n])*""#)]
            String(&'s str),
            /// A text whose closing quote is missing.
            #[regex(r#""([^"\\\n]|\\[^\n])*\\?"#, priority = 1)]
            UnclosedString(&'s str),
            /// A text in quotes of the wrong kind.
            #[regex(r"'[^'\n]*'")]
            SingleQuoted(&'s str),
            /// A whole number.
            #[regex(r"[0-9][0-9_]*")]
            Int(&'s str),
            /// A number with a fraction.
            #[regex(r"[0-9][0-9_]*\.[0-9]+")]
            Decimal(&'s str),
            /// A day or a moment: `2026-12-31`, `2026-12-31T00:00:00Z`.
            #[regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?")]
            Datetime(&'s str),
            /// A length of time: `72h`, `30d`, `500ms`.
            #[regex(r"[0-9][0-9_]*(ms|s|m|h|d|w)")]
            Duration(&'s str),
            /// `// …`, and `/// …`, which documents what follows.
            #[regex(r"//[^\n]*", allow_greedy = true)]
            Comment(&'s str),

            /// `at` and `most`, put together by the lexer: `at` alone may be a name.
            AtMost,
            /// Anything that no token begins with; reported by the lexer.
            Invalid,
            /// Makes the parser read a policy file. The lexer never yields it.
            StartPolicy,
            /// Makes the parser read a world file. The lexer never yields it.
            StartWorld,
            /// Makes the parser read one condition. The lexer never yields it.
            StartCondition,
        }

        /// Every keyword and sign, for suggestions.
        pub const KEYWORDS: &[&str] = &[$($text),*];

        impl fmt::Display for Token<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name => write!(f, "`{}`", $text),)*
                    Self::Identifier(text) | Self::Entity(text) | Self::Int(text)
                    | Self::Decimal(text) | Self::Datetime(text) | Self::Duration(text) => {
                        write!(f, "`{text}`")
                    }
                    Self::String(_) | Self::UnclosedString(_) | Self::SingleQuoted(_) => {
                        f.write_str("a text")
                    }
                    Self::Comment(_) => f.write_str("a comment"),
                    Self::AtMost => f.write_str("`at most`"),
                    Self::Invalid => f.write_str("an unknown character"),
                    Self::StartPolicy | Self::StartWorld | Self::StartCondition => {
                        f.write_str("the beginning of the file")
                    }
                }
            }
        }
    };
}

tokens! {
    "use" => Use,
    "context" => Context,
    "subject" => Subject,
    "scope" => Scope,
    "resource" => Resource,
    "of" => Of,
    "in" => In,
    "many" => Many,
    "relation" => Relation,
    "actions" => Actions,
    "role" => Role,
    "sees" => Sees,
    "see" => See,
    "can" => Can,
    "cannot" => Cannot,
    "includes" => Includes,
    "also" => Also,
    "and" => AndAlso,
    "requires" => Requires,
    "for" => For,
    "visible" => Visible,
    "by" => By,
    "overrides" => Overrides,
    "custom" => Custom,
    "roles" => Roles,
    "from" => From,
    "acts" => Acts,
    "within" => Within,
    "only" => Only,
    "no" => No,
    "refused" => Refused,
    "share" => Share,
    "with" => With,
    "level" => Level,
    "permissions" => Permissions,
    "except" => Except,
    "permit" => Permit,
    "forbid" => Forbid,
    "reveal" => Reveal,
    "hide" => Hide,
    "to" => To,
    "when" => When,
    "unless" => Unless,
    "test" => Test,
    "expect" => Expect,
    "on" => On,
    "at" => At,
    "until" => Until,
    "remove" => Remove,
    "anyone" => Anyone,
    "is" => Is,
    "has" => Has,
    "like" => Like,
    "if" => If,
    "then" => Then,
    "else" => Else,
    "true" => True,
    "false" => False,
    "{" => OpenBrace,
    "}" => CloseBrace,
    "(" => OpenParen,
    ")" => CloseParen,
    "[" => OpenBracket,
    "]" => CloseBracket,
    "," => Comma,
    "." => Dot,
    ":" => Colon,
    "#" => Hash,
    "?" => Question,
    "|" => Pipe,
    "@" => Annotation,
    "*" => Star,
    "+" => Plus,
    "-" => Minus,
    "=" => Assign,
    "==" => Equal,
    "!=" => NotEqual,
    "<" => Less,
    "<=" => LessEqual,
    ">" => Greater,
    ">=" => GreaterEqual,
    "&&" => And,
    "||" => Or,
    "!" => Not,
}
