//! The ways by which an expression comes to be evaluated, and who is who on each. Pure.

use crate::table::{Mode, Roles};

/// A way from A's program, which is evaluated as A, to the expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// It is called.
    Direct,
    /// It calls a function that it was given, with the value.
    Callback,
    /// It is itself called by a function of the language.
    Function,
    /// A property of what it answers is read.
    Getter,
    /// What it answers becomes JSON.
    ToJson,
    /// What it answers is waited for.
    Thenable,
    /// What it answers is a `Proxy`, of which a property is read.
    Proxy,
    /// It was imported while the program ran.
    Dynamic,
    /// A to B to A.
    Back,
    /// A to B to C.
    Third,
    /// The program that calls it is of the other dialect.
    OtherDialect,
    /// B's function runs as B, by `api()`, and calls C's.
    InsideApi,
    /// `POST /v1/run` by A.
    Run,
    /// `POST /v1/run` by nobody.
    RunByNobody,
    /// B's function, called as one, calls C's by `api()`.
    ApiOfLibrary,
    /// A's program is one of several vals, and the expression stands in another than the first.
    OwnVal,
}

use Route::{
    ApiOfLibrary, Back, Callback, Direct, Dynamic, Function, Getter, InsideApi, OtherDialect,
    OwnVal, Proxy, Run, RunByNobody, Thenable, Third, ToJson,
};

/// Those that there are for a mode.
pub(crate) fn routes(mode: Mode) -> &'static [Route] {
    match mode {
        Mode::Restricted => &[
            Direct,
            Callback,
            Function,
            Getter,
            ToJson,
            Thenable,
            Proxy,
            Dynamic,
            Back,
            Third,
            OtherDialect,
            InsideApi,
        ],
        Mode::Api => &[
            Direct,
            Run,
            RunByNobody,
            Back,
            Third,
            ApiOfLibrary,
            Getter,
            ToJson,
            Thenable,
            Proxy,
        ],
        Mode::Own => &[
            Direct, OwnVal, Callback, Function, Getter, ToJson, Thenable, Proxy, Dynamic,
        ],
        Mode::Nobody => &[Direct, Callback, Getter, Third],
    }
}

impl Route {
    /// Who is A and who is B of the table.
    pub(crate) fn roles(self, mode: Mode) -> Roles {
        let (a, b) = match (mode, self) {
            // The caller's own code that is reached through another's: foreign to its own author.
            (Mode::Restricted, Back) => ("alice", "alice"),
            (Mode::Api, Back) => ("bob", "alice"),
            (_, InsideApi) => ("bob", "carol"),
            (_, Third | ApiOfLibrary) => ("alice", "carol"),
            _ => ("alice", "bob"),
        };
        Roles { a, b }
    }

    /// What a function of the matrix is told to do with its value.
    pub(crate) fn how(self) -> &'static str {
        match self {
            Callback => "callback",
            Function => "function",
            Getter => "getter",
            ToJson => "toJSON",
            Thenable => "thenable",
            Proxy => "proxy",
            _ => "direct",
        }
    }

    /// Whether it is asked for over HTTP, and by no program.
    pub(crate) fn is_http(self) -> bool {
        matches!(self, Run | RunByNobody)
    }
}
