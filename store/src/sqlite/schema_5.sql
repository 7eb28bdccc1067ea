-- Version 5: what the work of tasks used so far, and work that is put off.
CREATE TABLE task_meters (
    task       TEXT    PRIMARY KEY,
    requests   INTEGER NOT NULL,
    tokens     INTEGER NOT NULL,
    cost_nanos INTEGER NOT NULL,
    n_done     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- By SQLite's clock; nobody takes it before.
ALTER TABLE work_items ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0;
