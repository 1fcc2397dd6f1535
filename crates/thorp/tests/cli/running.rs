//! Evaluating, running, and looking at what ran.

use super::support::{Person, Town};

#[test]
fn expressions_and_what_becomes_of_them() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    let check = |args: &[&str]| person.run(&[&["eval"], args].concat());
    insta::assert_snapshot!(check(&["({ b: [1, 2.50], a: 'x' })"]), @"");
    insta::assert_snapshot!(check(&["({ b: 1 })", "--json"]), @"");
    insta::assert_snapshot!(check(&["(a, b, c) => [a, b, c]", "1", "two", "{\"c\":3}"]), @"");
    insta::assert_snapshot!(check(&["(a, b) => a - b", "--args", "[1, 2]"]), @"");
    insta::assert_snapshot!(check(&["void console.log('seen')", "--logs"]), @"");
    insta::assert_snapshot!(check(&["undefined", "--json"]), @"");
    insta::assert_snapshot!(check(&["1 +* 2"]), @"");
    insta::assert_snapshot!(check(&["(() => { null.x })()"]), @"");
    insta::assert_snapshot!(check(&["({ a: { f() {} } })"]), @"");
    insta::assert_snapshot!(check(&["1 +* 2", "--json"]), @"");
}

#[test]
fn runs_are_kept() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    person.write("greet.ts", "export default (name: string) => {\n  console.log('greeting', name);\n  if (!name) throw new RangeError('no name');\n  return `hello ${name}`;\n};\n");
    person.get(&["push", "greet.ts"]);
    insta::assert_snapshot!(person.run(&["run", "greet", "Ada", "--logs"]), @"");
    insta::assert_snapshot!(person.run(&["run", "owner/greet@0"]), @"");
    insta::assert_snapshot!(person.run(&["run", "nope"]), @"");
    let failed = person.json(&["runs", "--status", "error"]);
    let id = failed["data"][0]["id"].as_str().unwrap();
    assert_eq!(failed["data"].as_array().unwrap().len(), 1);
    let one = person.run(&["runs", id]);
    insta::assert_snapshot!(measured(&one), @"");
    let list = person.get(&["runs", "--val", "greet", "--limit", "1"]);
    assert!(list.contains("@owner/greet@0") && list.lines().count() == 2, "{list}");
}

/// The text without the line of what the run cost.
fn measured(text: &str) -> String {
    text.lines().map(|line| if line.starts_with("took: ") { "took: [measured]" } else { line }).collect::<Vec<_>>().join("\n")
}
