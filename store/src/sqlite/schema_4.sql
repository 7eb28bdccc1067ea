-- Version 4: durable tasks, as catalog's TaskStore says.

-- A task's small columns, which every event writes and every watcher reads.
CREATE TABLE tasks (
    id         TEXT    PRIMARY KEY,
    agent      TEXT    NOT NULL,
    caller     TEXT    NOT NULL,
    context    TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    -- The number of the newest event, and when that was.
    seq        INTEGER NOT NULL,
    event_at   INTEGER NOT NULL,
    state_at   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    note       TEXT,
    -- JSON.
    data       TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX tasks_by_caller ON tasks (caller, state_at DESC, id DESC);
CREATE INDEX tasks_by_time ON tasks (state_at DESC, id DESC);

-- What few events write: two JSON lists.
CREATE TABLE task_bodies (
    task      TEXT PRIMARY KEY,
    messages  TEXT NOT NULL,
    artifacts TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE task_events (
    task   TEXT    NOT NULL,
    seq    INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    -- JSON.
    change TEXT    NOT NULL,
    PRIMARY KEY (task, seq)
) STRICT, WITHOUT ROWID;

-- What callers called their requests.
CREATE TABLE task_keys (
    caller       TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    request_hash TEXT    NOT NULL,
    task         TEXT    NOT NULL,
    -- By recorded time.
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_keys_by_task ON task_keys (task);

-- In the order of their ids, items are taken.
CREATE TABLE work_items (
    id          INTEGER PRIMARY KEY,
    task        TEXT    NOT NULL,
    n           INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    -- JSON, as the result is.
    payload     TEXT    NOT NULL,
    is_last     INTEGER NOT NULL,
    -- Neither done, nor of a task that ended.
    is_open     INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    failures    INTEGER NOT NULL DEFAULT 0,
    -- Counts the holders: only the newest may write.
    epoch       INTEGER NOT NULL DEFAULT 0,
    owner       TEXT    NOT NULL DEFAULT '',
    -- By SQLite's clock; 0 once given back or done.
    lease_until INTEGER NOT NULL DEFAULT 0,
    result      TEXT,
    UNIQUE (task, n)
) STRICT;
CREATE INDEX work_items_open ON work_items (kind, id, task) WHERE is_open = 1;
CREATE INDEX work_items_held ON work_items (key, lease_until, task) WHERE lease_until > 0;
CREATE INDEX work_items_undone ON work_items (task, is_last, n) WHERE result IS NULL;

CREATE TABLE task_chunks (
    task     TEXT    NOT NULL,
    artifact TEXT    NOT NULL,
    n        INTEGER NOT NULL,
    bytes    BLOB    NOT NULL,
    PRIMARY KEY (task, artifact, n)
) STRICT, WITHOUT ROWID;
