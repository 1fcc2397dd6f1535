-- Whether each run of a val has a sandbox of its own, and the runs that a run called.
ALTER TABLE vals ADD COLUMN isolation TEXT NOT NULL DEFAULT 'warm';
CREATE INDEX runs_by_parent ON runs (parent_id) WHERE parent_id IS NOT NULL;
