//! `thorp check`, and saving what was evaluated.

use super::support::{Person, Town};

fn town() -> (Town, Person, Person) {
    let town = Town::start();
    let operator = Person::logged_in(&town, &town.token());
    let mut people = ["ada", "bob"].map(|name| {
        let token = operator.get(&["user", "add", name]);
        Person::logged_in(&town, token.trim())
    });
    people.reverse();
    let [bob, ada] = people;
    for (name, privacy, code) in [
        ("config", "private", "let config = { key: 'k' }"),
        (
            "ask",
            "public",
            "let ask = (text: string) => { @me.asked = text; return `${@me.secrets.openai} ${text}` }",
        ),
        (
            "gpt3",
            "public",
            "let gpt3 = (text: string) =>\n  @me.ask(text)",
        ),
    ] {
        bob.get(&["vals", "create", name, "--privacy", privacy, "--code", code]);
    }
    (town, ada, bob)
}

#[test]
fn calls_that_would_be_denied_are_shown_with_what_to_write_instead() {
    let (_town, ada, _) = town();
    ada.get(&["vals", "create", "fine", "--code", "let fine = () => 1"]);
    insta::assert_snapshot!(ada.run(&["check"]), @r#"
    exit: 0
    --- stdout
    nothing found in your val
    "#);
    ada.write(
        "report.ts",
        "let report = () => {\n  return @bob.gpt3('hi');\n}\n",
    );
    insta::assert_snapshot!(ada.run(&["check", "report.ts"]), @r#"
    exit: 1
    --- stdout
    report.ts:2:10 names @bob/gpt3 (version 0), which
      names the secret `openai` (@bob/gpt3:2 -> @bob/ask)
      writes `@bob/asked` (@bob/gpt3:2 -> @bob/ask:1)
      write instead: await api(@bob.gpt3, 'hi')
    --- stderr
    error: 1 call in `report.ts` would be denied something

    hint: what `api` calls runs as its author, and answers JSON: its calls have to be awaited
    "#);
    ada.get(&["push", "report.ts"]);
    insta::assert_snapshot!(ada.run(&["check", "report"]), @r#"
    exit: 1
    --- stdout
    @ada/report/main.tsx:2:10 names @bob/gpt3 (version 0), which
      names the secret `openai` (@bob/gpt3:2 -> @bob/ask)
      writes `@bob/asked` (@bob/gpt3:2 -> @bob/ask:1)
      write instead: await api(@bob.gpt3, 'hi')
    --- stderr
    error: 1 call in `@ada/report` would be denied something

    hint: what `api` calls runs as its author, and answers JSON: its calls have to be awaited
    "#);
    insta::assert_snapshot!(ada.run(&["check"]), @r#"
    exit: 1
    --- stdout
    @ada/report/main.tsx:2:10 names @bob/gpt3 (version 0), which
      names the secret `openai` (@bob/gpt3:2 -> @bob/ask)
      writes `@bob/asked` (@bob/gpt3:2 -> @bob/ask:1)
      write instead: await api(@bob.gpt3, 'hi')
    --- stderr
    error: 1 call in your 2 vals would be denied something

    hint: what `api` calls runs as its author, and answers JSON: its calls have to be awaited
    "#);
    insta::assert_snapshot!(ada.run(&["check", "ada/fine"]), @r#"
    exit: 0
    --- stdout
    nothing found in `@ada/fine`
    "#);
    insta::assert_snapshot!(ada.run(&["check", "--json"]), @r#"
    exit: 1
    --- stdout
    {"vals":["@ada/report","@ada/fine"],"findings":[{"val":"@ada/report","file":"main.tsx","line":2,"column":10,"target":"@bob/gpt3","version":0,"reasons":[{"kind":"secret","message":"names the secret `openai`","chain":[{"val":"@bob/gpt3","version":0,"file":"main.tsx","line":2},{"val":"@bob/ask","version":0,"file":null,"line":null}]},{"kind":"write","message":"writes `@bob/asked`","chain":[{"val":"@bob/gpt3","version":0,"file":"main.tsx","line":2},{"val":"@bob/ask","version":0,"file":"main.tsx","line":1}]}],"instead":"await api(@bob.gpt3, 'hi')","hint":null}]}
    --- stderr
    error: 1 call in your 2 vals would be denied something

    hint: what `api` calls runs as its author, and answers JSON: its calls have to be awaited
    "#);
    insta::assert_snapshot!(ada.run(&["check", "bob/gpt3"]), @r#"
    exit: 3
    --- stderr
    error: only its owner can have a val checked
    "#);
    insta::assert_snapshot!(ada.run(&["check", "no such thing"]), @r#"
    exit: 2
    --- stderr
    error: `no such thing` is no file, and no val: a val is named like `alice/hello`, `alice/hello@3` or `hello`
    "#);
}

#[test]
fn opening_a_val_that_acts_as_its_author_is_told() {
    let (_town, _, bob) = town();
    bob.get(&["vals", "set", "ask", "--endpoint", "private"]);
    insta::assert_snapshot!(bob.run(&["vals", "set", "ask", "--endpoint", "public"]), @r#"
    exit: 0
    --- stdout
    @bob/ask: code is public, endpoint is public
    --- stderr

    warning[PUBLIC_ENDPOINT]: everyone may call `@bob/ask`, and it runs as you: it names the secret `openai`, writes `@bob/asked`
     --> main.tsx:1:1
      |
    1 | let ask = (text: string) => { @me.asked = text; return `${@me.secrets.openai} ${text}` }
      | ^
      |
      = hint: if that is not meant, set its endpoint to private: `thorp vals set ask --endpoint private`

    "#);
}

#[test]
fn what_was_evaluated_is_saved() {
    let (_town, ada, _) = town();
    ada.get(&["eval", "(n) => 2 * (n ?? 4)"]);
    let runs: serde_json::Value = serde_json::from_str(&ada.get(&["runs", "--json"])).unwrap();
    let id = runs["data"][0]["id"].as_str().unwrap();
    insta::assert_snapshot!(ada.run(&["runs", "save", id, "--name", "double"]), @r#"
    exit: 0
    --- stdout
    made @ada/double version 0 (private)
    "#);
    insta::assert_snapshot!(ada.run(&["run", "double", "21"]), @r#"
    exit: 0
    --- stdout
    42
    "#);
    insta::assert_snapshot!(ada.run(&["runs", "save", id, "--name", "double"]), @r#"
    exit: 5
    --- stderr
    error: the name `double` is taken

    hint: choose another name
    "#);
    insta::assert_snapshot!(ada.run(&["runs", "save", "none"]), @r#"
    exit: 2
    --- stderr
    error: invalid value 'none' for '<ID>': it is not an id; `thorp runs` lists them

    For more information, try '--help'.
    "#);
}
