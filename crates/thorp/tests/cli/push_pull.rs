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
    insta::assert_snapshot!(person.run(&["push", "one.ts"]), @"");
    insta::assert_snapshot!(person.run(&["push", "one.ts"]), @"");
    insta::assert_snapshot!(person.run(&["run", "one"]), @"");
    person.write("one.ts", SECOND);
    insta::assert_snapshot!(person.run(&["push", "one.ts", "--privacy", "public"]), @"");
    insta::assert_snapshot!(person.run(&["vals", "show", "one@0", "--code"]), @"");
    insta::assert_snapshot!(person.run(&["vals", "restore", "one@0"]), @"");
    insta::assert_snapshot!(person.run(&["pull", "one", "one.ts"]), @"");
    assert_eq!(person.read("one.ts"), FIRST);
    insta::assert_snapshot!(person.run(&["vals", "rename", "one", "uno"]), @"");
    insta::assert_snapshot!(person.run(&["vals", "set", "uno", "--endpoint", "private"]), @"");
    insta::assert_snapshot!(person.run(&["vals", "rm", "uno"]), @"");
    insta::assert_snapshot!(person.run(&["run", "uno"]), @"");
    insta::assert_snapshot!(person.run(&["vals", "undelete", "uno"]), @"");
    insta::assert_snapshot!(person.run(&["run", "uno"]), @"");
    assert_eq!(person.json(&["vals", "versions", "uno"])["data"].as_array().unwrap().len(), 3);
}

#[test]
fn two_people_change_one_val() {
    let town = Town::start();
    let (here, there) = (Person::logged_in(&town, &town.token()), Person::logged_in(&town, &town.token()));
    here.write("both.ts", FIRST);
    here.get(&["push", "both.ts"]);
    insta::assert_snapshot!(there.run(&["pull", "both"]), @"");
    there.write("both.tsx", SECOND);
    there.get(&["push", "both.tsx", "--name", "both"]);
    here.write("both.ts", THIRD);
    insta::assert_snapshot!(here.run(&["push", "both.ts"]), @"");
    insta::assert_snapshot!(here.run(&["pull", "both", "both.ts"]), @"");
    assert_eq!(here.read("both.ts"), THIRD);
    insta::assert_snapshot!(here.run(&["push", "both.ts", "--force"]), @"");
    insta::assert_snapshot!(there.run(&["pull", "both"]), @"");
    assert_eq!(there.read("both.tsx"), THIRD);
    there.write("both.tsx", SECOND);
    insta::assert_snapshot!(there.run(&["pull", "both", "--force"]), @"");
    assert_eq!(there.read("both.tsx"), THIRD);
}

#[test]
fn a_name_that_is_there_already() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    person.get(&["vals", "create", "here", "--code", FIRST]);
    person.write("here.ts", SECOND);
    insta::assert_snapshot!(person.run(&["push", "here.ts"]), @"");
    insta::assert_snapshot!(person.run(&["pull", "here", "here.ts"]), @"");
    assert_eq!(person.read("here.ts"), SECOND);
    person.write("bad-name!.ts", FIRST);
    insta::assert_snapshot!(person.run(&["push", "bad-name!.ts"]), @"");
}

#[test]
fn what_does_not_compile_is_saved_and_shown() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    person.write("odd.ts", "const é = 1;\nexport default () => é +;\n");
    insta::assert_snapshot!(person.run(&["push", "odd.ts"]), @"");
    insta::assert_snapshot!(person.run(&["run", "odd"]), @"");
    assert_eq!(person.json(&["vals", "show", "odd"])["version"], 0);
}

#[test]
fn folders() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    person.write("app/main.ts", "import { two } from './lib/two.ts';\nexport default () => two + 1;\n");
    person.write("app/lib/two.ts", "export const two = 2;\n");
    insta::assert_snapshot!(person.run(&["push", "app"]), @"");
    insta::assert_snapshot!(person.run(&["run", "app"]), @"");
    insta::assert_snapshot!(person.run(&["pull", "app", "copy"]), @"");
    assert_eq!(person.read("copy/lib/two.ts"), "export const two = 2;\n");
    person.write("copy/main.ts", "export default () => 4;\n");
    std::fs::remove_dir_all(person.path("copy/lib")).unwrap();
    person.get(&["push", "copy", "--name", "app"]);
    insta::assert_snapshot!(person.run(&["pull", "app", "app"]), @"");
    assert_eq!(person.get(&["run", "app"]), "4\n");
}
