//! What a program reaches of its author's private things, by what its text and that of the vals it names say. Pure.

use std::collections::{BTreeMap, BTreeSet};

use thorp_lang::{Facts, ImportKind, Position};

use crate::limits::CHECK_REASONS_MAX;

/// A val, as programs name it: owner and name in lower case, and the version if one is pinned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) user: String,
    pub(crate) val: String,
    pub(crate) version: Option<i64>,
}

/// What is known of a val that is there.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// `@bob/gpt3`, as its owner spells it.
    pub(crate) label: String,
    /// The version that is meant.
    pub(crate) version: i64,
    /// Whether only its owner reads it.
    pub(crate) is_private: bool,
    /// Whether everyone may call it.
    pub(crate) is_open: bool,
    /// What its text says; `None` for a val that is data.
    pub(crate) text: Option<Text>,
}

/// What a version says, and which versions of other users' vals it was saved with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    pub(crate) facts: Facts,
    pub(crate) pins: BTreeMap<(String, String), i64>,
}

/// The vals that a program names, those that they name, and so on. What is missing is not in it.
pub(crate) type Graph = BTreeMap<Name, Node>;

/// A place where a text names a val.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) name: Name,
    /// `@bob/gpt3`, as the text spells it.
    pub(crate) spelled: String,
    /// What is done with it; `None` for an import.
    pub(crate) position: Option<Position>,
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Place {
    /// All of a text, but what is called by `api()`, which is no part of the program.
    pub(crate) fn all(text: &Text) -> Vec<Self> {
        let Text { facts, pins } = text;
        let pinned = |name: Name| {
            let pin = pins.get(&(name.user.clone(), name.val.clone()));
            Name {
                version: name.version.or(pin.copied()),
                ..name
            }
        };
        let imports = facts.imports.iter().filter_map(|import| {
            let ImportKind::Val {
                user,
                name,
                version,
                ..
            } = &import.kind
            else {
                return None;
            };
            Some(Self {
                name: pinned(Name::new(user, name, *version)),
                spelled: format!("@{user}/{name}"),
                position: None,
                file: import.file.clone(),
                line: import.line,
                column: import.column,
            })
        });
        let named = facts.references.iter();
        let named = named.filter(|reference| reference.position != Position::Api);
        let named = named.map(|reference| Self {
            name: pinned(Name::new(
                &reference.user,
                &reference.name,
                reference.version,
            )),
            spelled: format!("@{}/{}", reference.user, reference.name),
            position: Some(reference.position),
            file: reference.file.clone(),
            line: reference.line,
            column: reference.column,
        });
        imports.chain(named).collect()
    }

    fn changes(&self) -> bool {
        self.position.is_some_and(Position::changes)
    }
}

impl Name {
    pub(crate) fn new(user: &str, val: &str, version: Option<u64>) -> Self {
        Self {
            user: user.to_ascii_lowercase(),
            val: val.to_ascii_lowercase(),
            version: version.map(|number| i64::try_from(number).unwrap_or(i64::MAX)),
        }
    }
}

/// A thing that a program asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Want {
    /// A secret of its author.
    Secret(String),
    /// A secret whose name is only known when it runs.
    SomeSecret,
    /// A val that only its owner reads, or that is not there.
    Private(String),
    /// Another value of a val.
    Change(String),
    /// A val whose name is only known when it runs.
    Some,
}

/// A val on the way to what is asked for, and where it names the next one; for a secret, no place is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) label: String,
    pub(crate) version: Option<i64>,
    pub(crate) at: Option<(String, u32)>,
}

/// A thing that is asked for, and through which vals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) want: Want,
    pub(crate) chain: Vec<Step>,
}

/// Whose code is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View<'a> {
    /// Code that somebody else calls as a library: it may do nothing but read what is public.
    Foreign,
    /// This user's own code with all that it reaches by its own vals.
    Own(&'a str),
}

/// What a program asks for, each thing once, by the first way that leads there.
pub(crate) fn reasons(
    graph: &Graph,
    label: &str,
    version: Option<i64>,
    text: &Text,
    view: View<'_>,
) -> Vec<Reason> {
    let mut walk = Walk {
        graph,
        view,
        seen: BTreeSet::new(),
        known: BTreeSet::new(),
        found: Vec::new(),
        chain: Vec::new(),
    };
    walk.val(label, version, text);
    walk.found
}

