//! Users and tokens, on a running town and on the folder of one that is not.

use super::support::{Options, Person, Town, town_data};

#[test]
fn a_new_person() {
    let town = Town::start();
    let owner = Person::logged_in(&town, &town.token());
    insta::assert_snapshot!(owner.run(&["whoami"]), @r"
    exit: 0
    --- stdout
    @owner (operator) at [town]
    ");
    insta::assert_snapshot!(owner.run(&["user", "add", "ada"]), @r"
    exit: 0
    --- stdout
    [token]
    --- stderr
    added @ada; the token above is shown only now: they sign in with `thorp login [town]`
    ");
    insta::assert_snapshot!(owner.run(&["user", "add", "ada"]), @r"
    exit: 5
    --- stderr
    error: the name `ada` is taken

    hint: choose another name
    ");
    let added = owner.json(&["user", "add", "bob"]);
    let bob = Person::logged_in(&town, added["token"].as_str().unwrap());
    insta::assert_snapshot!(bob.run(&["whoami"]), @r"
    exit: 0
    --- stdout
    @bob at [town]
    ");
    insta::assert_snapshot!(bob.run(&["user", "add", "eve"]), @r"
    exit: 3
    --- stderr
    error: this token does not have the scope `operator`

    hint: use a token that has it
    ");
    let list = owner.get(&["user", "list"]);
    assert!(
        ["@owner", "@ada", "@bob"]
            .iter()
            .all(|name| list.contains(name)),
        "{list}"
    );
    insta::assert_snapshot!(bob.run(&["logout"]), @r"
    exit: 0
    --- stdout
    logged out of [town], where you were @bob
    ");
    insta::assert_snapshot!(bob.run(&["whoami"]), @r"
    exit: 3
    --- stderr
    error: not logged in to any town

    hint: start a town with `thorp serve`, or log in to one with `thorp login URL`
    ");
}

#[test]
fn tokens() {
    let town = Town::start();
    let owner = Person::logged_in(&town, &town.token());
    let made = owner.json(&[
        "token",
        "create",
        "--name",
        "ci",
        "--scope",
        "run",
        "--expires",
        "1h",
    ]);
    let (id, text) = (
        made["id"].as_str().unwrap(),
        made["token"].as_str().unwrap(),
    );
    insta::assert_snapshot!(owner.run(&["eval", "1 + 1", "--token", text]), @r"
    exit: 0
    --- stdout
    2
    ");
    insta::assert_snapshot!(owner.run(&["vals", "create", "x", "--code", "1", "--token", text]), @r"
    exit: 3
    --- stderr
    error: this token does not have the scope `write`

    hint: use a token that has it
    ");
    insta::assert_snapshot!(owner.run(&["token", "create", "--name", "laptop"]), @r"
    exit: 0
    --- stdout
    [token]
    --- stderr
    made the token `laptop`; its text above is shown only now
    ");
    assert!(owner.get(&["token", "list"]).contains("this one"));
    insta::assert_snapshot!(owner.run(&["token", "revoke", id]), @r"
    exit: 0
    --- stdout
    revoked [id]; this cannot be undone
    ");
    insta::assert_snapshot!(owner.run(&["eval", "1 + 1", "--token", text]), @r"
    exit: 3
    --- stderr
    error: the token is not valid

    hint: it may be mistyped, revoked or expired
    ");
    insta::assert_snapshot!(owner.run(&["login", town.url(), "--token-file", "/dev/null"]), @r"
    exit: 2
    --- stderr
    error: that is not a token

    hint: a token is one word that begins with `thorp_`
    ");
}

#[test]
fn the_list_of_logins_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let town = Town::start();
    let owner = Person::logged_in(&town, &town.token());
    let mode = |name: &str| {
        std::fs::metadata(owner.path(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(
        [mode(".config/thorp/config.json"), mode(".config/thorp")],
        [0o600, 0o700]
    );
}

#[test]
fn adding_to_the_folder_of_a_town_that_is_not_running() {
    let town = Town::start();
    let mut person = Person::new();
    person.knows(&town);
    let data = town_data(town.folder()).display().to_string();
    let add = ["user", "add", "carol", "--data", &data];
    insta::assert_snapshot!(person.run(&add).replace(&town.id().to_string(), "[process]"), @r"
    exit: 5
    --- stderr
    error: the data folder `[folder]/data` is in use by process [process]

    hint: stop the other server, or choose another folder with `--data`
    ");
    let folder = town.stop().folder;
    let added = person.json(&add);
    let town = Town::start_in(folder, &Options::default());
    let carol = Person::logged_in(&town, added["token"].as_str().unwrap());
    insta::assert_snapshot!(carol.run(&["whoami"]), @r"
    exit: 0
    --- stdout
    @carol at [town]
    ");
    insta::assert_snapshot!(person.run(&["user", "add", "dave", "--data", "nope"]), @r"
    exit: 2
    --- stderr
    error: there is no folder `nope`

    hint: `--data` names the data folder of a town; `thorp serve` makes one
    ");
    assert!(!person.path("nope").exists());
}

#[test]
fn people_without_a_token() {
    let person = Person::new();
    let town = Town::start();
    insta::assert_snapshot!(person.run(&["eval", "1 + 1", "--url", town.url()]), @r"
    exit: 0
    --- stdout
    2
    ");
    let town = Town::start_in(
        town.stop().folder,
        &Options {
            args: &["--no-anonymous"],
        },
    );
    let said = person
        .run(&["eval", "1 + 1", "--url", town.url()])
        .replace(town.url(), "[town]");
    insta::assert_snapshot!(said, @r"
    exit: 3
    --- stderr
    error: this needs a token

    hint: sign in with `thorp login [town]`
    ");
}

#[test]
fn where_mail_goes() {
    let town = Town::start();
    let owner = Person::logged_in(&town, &town.token());
    insta::assert_snapshot!(owner.run(&["user", "email"]), @r"
    exit: 0
    --- stderr
    you get no mail: `thorp user email ADDRESS` says where it goes
    ");
    insta::assert_snapshot!(owner.run(&["user", "email", "ada@example.com"]), @r"
    exit: 0
    --- stdout
    ada@example.com
    ");
    insta::assert_snapshot!(owner.run(&["user", "email", "nobody"]), @r"
    exit: 2
    --- stderr
    error: `nobody` is not an e-mail address

    hint: write it like `alice@example.com`
    ");
    assert_eq!(owner.json(&["user", "email"])["email"], "ada@example.com");
    insta::assert_snapshot!(owner.run(&["mail", "list"]), @r"
    exit: 0
    --- stdout
    id  subject  to  when  state
    ");
    assert_eq!(owner.json(&["mail", "list"])["data"], serde_json::json!([]));
    let unknown = "019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b";
    insta::assert_snapshot!(owner.run(&["mail", "show", unknown]), @r"
    exit: 3
    --- stderr
    error: there is no mail `[id]`
    ");
    assert_eq!(
        owner.json(&["user", "email", "--none"])["email"],
        serde_json::Value::Null
    );
}
