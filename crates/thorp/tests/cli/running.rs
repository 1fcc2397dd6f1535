//! Evaluating, running, and looking at what ran.

use super::support::{Person, Town};

#[test]
fn expressions_and_what_becomes_of_them() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    let check = |args: &[&str]| person.run(&[&["eval"], args].concat());
    insta::assert_snapshot!(check(&["({ b: [1, 2.50], a: 'x' })"]), @r#"
    exit: 0
    --- stdout
    { "b": [1, 2.5], "a": "x" }
    "#);
    insta::assert_snapshot!(check(&["({ b: 1 })", "--json"]), @r#"
    exit: 0
    --- stdout
    {"b":1}
    "#);
    insta::assert_snapshot!(check(&["(a, b, c) => [a, b, c]", "1", "two", "{\"c\":3}"]), @r#"
    exit: 0
    --- stdout
    [1, "two", { "c": 3 }]
    "#);
    insta::assert_snapshot!(check(&["(a, b) => a - b", "--args", "[1, 2]"]), @r"
    exit: 0
    --- stdout
    -1
    ");
    insta::assert_snapshot!(check(&["void console.log('seen')", "--logs"]), @r"
    exit: 0
    --- stdout
    undefined
    --- stderr
    log: seen
    ");
    insta::assert_snapshot!(check(&["undefined", "--json"]), @r"
    exit: 0
    --- stdout
    null
    ");
    insta::assert_snapshot!(check(&["1 +* 2"]), @r"
    exit: 1
    --- stderr
    error: the code does not compile, so nothing ran

    error[SYNTAX_ERROR]: Unexpected token
     --> eval:1:4
      |
    1 | 1 +* 2
      |    ^
    ");
    insta::assert_snapshot!(check(&["(() => { null.x })()"]), @r"
    exit: 1
    --- stderr
    error: TypeError: Cannot read properties of null (reading 'x')
        at eval:1:15
        at eval:1:19

    hint: `thorp runs [id]` shows its arguments and logs
    ");
    insta::assert_snapshot!(check(&["({ a: { f() {} } })"]), @r#"
    exit: 0
    --- stdout
    { "a": {} }
    "#);
    insta::assert_snapshot!(check(&["1 +* 2", "--json"]), @r#"
    exit: 1
    --- stdout
    {"error":{"code":"SYNTAX_ERROR","message":"Unexpected token","diagnostics":[{"severity":"error","code":"SYNTAX_ERROR","message":"Unexpected token","hint":null,"file":"eval","line":1,"column":4,"endLine":1,"endColumn":5}]}}
    --- stderr
    error: the code does not compile, so nothing ran

    error[SYNTAX_ERROR]: Unexpected token
     --> eval:1:4
      |
    1 | 1 +* 2
      |    ^
    "#);
}

#[test]
fn runs_are_kept() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    person.write("greet.ts", "export default (name: string) => {\n  console.log('greeting', name);\n  if (!name) throw new RangeError('no name');\n  return `hello ${name}`;\n};\n");
    person.get(&["push", "greet.ts"]);
    insta::assert_snapshot!(person.run(&["run", "greet", "Ada", "--logs"]), @r#"
    exit: 0
    --- stdout
    "hello Ada"
    --- stderr
    log: greeting Ada
    "#);
    insta::assert_snapshot!(person.run(&["run", "owner/greet@0"]), @r"
    exit: 1
    --- stderr
    error: RangeError: no name
        at default (main.tsx:3:20)

    hint: `thorp runs [id]` shows its arguments and logs
    ");
    insta::assert_snapshot!(person.run(&["run", "nope"]), @r"
    exit: 3
    --- stderr
    error: there is no val `@owner/nope`
    ");
    let failed = person.json(&["runs", "--status", "error"]);
    let id = failed["data"][0]["id"].as_str().unwrap();
    assert_eq!(failed["data"].as_array().unwrap().len(), 1);
    let one = person.run(&["runs", id]);
    insta::assert_snapshot!(measured(&one), @r"
    exit: 0
    --- stdout
    [id] of @owner/greet@0
    began: run by `@owner`, [time]
    ran as: @owner
    took: [measured]
    arguments: []
    log: greeting undefined
    failed: RangeError: no name
        at default (main.tsx:3:20)
    ");
    let list = person.get(&["runs", "--val", "greet", "--limit", "1"]);
    assert!(
        list.contains("@owner/greet@0") && list.lines().count() == 2,
        "{list}"
    );
}

/// The text without the line of what the run cost.
fn measured(text: &str) -> String {
    text.lines()
        .map(|line| {
            if line.starts_with("took: ") {
                "took: [measured]"
            } else {
                line
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn what_a_run_asks_of_the_network_is_shown() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    person.get(&["eval", "fetch('http://169.254.169.254/').catch(() => 1)"]);
    let runs = person.json(&["runs"]);
    let one = person.run(&["runs", runs["data"][0]["id"].as_str().unwrap()]);
    assert!(
        measured(&one).contains("network: GET http://169.254.169.254:80 EGRESS_DENIED ("),
        "{one:?}"
    );
}