struct Walk<'g> {
    graph: &'g Graph,
    view: View<'g>,
    seen: BTreeSet<Name>,
    known: BTreeSet<Want>,
    found: Vec<Reason>,
    chain: Vec<Step>,
}

impl Walk<'_> {
    fn val(&mut self, label: &str, version: Option<i64>, text: &Text) {
        let facts = &text.facts;
        self.chain.push(Step {
            label: label.to_owned(),
            version,
            at: None,
        });
        for secret in &facts.secrets {
            self.add(Want::Secret(secret.clone()));
        }
        if facts.computed_secret {
            self.add(Want::SomeSecret);
        }
        if facts.computed_reference {
            self.add(Want::Some);
        }
        for place in Place::all(text) {
            if let Some(step) = self.chain.last_mut() {
                step.at = Some((place.file.clone(), place.line));
            }
            self.place(&place);
        }
        self.chain.pop();
    }

    fn place(&mut self, place: &Place) {
        let node = self.graph.get(&place.name);
        let label = node.map_or(&place.spelled, |node| &node.label);
        match self.view {
            // What somebody else's val does is not done with this user's permissions.
            View::Own(user) if place.name.user != user => return,
            _ if place.changes() => {
                self.add(Want::Change(label.clone()));
                return;
            }
            View::Own(_) => {
                if node.is_some_and(|node| node.is_private) {
                    self.add(Want::Private(label.clone()));
                }
            }
            View::Foreign => {
                if node.is_none_or(|node| node.is_private) {
                    self.add(Want::Private(label.clone()));
                    return;
                }
            }
        }
        let Some(node) = node else { return };
        if let Some(text) = &node.text
            && self.seen.insert(place.name.clone())
        {
            self.val(&node.label, Some(node.version), text);
        }
    }

    fn add(&mut self, want: Want) {
        if self.found.len() < CHECK_REASONS_MAX && self.known.insert(want.clone()) {
            let chain = self.chain.clone();
            self.found.push(Reason { want, chain });
        }
    }
}

