-- A value is kept only as its key's owner sealed it; `revision` is the one of the user at which that was done.
CREATE TABLE secrets (
    user_id BYTEA NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    key_id TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    packages BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, name)
);
CREATE INDEX secrets_by_key ON secrets (key_id);

-- Counts every change of a user's secrets, and outlives them: a number never means two states.
CREATE TABLE secret_revisions (
    user_id BYTEA NOT NULL PRIMARY KEY REFERENCES users (id),
    revision BIGINT NOT NULL
);
