//! Files and vals: saving, conflicts, and never losing anybody's text.

use super::support::{Person, Town};

const FIRST: &str = "export default () => 1;\n";
const SECOND: &str = "export default () => 2;\n";
const THIRD: &str = "export default () => 3;\n";

#[test]
fn the_life_of_a_file() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    person.write("one.ts", FIRST);
    insta::assert_snapshot!(person.run(&["push", "one.ts"]), @r"
    exit: 0
    --- stdout
    saved @owner/one version 0 (private)
    [town]/v1/run/owner.one
    ");
    insta::assert_snapshot!(person.run(&["push", "one.ts"]), @r"
    exit: 0
    --- stdout
    @owner/one is unchanged since version 0
    ");
    insta::assert_snapshot!(person.run(&["run", "one"]), @r"
    exit: 0
    --- stdout
    1
    ");
    person.write("one.ts", SECOND);
    insta::assert_snapshot!(person.run(&["push", "one.ts", "--privacy", "public"]), @r"
    exit: 0
    --- stdout
    saved @owner/one version 1 (public)
    [town]/v1/run/owner.one
    ");
    insta::assert_snapshot!(person.run(&["vals", "show", "one@0", "--code"]), @r"
    exit: 0
    --- stdout
    export default () => 1;
    ");
    insta::assert_snapshot!(person.run(&["vals", "restore", "one@0"]), @r"
    exit: 0
    --- stdout
    @owner/one version 2 is version 0 again
    ");
    insta::assert_snapshot!(person.run(&["pull", "one", "one.ts"]), @r"
    exit: 0
    --- stdout
    one.ts now is @owner/one version 2
    ");
    assert_eq!(person.read("one.ts"), FIRST);
    insta::assert_snapshot!(person.run(&["vals", "rename", "one", "uno"]), @r"
    exit: 0
    --- stdout
    @owner/one is @owner/uno now
    ");
    insta::assert_snapshot!(person.run(&["vals", "set", "uno", "--endpoint", "private"]), @r"
    exit: 0
    --- stdout
    @owner/uno: code is public, endpoint is private
    ");
    insta::assert_snapshot!(person.run(&["vals", "rm", "uno"]), @r"
    exit: 0
    --- stdout
    removed @owner/uno
    --- stderr
    `thorp vals undelete uno` brings it back
    ");
    insta::assert_snapshot!(person.run(&["run", "uno"]), @r"
    exit: 3
    --- stderr
    error: there is no val `@owner/uno`
    ");
    insta::assert_snapshot!(person.run(&["vals", "undelete", "uno"]), @r"
    exit: 0
    --- stdout
    brought back @owner/uno version 2
    ");
    insta::assert_snapshot!(person.run(&["run", "uno"]), @r"
    exit: 0
    --- stdout
    1
    ");
    assert_eq!(
        person.json(&["vals", "versions", "uno"])["data"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn two_people_change_one_val() {
    let town = Town::start();
    let (here, there) = (
        Person::logged_in(&town, &town.token()),
        Person::logged_in(&town, &town.token()),
    );
    here.write("both.ts", FIRST);
    here.get(&["push", "both.ts"]);
    insta::assert_snapshot!(there.run(&["pull", "both"]), @r"
    exit: 0
    --- stdout
    both.tsx now is @owner/both version 0
    ");
    there.write("both.tsx", SECOND);
    there.get(&["push", "both.tsx", "--name", "both"]);
    here.write("both.ts", THIRD);
    insta::assert_snapshot!(here.run(&["push", "both.ts"]), @r"
    exit: 5
    --- stderr
    error: version 1 was saved after the one you began with

    --- main.tsx (version 1, theirs)
    +++ main.tsx (yours, from version 0)
    @@ -1 +1 @@
    -export default () => 2;
    +export default () => 3;

    hint: `thorp push both.ts --force` saves yours as the newest version; `thorp pull owner/both both.ts --force` takes theirs
    ");
    insta::assert_snapshot!(here.run(&["pull", "both", "both.ts"]), @r"
    exit: 5
    --- stderr
    error: `both.ts` has changes that `@owner/both` has not

    --- main.tsx (version 1, theirs)
    +++ main.tsx (yours)
    @@ -1 +1 @@
    -export default () => 2;
    +export default () => 3;

    hint: `--force` overwrites it with theirs
    ");
    assert_eq!(here.read("both.ts"), THIRD);
    insta::assert_snapshot!(here.run(&["push", "both.ts", "--force"]), @r"
    exit: 0
    --- stdout
    saved @owner/both version 2 (private)
    [town]/v1/run/owner.both
    ");
    insta::assert_snapshot!(there.run(&["pull", "both"]), @r"
    exit: 0
    --- stdout
    both.tsx now is @owner/both version 2
    ");
    assert_eq!(there.read("both.tsx"), THIRD);
    there.write("both.tsx", SECOND);
    insta::assert_snapshot!(there.run(&["pull", "both", "--force"]), @r"
    exit: 0
    --- stdout
    both.tsx now is @owner/both version 2
    ");
    assert_eq!(there.read("both.tsx"), THIRD);
}

#[test]
fn two_people_do_the_same() {
    let town = Town::start();
    let (here, there) = (
        Person::logged_in(&town, &town.token()),
        Person::logged_in(&town, &town.token()),
    );
    here.write("same-text.ts", FIRST);
    here.get(&["push", "same-text.ts"]);
    there.get(&["pull", "same_text"]);
    there.write("same_text.tsx", SECOND);
    there.get(&["push", "same_text.tsx"]);
    here.write("same-text.ts", SECOND);
    insta::assert_snapshot!(here.run(&["push", "same-text.ts"]), @r"
    exit: 0
    --- stdout
    saved @owner/same_text version 1 (private)
    [town]/v1/run/owner.same_text
    ");
    insta::assert_snapshot!(here.run(&["push", "same-text.ts"]), @r"
    exit: 0
    --- stdout
    @owner/same_text is unchanged since version 1
    ");
}

#[test]
fn a_name_that_is_there_already() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    person.get(&["vals", "create", "here", "--code", FIRST]);
    person.write("here.ts", SECOND);
    insta::assert_snapshot!(person.run(&["push", "here.ts"]), @r"
    exit: 5
    --- stderr
    error: there is a val `@owner/here` that `here.ts` was not pulled from

    hint: `thorp pull owner/here here.ts` compares them, `--name` saves under another name, `--force` saves over it
    ");
    insta::assert_snapshot!(person.run(&["pull", "here", "here.ts"]), @r"
    exit: 5
    --- stderr
    error: `here.ts` has changes that `@owner/here` has not

    --- main.tsx (version 0, theirs)
    +++ main.tsx (yours)
    @@ -1 +1 @@
    -export default () => 1;
    +export default () => 2;

    hint: `--force` overwrites it with theirs
    ");
    assert_eq!(person.read("here.ts"), SECOND);
    person.write("here.ts", FIRST);
    insta::assert_snapshot!(person.run(&["push", "here.ts"]), @r"
    exit: 0
    --- stdout
    saved @owner/here version 0 (private)
    [town]/v1/run/owner.here
    ");
    person.write("bad-name!.ts", FIRST);
    insta::assert_snapshot!(person.run(&["push", "bad-name!.ts"]), @r"
    exit: 2
    --- stderr
    error: `bad_name!` cannot be the name of a val

    hint: a name begins with a letter and goes on with letters, digits and `_`, at most 48 characters
    ");
}

#[test]
fn what_does_not_compile_is_saved_and_shown() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    person.write("odd.ts", "const é = 1;\nexport default () => é +;\n");
    insta::assert_snapshot!(person.run(&["push", "odd.ts"]), @r"
    exit: 1
    --- stdout
    saved @owner/odd version 0 (private)
    [town]/v1/run/owner.odd
    --- stderr

    error[SYNTAX_ERROR]: Unexpected token
     --> odd.ts:2:25
      |
    2 | export default () => é +;
      |                         ^

    error: version 0 of `@owner/odd` is saved, but it cannot run
    ");
    insta::assert_snapshot!(person.run(&["run", "odd"]), @r"
    exit: 1
    --- stderr
    error: the code does not compile, so nothing ran

    error[SYNTAX_ERROR]: Unexpected token
     --> main.tsx:2:25
    ");
    assert_eq!(person.json(&["vals", "show", "odd"])["version"], 0);
}

#[test]
fn folders() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    person.write(
        "app/main.ts",
        "import { two } from './lib/two.ts';\nexport default () => two + 1;\n",
    );
    person.write("app/lib/two.ts", "export const two = 2;\n");
    insta::assert_snapshot!(person.run(&["push", "app"]), @r"
    exit: 0
    --- stdout
    saved @owner/app version 0 (private)
    [town]/v1/run/owner.app
    ");
    insta::assert_snapshot!(person.run(&["run", "app"]), @r"
    exit: 0
    --- stdout
    3
    ");
    insta::assert_snapshot!(person.run(&["pull", "app", "copy"]), @r"
    exit: 0
    --- stdout
    copy now is @owner/app version 0
    ");
    assert_eq!(person.read("copy/lib/two.ts"), "export const two = 2;\n");
    person.write("copy/main.ts", "export default () => 4;\n");
    std::fs::remove_dir_all(person.path("copy/lib")).unwrap();
    person.get(&["push", "copy", "--name", "app"]);
    insta::assert_snapshot!(person.run(&["pull", "app", "app"]), @r"
    exit: 0
    --- stdout
    app now is @owner/app version 1
    ");
    assert_eq!(person.get(&["run", "app"]), "4\n");
}
