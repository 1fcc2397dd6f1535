-- What foreign code in a run asked for and did not get (JSON array); NULL if there was nothing.
ALTER TABLE runs ADD COLUMN denied TEXT;
CREATE INDEX runs_denied ON runs (run_as_id, started_at) WHERE denied IS NOT NULL;
