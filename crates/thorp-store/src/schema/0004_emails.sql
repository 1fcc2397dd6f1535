-- Where a user gets mail, and the mail that their vals sent.
ALTER TABLE users ADD COLUMN email TEXT;

-- `message` is JSON: what it says and what is attached. `bytes` is what a row counts for in a user's share.
CREATE TABLE emails (
    id BYTEA NOT NULL PRIMARY KEY,
    user_id BYTEA NOT NULL REFERENCES users (id),
    run_id BYTEA NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    message TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX emails_by_user ON emails (user_id, created_at);
CREATE INDEX emails_by_time ON emails (created_at);
CREATE INDEX emails_due ON emails (next_attempt_at) WHERE state = 'queued';
