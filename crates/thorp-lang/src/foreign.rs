//! Scripts as a Compartment takes them: it refuses text that looks like `import(`, a direct `eval(` or an HTML comment,
//! also where that is only part of a string. Here such places are written in another way that means the same.

use oxc::allocator::Allocator;
use oxc::ast::AstKind;
use oxc::ast::ast::{Expression, Program};
use oxc::ast_visit::Visit;
use oxc::parser::Parser;
use oxc::span::{GetSpan, SourceType, Span};

/// Why a script cannot be written so that a Compartment takes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotForeign {
    /// It is no script.
    #[error("it is not a script: {0}")]
    Syntax(String),
    /// It has what has no other way to be written.
    #[error("line {line}: imported code cannot have `{found}` here")]
    Refused {
        /// What it has.
        found: &'static str,
        /// Where, from one.
        line: usize,
    },
}

/// Writes a script, which a bundler made, so that a Compartment takes it.
///
/// # Errors
/// If it does not parse, or has a dynamic import, or one of the refused words where only a name can be.
pub fn for_compartment(script: &str) -> Result<String, NotForeign> {
    let triggers = triggers(script);
    if triggers.is_empty() {
        return Ok(script.to_owned());
    }
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, script, SourceType::script()).parse();
    if let Some(error) = parsed.diagnostics.first() {
        return Err(NotForeign::Syntax(error.to_string()));
    }
    let places = Places::of(&parsed.program);
    let mut written = String::with_capacity(script.len() + 64);
    let mut at = 0;
    for trigger in triggers {
        let (from, to, text) = places.change(script, trigger)?;
        written.push_str(&script[at..from]);
        written.push_str(text);
        at = to;
    }
    written.push_str(&script[at..]);
    Ok(written)
}

/// What is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Open,
    Close,
    Import,
    Eval,
}

impl Word {
    const ALL: [Self; 4] = [Self::Open, Self::Close, Self::Import, Self::Eval];