impl Want {
    /// What it is, in one word.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Secret(_) | Self::SomeSecret => "secret",
            Self::Private(_) => "private",
            Self::Change(_) => "write",
            Self::Some => "computed",
        }
    }

    /// What is asked for, as the end of a sentence about a val.
    pub(crate) fn told(&self, view: View<'_>) -> String {
        match (self, view) {
            (Self::Secret(name), _) => format!("names the secret `{name}`"),
            (Self::SomeSecret, _) => "asks for secrets by names that it makes up".to_owned(),
            (Self::Private(label), View::Foreign) => {
                format!("reads `{label}`, which is private or is not there")
            }
            (Self::Private(label), View::Own(_)) => format!("reads the private val `{label}`"),
            (Self::Change(label), _) => format!("writes `{label}`"),
            (Self::Some, _) => "asks for vals by names that it makes up".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use thorp_lang::{Source, compile};

    fn node(user: &str, val: &str, is_private: bool, code: &str) -> (Name, Node) {
        let facts = compile(&Source::val(code).by(user)).facts;
        let node = Node {
            label: format!("@{user}/{val}"),
            version: 3,
            is_private,
            is_open: !is_private,
            text: (!facts.may_be_data).then(|| of(facts)),
        };
        (Name::new(user, val, None), node)
    }

    fn of(facts: Facts) -> Text {
        let pins = BTreeMap::new();
        Text { facts, pins }
    }

    fn check(graph: &Graph, code: &str, view: View<'_>, expected: &[&str]) {
        let text = of(compile(&Source::val(code).by("bob")).facts);
        let found = reasons(graph, "@bob/f", None, &text, view);
        let found: Vec<String> = found
            .iter()
            .map(|reason| {
                let chain: Vec<&str> = reason.chain.iter().map(|step| &*step.label).collect();
                format!("{}: {}", chain.join(" > "), reason.want.told(view))
            })
            .collect();
        assert_eq!(found, expected, "{code}");
    }

    fn graph() -> Graph {
        Graph::from([
            node("bob", "own", true, "let own = { key: 1 }"),
            node("bob", "open", false, "let open = 1"),
            node(
                "bob",
                "helper",
                false,
                "let helper = () => @me.secrets.key + @carol.lib()",
            ),
            node("bob", "hidden", true, "let hidden = () => @me.secrets.deep"),
            node(
                "carol",
                "lib",
                false,
                "let lib = () => { @me.total = 1; return @bob.helper() }",
            ),
        ])
    }

    #[test]
    fn what_foreign_code_may_not_is_found_through_all_that_it_calls() {
        let check = |code: &str, expected: &[&str]| check(&graph(), code, View::Foreign, expected);
        check("let f = (x) => x + @me.open + @bob.open", &[]);
        check("let f = () => api(@bob.helper)", &[]);
        check(
            "let f = () => @me.own.key + @me.none",
            &[
                "@bob/f: reads `@bob/own`, which is private or is not there",
                "@bob/f: reads `@bob/none`, which is private or is not there",
            ],
        );
        check(
            "let f = () => @me.helper()",
            &[
                "@bob/f > @bob/helper: names the secret `key`",
                "@bob/f > @bob/helper > @carol/lib: writes `@carol/total`",
            ],
        );
        // What a private val does is not looked at: whoever asks may not read it.
        check(
            "let f = () => @me.hidden()",
            &["@bob/f: reads `@bob/hidden`, which is private or is not there"],
        );
        check(
            "import { me } from 'thorp:std'; export default (n) => [me.update('n', n), me.get(n), Deno.env.get('A')]",
            &[
                "@bob/f: names the secret `A`",
                "@bob/f: asks for vals by names that it makes up",
                "@bob/f: writes `@bob/n`",
            ],
        );
    }

    #[test]
    fn what_is_done_as_the_author_is_found_in_own_vals() {
        let view = View::Own("bob");
        let check = |code: &str, expected: &[&str]| check(&graph(), code, view, expected);
        check("let f = () => @me.open + @carol.lib()", &[]);
        check(
            "let f = () => [@me.hidden(), @me.own, @me.n++]",
            &[
                "@bob/f: reads the private val `@bob/hidden`",
                "@bob/f > @bob/hidden: names the secret `deep`",
                "@bob/f: reads the private val `@bob/own`",
                "@bob/f: writes `@bob/n`",
            ],
        );
    }

    #[test]
    fn a_chain_says_where_the_next_one_is_named() {
        let code = "\nlet f = () =>\n  @me.helper()";
        let text = of(compile(&Source::val(code).by("bob")).facts);
        let found = reasons(&graph(), "@bob/f", Some(7), &text, View::Foreign);
        let main = |line| Some(("main.tsx".to_owned(), line));
        assert_eq!(found[1].chain[0].at, main(3));
        assert_eq!(found[1].chain[1].at, main(1));
        assert_eq!(found[0].chain[1].at, None);
        assert_eq!(found[0].chain[0].version, Some(7));
    }

    #[test]
    fn reasons_are_bounded() {
        let reads: Vec<String> = (0..CHECK_REASONS_MAX + 9)
            .map(|n| format!("@me.x{n}"))
            .collect();
        let code = format!("let f = () => [{}]", reads.join(","));
        let text = of(compile(&Source::val(&code).by("bob")).facts);
        let found = reasons(&graph(), "@bob/f", None, &text, View::Foreign);
        assert_eq!(found.len(), CHECK_REASONS_MAX);
    }

    #[test]
    fn code_is_looked_at_as_it_was_when_it_was_named() {
        let mut graph = graph();
        let (name, old) = node("carol", "lib", false, "let lib = () => 1");
        let version = Some(2);
        graph.insert(Name { version, ..name }, old);
        let mut text = of(compile(&Source::val("let f = () => @carol.lib()").by("bob")).facts);
        assert_eq!(
            reasons(&graph, "@bob/f", None, &text, View::Foreign).len(),
            2
        );
        text.pins.insert(("carol".to_owned(), "lib".to_owned()), 2);
        assert_eq!(reasons(&graph, "@bob/f", None, &text, View::Foreign), []);
    }
}
