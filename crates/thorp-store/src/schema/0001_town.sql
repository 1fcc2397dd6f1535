-- Portable: `BYTEA`, `BIGINT`, `TEXT` and `BOOLEAN` mean on SQLite what they mean on PostgreSQL.
-- Ids are UUIDs of 16 bytes, times are microseconds since 1970, hashes are SHA-256 of 32 bytes.

CREATE TABLE users (
    id BYTEA NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_lower TEXT NOT NULL UNIQUE,
    operator BOOLEAN NOT NULL,
    bio TEXT,
    profile_image_url TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX users_by_time ON users (created_at);

CREATE TABLE tokens (
    id BYTEA NOT NULL PRIMARY KEY,
    user_id BYTEA NOT NULL REFERENCES users (id),
    sha256 BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX tokens_by_user ON tokens (user_id, created_at);

CREATE TABLE vals (
    id BYTEA NOT NULL PRIMARY KEY,
    owner_id BYTEA NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    name_lower TEXT NOT NULL,
    privacy TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    readme TEXT,
    live_version BIGINT NOT NULL,
    next_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX vals_living_names ON vals (owner_id, name_lower) WHERE deleted_at IS NULL;
CREATE INDEX vals_by_owner ON vals (owner_id, updated_at);

CREATE TABLE val_redirects (
    owner_id BYTEA NOT NULL REFERENCES users (id),
    name_lower TEXT NOT NULL,
    val_id BYTEA NOT NULL REFERENCES vals (id),
    since BIGINT NOT NULL,
    PRIMARY KEY (owner_id, name_lower)
);

CREATE TABLE files (
    hash BYTEA NOT NULL PRIMARY KEY,
    text TEXT NOT NULL
);

CREATE TABLE compiled (
    hash BYTEA NOT NULL PRIMARY KEY,
    json TEXT NOT NULL
);

CREATE TABLE dependency_sets (
    id BYTEA NOT NULL PRIMARY KEY,
    user_id BYTEA NOT NULL REFERENCES users (id),
    manifest_key TEXT NOT NULL,
    folder_hash BYTEA NOT NULL,
    lock TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);
CREATE INDEX dependency_sets_by_key ON dependency_sets (user_id, manifest_key, created_at);
CREATE INDEX dependency_sets_by_folder ON dependency_sets (folder_hash);
CREATE INDEX dependency_sets_by_use ON dependency_sets (last_used_at);

CREATE TABLE versions (
    val_id BYTEA NOT NULL REFERENCES vals (id),
    version BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    entry TEXT NOT NULL,
    message TEXT,
    origin BIGINT,
    base BIGINT,
    created_at BIGINT NOT NULL,
    created_by BYTEA NOT NULL REFERENCES users (id),
    compiled_hash BYTEA REFERENCES compiled (hash),
    facts TEXT NOT NULL,
    diagnostics TEXT NOT NULL,
    lock TEXT NOT NULL,
    dependency_set_id BYTEA REFERENCES dependency_sets (id),
    runnable BOOLEAN NOT NULL,
    PRIMARY KEY (val_id, version)
);
CREATE INDEX versions_by_compiled ON versions (compiled_hash);
CREATE INDEX versions_by_dependency_set ON versions (dependency_set_id);

CREATE TABLE version_files (
    val_id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    path TEXT NOT NULL,
    file_hash BYTEA NOT NULL REFERENCES files (hash),
    PRIMARY KEY (val_id, version, path),
    FOREIGN KEY (val_id, version) REFERENCES versions (val_id, version)
);
CREATE INDEX version_files_by_hash ON version_files (file_hash);

-- No foreign keys: a run outlives what it mentions, and its insert is the hottest write of the town.
-- The long texts are last, so that lists don't read them.
CREATE TABLE runs (
    id BYTEA NOT NULL PRIMARY KEY,
    val_id BYTEA,
    version BIGINT,
    caller_id BYTEA,
    run_as_id BYTEA,
    parent_id BYTEA,
    trigger_name TEXT NOT NULL,
    status TEXT NOT NULL,
    result_undefined BOOLEAN NOT NULL,
    logs_truncated BOOLEAN NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    queue_micros BIGINT NOT NULL,
    start_micros BIGINT NOT NULL,
    run_micros BIGINT NOT NULL,
    cpu_micros BIGINT NOT NULL,
    memory_bytes BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    error TEXT,
    code TEXT,
    args TEXT NOT NULL,
    result TEXT,
    logs TEXT NOT NULL,
    egress TEXT
);
CREATE INDEX runs_by_time ON runs (started_at);
CREATE INDEX runs_by_val ON runs (val_id, started_at);
CREATE INDEX runs_by_run_as ON runs (run_as_id, started_at);
CREATE INDEX runs_by_caller ON runs (caller_id, started_at);

-- One row, kept up to date once a transaction, so that retention never has to add up all runs.
CREATE TABLE run_totals (
    id BIGINT NOT NULL PRIMARY KEY,
    runs BIGINT NOT NULL,
    bytes BIGINT NOT NULL
);
INSERT INTO run_totals (id, runs, bytes) VALUES (1, 0, 0);

CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
