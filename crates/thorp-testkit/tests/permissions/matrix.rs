//! The matrix: every row of the table on every route, in both dialects, in a real town. One town for each mode and dialect;
//! what is told of a cell that fails is its row, mode, dialect and route, what was expected and what came.

use crate::cells::{Cell, Tried, is_as_expected, is_told};
use crate::programs::{Dialect, USERS, asked, evaluated};
use crate::record;
use crate::routes::{Route, routes};
use crate::stage::Stage;
use crate::table::{Expected, Mode, Row, TABLE, secret_of};
use serde_json::{Value, json};

/// A run of the matrix in one town.
struct Matrix {
    stage: Stage,
    mode: Mode,
    dialect: Dialect,
    asserted: usize,
    failed: Vec<String>,
}

/// Assertions of a cell: what came back, and what the store holds afterwards.
const OF_A_CELL: usize = 2;

/// How many assertions a mode has in one dialect.
fn assertions(mode: Mode) -> usize {
    let cells = routes(mode)
        .iter()
        .flat_map(|route| TABLE.iter().map(|row| (*route, row)));
    let denied = cells
        .clone()
        .filter(|(route, row)| is_denied(mode, *route, row));
    cells.count() * OF_A_CELL + denied.count() + USERS.len()
}

/// Whether A's record must say that the cell was denied.
fn is_denied(mode: Mode, route: Route, row: &Row) -> bool {
    // Inside of `api()` the record is B's, and of nobody's run nobody sees one.
    let is_seen = mode == Mode::Restricted && route != Route::InsideApi;
    is_seen
        && matches!(
            row.expected(mode, route.roles(mode)),
            Expected::Undefined | Expected::Nothing
        )
}

impl Matrix {
    fn run(mode: Mode, dialect: Dialect) {
        let mut matrix = Self {
            stage: Stage::set(dialect),
            mode,
            dialect,
            asserted: 0,
            failed: Vec::new(),
        };
        for route in routes(mode) {
            matrix.route(*route);
        }
        matrix.records();
        let told = matrix.failed.join("\n");
        assert!(
            matrix.failed.is_empty(),
            "{} failed:\n{told}",
            matrix.failed.len()
        );
        assert_eq!(matrix.asserted, assertions(mode));
    }

    /// What only reads is tried in one program; what writes and what sends mail, each in one of its own.
    fn route(&mut self, route: Route) {
        let all: Vec<Cell> = TABLE.iter().map(|row| self.cell(row, route)).collect();
        let (changing, reading): (Vec<Cell>, Vec<Cell>) =
            all.into_iter().partition(|cell| cell.row.changes());
        self.batch(route, &reading);
        for cell in changing {
            self.batch(route, std::slice::from_ref(&cell));
        }
    }

    fn cell(&self, row: &'static Row, route: Route) -> Cell {
        let roles = route.roles(self.mode);
        let named = row.named(roles);
        let denied = is_denied(self.mode, route, row);
        Cell {
            row,
            x: format!(
                "{:?} {:?} {route:?} {}",
                self.mode, self.dialect, row.expression
            ),
            expected: row.expected(self.mode, roles),
            is_foreign: self.mode == Mode::Restricted,
            denied: denied.then(|| asked(self.dialect, &named, roles.b)),
            named,
        }
    }

    fn batch(&mut self, route: Route, cells: &[Cell]) {
        let before = self.stage.seen();
        let (tried, record) = match route.is_http() {
            true => (
                cells.iter().map(|cell| self.post(route, cell)).collect(),
                Value::Null,
            ),
            false => self.eval(route, cells),
        };
        let after = self.stage.seen();
        for (cell, tried) in cells.iter().zip(tried) {
            let wrong = is_as_expected(&cell.expected, &tried).err();
            self.check(route, cell, wrong);
            let wrong = before.differs(&after, cell).err();
            self.check(route, cell, wrong);
            if cell.denied.is_some() {
                self.check(route, cell, is_told(cell, &record).err());
            }
        }
    }

    fn check(&mut self, route: Route, cell: &Cell, wrong: Option<String>) {
        self.asserted += 1;
        self.failed.extend(wrong.map(|wrong| {
            format!(
                "row `{}` ({}), mode {:?}, dialect {:?}, route {route:?}: {wrong}",
                cell.row.expression, cell.named, self.mode, self.dialect
            )
        }));
    }

    /// Has A evaluate the program of some cells; answers what came of each, and the record of the run if A sees it.
    fn eval(&self, route: Route, cells: &[Cell]) -> (Vec<Tried>, Value) {
        let code = evaluated(self.mode, route, self.dialect);
        let pairs: Vec<Value> = cells
            .iter()
            .map(|cell| json!([cell.named, cell.x]))
            .collect();
        let body = json!({ "code": code, "args": [route.how(), pairs] }).to_string();
        let token = match self.mode {
            Mode::Nobody => "",
            _ => self.stage.token("alice"),
        };
        let reply = self.stage.town.post("/v1/eval", token, &body);
        let tried = match reply.status {
            200 => reply
                .json()
                .as_array()
                .unwrap()
                .iter()
                .map(Tried::of)
                .collect(),
            // A run that wrote what it may not has failed when it ended, with all that it tried.
            _ => cells
                .iter()
                .map(|_| Tried::Error(reply.body.clone()))
                .collect(),
        };
        let record = match (token, reply.header("x-thorp-run")) {
            ("", _) | (_, "") => Value::Null,
            _ => record(&self.stage.town, token, &reply),
        };
        (tried, record)
    }

