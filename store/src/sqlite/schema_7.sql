-- Version 7: passes that take more than one route, pages that need not be read again, limits that hosts taught.

-- JSON: where the route of next_page stands; NULL at its beginning. The last page leaves it where it was, since a pass
-- that nobody ended goes on with that page.
ALTER TABLE crawls ADD COLUMN place TEXT;
-- JSON: what the pass tells of itself; NULL where that is nothing.
ALTER TABLE crawls ADD COLUMN notes TEXT;

-- JSON: what the answer said of its version; NULL where that is nothing, or where its products are no longer as it
-- showed them.
ALTER TABLE pages ADD COLUMN validators TEXT;

-- Where a rank was read; NULL in rows of earlier versions.
ALTER TABLE observations ADD COLUMN source TEXT;

-- What is remembered of hosts and platforms. Gaps are milliseconds.
CREATE TABLE hosts (
    name           TEXT    PRIMARY KEY,
    gap_ms         INTEGER,
    refused_gap_ms INTEGER,
    not_before     INTEGER,
    n_failures     INTEGER NOT NULL,
    at             INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX hosts_by_time ON hosts (at);
