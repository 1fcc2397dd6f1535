//! SPDX licence expressions: whether one can be satisfied with the licences that are allowed.

/// Whether `expression` can be satisfied by `allowed`. An exception (`WITH`) belongs to its licence: the pair must be
/// allowed as written. A text that is no expression is not satisfied.
pub(super) fn is_satisfied(expression: &str, allowed: &[&str]) -> bool {
    let tokens = tokens(expression);
    let mut parser = Parser {
        tokens: &tokens,
        allowed,
    };
    parser
        .either()
        .is_some_and(|satisfied| satisfied && parser.tokens.is_empty())
}

/// Words and parentheses. A slash is how crates wrote `OR` before there was a rule for it.
fn tokens(expression: &str) -> Vec<String> {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    spaced.split_whitespace().map(String::from).collect()
}

/// One function for each level of the grammar; `None` where the text doesn't follow it.
struct Parser<'a> {
    tokens: &'a [String],
    allowed: &'a [&'a str],
}

impl Parser<'_> {
    fn either(&mut self) -> Option<bool> {
        let mut satisfied = self.both()?;
        while self.take("OR") {
            satisfied |= self.both()?;
        }
        Some(satisfied)
    }

    fn both(&mut self) -> Option<bool> {
        let mut satisfied = self.one()?;
        while self.take("AND") {
            satisfied &= self.one()?;
        }
        Some(satisfied)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let satisfied = self.either()?;
            return self.take(")").then_some(satisfied);
        }
        let mut licence = self.word()?;
        if self.take("WITH") {
            licence = format!("{licence} WITH {}", self.word()?);
        }
        Some(self.allowed.contains(&licence.as_str()))
    }

    fn word(&mut self) -> Option<String> {
        let (first, rest) = self.tokens.split_first()?;
        if ["AND", "OR", "WITH", "(", ")"].contains(&first.as_str()) {
            return None;
        }
        self.tokens = rest;
        Some(first.clone())
    }

    fn take(&mut self, token: &str) -> bool {
        match self.tokens.split_first() {
            Some((first, rest)) if first == token => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expression: &str, expected: bool) {
        let allowed = [
            "MIT",
            "Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
            "Unicode-3.0",
        ];
        assert_eq!(is_satisfied(expression, &allowed), expected, "{expression}");
    }

    #[test]
    fn one_licence() {
        check("MIT", true);
        check("GPL-3.0-only", false);
    }

    #[test]
    fn one_of_several_is_enough_for_or() {
        check("GPL-3.0-only OR MIT", true);
        check("MIT/Apache-2.0", true);
        check("GPL-3.0-only OR AGPL-3.0-only", false);
    }

    #[test]
    fn and_needs_all() {
        check("MIT AND Unicode-3.0", true);
        check("MIT AND GPL-3.0-only", false);
    }

    #[test]
    fn and_binds_closer_than_or_and_parentheses_closest() {
        check("MIT OR Apache-2.0 AND GPL-3.0-only", true);
        check("(MIT OR Apache-2.0) AND GPL-3.0-only", false);
        check("(MIT OR GPL-3.0-only) AND Unicode-3.0", true);
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        check("Apache-2.0 WITH LLVM-exception OR BSL-1.0", true);
        check("MIT WITH LLVM-exception", false);
    }

    #[test]
    fn what_is_no_expression_is_not_satisfied() {
        for text in [
            "",
            "OR",
            "MIT OR",
            "(MIT",
            "MIT)",
            "MIT Apache-2.0",
            "WITH MIT",
            "MIT AND OR",
        ] {
            check(text, false);
        }
    }
}