    /// Runs B's library over HTTP.
    fn post(&self, route: Route, cell: &Cell) -> Tried {
        let token = match route {
            Route::RunByNobody => "",
            _ => self.stage.token("alice"),
        };
        let args = json!({ "args": [cell.named, cell.x, "direct", "inside"] });
        let path = format!("/v1/run/bob.{}", self.dialect.lib());
        let reply = self.stage.town.post(&path, token, &args.to_string());
        match (reply.status, reply.header("x-thorp-undefined")) {
            (200, "1") => Tried::Undefined,
            (200, _) => Tried::Value(reply.json()),
            _ => Tried::Error(reply.body),
        }
    }

    /// What is kept of runs has no secret of whose records they are; of a stranger's code, no secret at all.
    fn records(&mut self) {
        for user in USERS {
            let kept = self.stage.records(user);
            let may_have = |other: &str| self.mode == Mode::Api && other != user;
            let found = USERS
                .into_iter()
                .find(|other| !may_have(other) && kept.contains(&secret_of(other)));
            self.asserted += 1;
            self.failed.extend(found.map(|of| {
                format!(
                    "mode {:?}, dialect {:?}: the records of {user} have the secret of {of}",
                    self.mode, self.dialect
                )
            }));
        }
    }
}

macro_rules! matrix {
    ($($test:ident = $mode:ident, $dialect:ident;)*) => {
        $(#[test] fn $test() { Matrix::run(Mode::$mode, Dialect::$dialect); })*

        #[test]
        fn the_matrix_has_all_modes_and_dialects_and_many_assertions() {
            let all = [$((Mode::$mode, Dialect::$dialect)),*];
            for mode in [Mode::Api, Mode::Restricted, Mode::Nobody, Mode::Own] {
                for dialect in [Dialect::Classic, Dialect::Standard] {
                    assert!(all.contains(&(mode, dialect)), "{mode:?} {dialect:?}");
                }
            }
            // Each test above has counted its own.
            let count: usize = all.iter().map(|(mode, _)| assertions(*mode)).sum();
            assert!(count >= 400, "{count}");
        }
    };
}

matrix! {
    by_api_in_the_classic_dialect = Api, Classic;
    by_api_in_the_standard_dialect = Api, Standard;
    as_a_library_in_the_classic_dialect = Restricted, Classic;
    as_a_library_in_the_standard_dialect = Restricted, Standard;
    as_nobodys_library_in_the_classic_dialect = Nobody, Classic;
    as_nobodys_library_in_the_standard_dialect = Nobody, Standard;
    own_code_in_the_classic_dialect = Own, Classic;
    own_code_in_the_standard_dialect = Own, Standard;
}

/// There is no way to ask for what npm has: whatever a caller adds, B's code gets nothing of A's.
#[test]
fn nobody_can_ask_for_library_mode() {
    let stage = Stage::set(Dialect::Classic);
    let code = evaluated(Mode::Restricted, Route::Direct, Dialect::Classic);
    let cells = json!([
        "direct",
        [
            ["@me.secrets.foo", ""],
            ["@alice.secrets.foo", ""],
            ["@alice.privateFoo", ""]
        ]
    ]);
    for (path, field, header) in [
        ("/v1/eval", "mode", "x-none"),
        ("/v1/eval", "library", "x-none"),
        ("/v1/eval?mode=library&library=true", "none", "x-none"),
        ("/v1/eval", "none", "x-thorp-mode"),
    ] {
        let body = json!({ "code": code, "args": cells, field: "library" }).to_string();
        let asked = stage.town.ask("POST", path).token(stage.token("alice"));
        let reply = asked.header(header, "library").json(&body).send();
        let refused = (400..500).contains(&reply.status);
        assert!(
            refused || reply.json() == json!([{}, {}, {}]),
            "{path} {field} {header}: {}",
            reply.body
        );
    }
}

/// What came of a cell is told with all that is needed to find it.
#[test]
fn a_cell_that_fails_is_told() {
    let wrong = is_as_expected(&Expected::Undefined, &Tried::Value(json!("x"))).unwrap_err();
    assert_eq!(wrong, "expected Undefined, got Value(String(\"x\"))");
    assert!(is_as_expected(&Expected::Value("x".to_owned()), &Tried::Value(json!("x"))).is_ok());
    assert!(is_as_expected(&Expected::Error, &Tried::Undefined).is_err());
    assert!(is_as_expected(&Expected::Nothing, &Tried::Error(String::new())).is_err());
}
