//! Users and tokens, on a running town and on the folder of one that is not.

use super::support::{Options, Person, Town, town_data};

#[test]
fn a_new_person() {
    let town = Town::start();
    let owner = Person::logged_in(&town, &town.token());
    insta::assert_snapshot!(owner.run(&["whoami"]), @"");
    insta::assert_snapshot!(owner.run(&["user", "add", "ada"]), @"");
    insta::assert_snapshot!(owner.run(&["user", "add", "ada"]), @"");
    let added = owner.json(&["user", "add", "bob"]);
    let bob = Person::logged_in(&town, added["token"].as_str().unwrap());
    insta::assert_snapshot!(bob.run(&["whoami"]), @"");
    insta::assert_snapshot!(bob.run(&["user", "add", "eve"]), @"");
    let list = owner.get(&["user", "list"]);
    assert!(["@owner", "@ada", "@bob"].iter().all(|name| list.contains(name)), "{list}");
    insta::assert_snapshot!(bob.run(&["logout"]), @"");
    insta::assert_snapshot!(bob.run(&["whoami"]), @"");
}

#[test]
fn tokens() {
    let town = Town::start();
    let owner = Person::logged_in(&town, &town.token());
    let made = owner.json(&["token", "create", "--name", "ci", "--scope", "run", "--expires", "1h"]);
    let (id, text) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    insta::assert_snapshot!(owner.run(&["eval", "1 + 1", "--token", text]), @"");
    insta::assert_snapshot!(owner.run(&["vals", "create", "x", "--code", "1", "--token", text]), @"");
    insta::assert_snapshot!(owner.run(&["token", "create", "--name", "laptop"]), @"");
    assert!(owner.get(&["token", "list"]).contains("this one"));
    insta::assert_snapshot!(owner.run(&["token", "revoke", id]), @"");
    insta::assert_snapshot!(owner.run(&["eval", "1 + 1", "--token", text]), @"");
    insta::assert_snapshot!(owner.run(&["login", town.url(), "--token-file", "/dev/null"]), @"");
}

#[test]
fn the_list_of_logins_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let town = Town::start();
    let owner = Person::logged_in(&town, &town.token());
    let mode = |name: &str| std::fs::metadata(owner.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(".config/thorp/config.json"), mode(".config/thorp")], [0o600, 0o700]);
}

#[test]
fn adding_to_the_folder_of_a_town_that_is_not_running() {
    let town = Town::start();
    let mut person = Person::new();
    person.knows(&town);
    let data = town_data(town.folder()).display().to_string();
    let add = ["user", "add", "carol", "--data", &data];
    insta::assert_snapshot!(person.run(&add).replace(&town.id().to_string(), "[process]"), @"");
    let folder = town.stop().folder;
    let added = person.json(&add);
    let town = Town::start_in(folder, &Options::default());
    let carol = Person::logged_in(&town, added["token"].as_str().unwrap());
    insta::assert_snapshot!(carol.run(&["whoami"]), @"");
    insta::assert_snapshot!(person.run(&["user", "add", "dave", "--data", "nope"]), @"");
    assert!(!person.path("nope").exists());
}
