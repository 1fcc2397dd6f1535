//! Users, tokens, vals, versions and evaluations, kept in SQLite.