    fn text(self) -> &'static str {
        match self {
            Self::Open => "<!--",
            Self::Close => "-->",
            Self::Import => "import",
            Self::Eval => "eval",
        }
    }

    fn shown(self) -> &'static str {
        match self {
            Self::Import => "import(",
            Self::Eval => "eval(",
            Self::Open | Self::Close => self.text(),
        }
    }

    /// The character that is written otherwise, as its place in the word and its two other ways: one that means the same
    /// in any literal, and one for a comment.
    fn other(self) -> (usize, &'static str, &'static str) {
        match self {
            Self::Open => (3, "\\x2d", "_"),
            Self::Close => (2, "\\x3e", "_"),
            Self::Import => (1, "\\x6d", "_"),
            Self::Eval => (1, "\\x76", "_"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Trigger {
    at: usize,
    word: Word,
}

/// Where a Compartment would refuse the text, in order.
fn triggers(script: &str) -> Vec<Trigger> {
    let of = |word: Word| {
        let places = script.match_indices(word.text());
        let places = places.filter(move |(at, _)| is_refused(script, *at, word));
        places.map(move |(at, _)| Trigger { at, word })
    };
    let mut all: Vec<Trigger> = Word::ALL.into_iter().flat_map(of).collect();
    all.sort_by_key(|trigger| trigger.at);
    // `<!-->` is one place.
    all.dedup_by(|next, one| next.at < one.at + one.word.text().len());
    all
}

fn is_refused(script: &str, at: usize, word: Word) -> bool {
    if matches!(word, Word::Open | Word::Close) {
        return true;
    }
    let before = &script[..at];
    let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let is_name = before.ends_with(is_part);
    let is_member = before.ends_with('.') && !before.ends_with("...");
    let after = script[at + word.text().len()..].trim_start_matches(is_space);
    let is_called = after.starts_with('(')
        || (word == Word::Import && (after.starts_with("//") || after.starts_with("/*")));
    !is_name && !is_member && is_called
}

/// What a regular expression takes for space.
fn is_space(char: char) -> bool {
    char.is_whitespace() || char == '\u{feff}'
}

/// Where in a script is what.
#[derive(Default)]
struct Places {
    literals: Vec<Span>,
    tagged: Vec<Span>,
    comments: Vec<Span>,
    /// Names of methods and properties.
    names: Vec<Span>,
    /// The name in a direct `eval`.
    evals: Vec<Span>,
}

impl<'a> Visit<'a> for Places {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::StringLiteral(_)
            | AstKind::TemplateElement(_)
            | AstKind::RegExpLiteral(_)
            | AstKind::Directive(_) => self.literals.push(kind.span()),
            AstKind::TaggedTemplateExpression(tagged) => self
                .tagged
                .extend(tagged.quasi.quasis.iter().map(GetSpan::span)),
            AstKind::ObjectProperty(property) if !property.computed => {
                self.names.push(property.key.span());
            }
            AstKind::MethodDefinition(method) if !method.computed => {
                self.names.push(method.key.span());
            }
            AstKind::CallExpression(call) => {
                if let Expression::Identifier(name) = &call.callee {
                    self.evals.push(name.span);
                }
            }
            _ => {}
        }
    }
}

impl Places {
    fn of(program: &Program<'_>) -> Self {
        let mut places = Self::default();
        places.visit_program(program);
        places.comments = program
            .comments
            .iter()
            .map(|comment| comment.span)
            .collect();
        let all = [
            &mut places.literals,
            &mut places.tagged,
            &mut places.comments,
            &mut places.names,
            &mut places.evals,
        ];
        for spans in all {
            spans.sort_unstable_by_key(|span| span.start);
        }
        places
    }

    /// What is written in the place of what.
    fn change(
        &self,
        script: &str,
        trigger: Trigger,
    ) -> Result<(usize, usize, &'static str), NotForeign> {
        let Trigger { at, word } = trigger;
        let (offset, in_literal, in_comment) = word.other();
        let char = at + offset;
        if let Some(comment) = around(&self.comments, at) {
            // What it begins with makes it one.
            return if comment.start as usize == at {
                Err(refused(script, trigger))
            } else {
                Ok((char, char + 1, in_comment))
            };
        }
        if around(&self.tagged, at).is_some() {
            return Err(refused(script, trigger));
        }
        if around(&self.literals, at).is_some() {
            return Ok((char, char + 1, in_literal));
        }
        self.change_of_code(script, trigger)
    }

    fn change_of_code(
        &self,
        script: &str,
        trigger: Trigger,
    ) -> Result<(usize, usize, &'static str), NotForeign> {
        let Trigger { at, word } = trigger;
        let end = at + word.text().len();
        let is = |spans: &[Span]| around(spans, at).is_some_and(|span| span.start as usize == at);
        match word {
            // Two operators beside each other.
            Word::Close => Ok((at + 2, at + 2, " ")),
            Word::Import if is(&self.names) => Ok((at, end, "\"import\"")),
            Word::Eval if is(&self.names) => Ok((at, end, "\"eval\"")),
            Word::Eval if is(&self.evals) => Ok((at, end, "(0,eval)")),
            Word::Open | Word::Import | Word::Eval => Err(refused(script, trigger)),
        }
    }
}

/// The span that a place lies in, of spans that do not overlap.
fn around(spans: &[Span], at: usize) -> Option<Span> {
    let next = spans.partition_point(|span| span.start as usize <= at);
    let span = *spans.get(next.checked_sub(1)?)?;
    (at < span.end as usize).then_some(span)
}

fn refused(script: &str, trigger: Trigger) -> NotForeign {
    NotForeign::Refused {
        found: trigger.word.shown(),
        line: script[..trigger.at].matches('\n').count() + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{NotForeign, for_compartment, triggers};

    fn check(script: &str, expected: &str) {
        let written = for_compartment(script).unwrap();
        assert_eq!(written, expected);
        assert!(triggers(&written).is_empty(), "{written}");
    }

    #[test]
    fn literals_mean_the_same_in_another_way() {
        check("var a='<!-- x -->'", r"var a='<!-\x2d x --\x3e'");
        check(r"var a='\<!--'", r"var a='\<!-\x2d'");
        check("var a=\"import('x')\"", "var a=\"i\\x6dport('x')\"");
        check("var a=`eval(${1}) -->`", "var a=`e\\x76al(${1}) --\\x3e`");
        check(r"var a=/(?<!--)[!-->]/", r"var a=/(?<!-\x2d)[!--\x3e]/");
        check("'use eval(';var a", r"'use e\x76al(';var a");
    }

    #[test]
    fn code_means_the_same_in_another_way() {
        check("while(i-->0);", "while(i-- >0);");
        check("x=eval(a)", "x=(0,eval)(a)");
        check(
            "x={eval(a){},async import(){}}",
            "x={\"eval\"(a){},async \"import\"(){}}",
        );
        check(
            "class A{static import(){}}",
            "class A{static \"import\"(){}}",
        );
        check("/* import(x) --> */x", "/* i_port(x) --_ */x");
    }

    #[test]
    fn what_is_not_refused_stays() {
        for script in [
            "a.import(1);a.eval(2)",
            "evaluate(1);important(2);_import(3)",
            "var a='import x from y'",
            "var a=b-- > c",
            "no script at all (",
        ] {
            assert_eq!(for_compartment(script).unwrap(), script);
        }
    }

    #[test]
    fn what_has_no_other_way_is_refused() {
        for (script, found, line) in [
            ("x;\nimport('a')", "import(", 2),
            ("x`<!--`", "<!--", 1),
            ("class A{#eval(){}}", "eval(", 1),
            ("$eval(1)", "eval(", 1),
        ] {
            assert_eq!(
                for_compartment(script),
                Err(NotForeign::Refused { found, line })
            );
        }
        let NotForeign::Syntax(_) = for_compartment("eval(").unwrap_err() else {
            panic!("it is no script");
        };
    }
}
