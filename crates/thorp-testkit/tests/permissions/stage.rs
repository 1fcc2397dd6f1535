//! A town with three users, who have what the table speaks of, and what its store holds.

use crate::cells::Seen;
use crate::programs::{Dialect, USERS, vals};
use crate::table::secret_of;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use thorp_testkit::TestTown;

/// A town with alice, bob and carol.
pub(crate) struct Stage {
    pub(crate) town: TestTown,
    tokens: BTreeMap<&'static str, String>,
}

/// How much the town's clock is before the machine's, in microseconds: mail has a rate.
static AHEAD: AtomicI64 = AtomicI64::new(0);
const MINUTE_MICROS: i64 = 60_000_000;

fn clock() -> i64 {
    jiff::Timestamp::now().as_microsecond() + AHEAD.load(Ordering::Relaxed)
}

impl Stage {
    /// With all vals that programs of a dialect need.
    pub(crate) fn set(dialect: Dialect) -> Self {
        let town = TestTown::start_with(|config| {
            config.clock = clock;
        });
        let tokens = USERS.map(|user| (user, town.add_user(user)));
        let stage = Self {
            town,
            tokens: tokens.into(),
        };
        for user in USERS {
            stage.furnish(user);
        }
        // Libraries of others are there before those who call them.
        for user in ["carol", "alice", "bob"] {
            for (name, code) in vals(user, dialect) {
                stage.save(user, &name, "public", &code);
            }
        }
        stage
    }

    pub(crate) fn token(&self, user: &str) -> &str {
        &self.tokens[user]
    }

    fn furnish(&self, user: &str) {
        let token = self.token(user);
        let email = json!({ "email": format!("{user}@example.com") }).to_string();
        let _ = self.town.patch("/v1/me", token, &email).expect(200);
        let secret = json!({ "value": secret_of(user) }).to_string();
        let put = self.town.ask("PUT", "/v1/secrets/foo").token(token);
        let _ = put.json(&secret).send().expect(200);
        for (name, privacy, value) in [
            ("privateFoo", "private", format!("private foo of {user}")),
            ("publicFoo", "public", format!("public foo of {user}")),
            ("foo", "private", format!("foo of {user}")),
        ] {
            self.save(
                user,
                name,
                privacy,
                &format!("let {name} = {}", Value::from(value)),
            );
        }
    }

    /// Saves a val, which must be without mistakes.
    pub(crate) fn save(&self, user: &str, name: &str, privacy: &str, code: &str) {
        let body = json!({ "name": name, "privacy": privacy, "code": code }).to_string();
        let saved = self
            .town
            .post("/v1/vals", self.token(user), &body)
            .expect(200);
        let mistakes = saved["diagnostics"].as_array().unwrap();
        let is_error = |one: &&Value| one["severity"] == "error";
        assert_eq!(
            mistakes.iter().find(is_error),
            None,
            "@{user}/{name}: {code}"
        );
    }

    /// What the store holds now.
    pub(crate) fn seen(&self) -> Seen {
        // Nobody has had ten mails in the last minute.
        AHEAD.fetch_add(MINUTE_MICROS, Ordering::Relaxed);
        Seen {
            vals: USERS.map(|user| (user, self.vals_of(user))).into(),
            mails: USERS.map(|user| (user, self.mails_of(user))).into(),
        }
    }

    fn vals_of(&self, user: &str) -> BTreeMap<String, (i64, String)> {
        let list = self.list("/v1/vals", user);
        let named = list.iter().map(|val| {
            let name = val["name"].as_str().unwrap().to_owned();
            let version = val["version"].as_i64().unwrap();
            let text = match name.as_str() {
                "foo" => self
                    .town
                    .get(&format!("/v1/alias/{user}/foo"), self.token(user))
                    .text("code"),
                _ => String::new(),
            };
            (name, (version, text))
        });
        named.collect()
    }

    fn mails_of(&self, user: &str) -> Vec<String> {
        let list = self.list("/v1/me/emails", user);
        list.iter()
            .map(|mail| mail["subject"].as_str().unwrap().to_owned())
            .collect()
    }

    /// All that is kept of a user's runs, as text.
    pub(crate) fn records(&self, user: &str) -> String {
        let runs = self.list("/v1/me/runs", user);
        let paths = runs
            .iter()
            .map(|run| format!("/v1/runs/{}", run["id"].as_str().unwrap()));
        paths
            .map(|path| self.town.get(&path, self.token(user)).body)
            .collect()
    }

    /// All pages of a list.
    fn list(&self, path: &str, user: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let page = format!("{path}?limit=100&offset={}", all.len());
            let page = self.town.get(&page, self.token(user)).expect(200);
            let items = page["data"].as_array().unwrap();
            all.extend(items.iter().cloned());
            if items.len() < 100 {
                return all;
            }
        }
    }
}
