-- Version 1. Times are milliseconds since 1970 in UTC; money is minor units beside an ISO 4217 code.

CREATE TABLE shops (
    id               INTEGER PRIMARY KEY,
    key              TEXT    NOT NULL UNIQUE,
    platform         TEXT    NOT NULL,
    url              TEXT    NOT NULL,
    currency         TEXT    NOT NULL,
    currency_source  TEXT    NOT NULL,
    -- Counts begin_crawl calls: only a ticket with this number may write.
    epoch            INTEGER NOT NULL,
    last_complete_at INTEGER
) STRICT;

-- One pass over one shop.
CREATE TABLE crawls (
    shop_id         INTEGER NOT NULL,
    n               INTEGER NOT NULL,
    started_at      INTEGER NOT NULL,
    finished_at     INTEGER,
    -- The word of the outcome, and of a reason its kind and its sentence; NULL while the pass runs.
    outcome         TEXT,
    stop            TEXT,
    detail          TEXT,
    -- NULL once the last page is stored.
    next_page       INTEGER,
    currency        TEXT    NOT NULL,
    currency_source TEXT    NOT NULL,
    -- Products known and not gone before the pass.
    n_known         INTEGER NOT NULL,
    pages           INTEGER NOT NULL DEFAULT 0,
    products        INTEGER NOT NULL DEFAULT 0,
    new             INTEGER NOT NULL DEFAULT 0,
    changed         INTEGER NOT NULL DEFAULT 0,
    back            INTEGER NOT NULL DEFAULT 0,
    gone            INTEGER NOT NULL DEFAULT 0,
    problems        INTEGER NOT NULL DEFAULT 0,
    bytes           INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (shop_id, n)
) STRICT, WITHOUT ROWID;

-- What a page of a pass held. Kept for a shop's newest pass and its last complete one.
CREATE TABLE pages (
    shop_id  INTEGER NOT NULL,
    crawl_n  INTEGER NOT NULL,
    page     INTEGER NOT NULL,
    products INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    problems INTEGER NOT NULL,
    -- JSON: the number of problems of each kind.
    kinds    TEXT    NOT NULL,
    -- JSON: products.id of every product seen.
    seen     TEXT    NOT NULL,
    PRIMARY KEY (shop_id, crawl_n, page)
) STRICT, WITHOUT ROWID;

CREATE TABLE problems (
    shop_id INTEGER NOT NULL,
    crawl_n INTEGER NOT NULL,
    page    INTEGER NOT NULL,
    -- The place among the page's problems when ordered by idx.
    place   INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    idx     INTEGER,
    product TEXT,
    detail  TEXT    NOT NULL,
    PRIMARY KEY (shop_id, crawl_n, page, place)
) STRICT, WITHOUT ROWID;

-- The numbers of a product, clustered in the order in which lists go: a scan for scores reads this table alone.
-- native_id is an INTEGER or a TEXT, and SQLite's order of the two is NativeId's.
CREATE TABLE products (
    shop_id            INTEGER NOT NULL,
    native_id          ANY     NOT NULL,
    id                 INTEGER NOT NULL,
    hash               BLOB    NOT NULL,
    first_seen_at      INTEGER NOT NULL,
    stored_at          INTEGER NOT NULL,
    gone_at            INTEGER,
    available_ratio    REAL    NOT NULL,
    num_tags           INTEGER NOT NULL,
    avg_price          REAL    NOT NULL,
    num_images         INTEGER NOT NULL,
    description_length INTEGER NOT NULL,
    in_stock           INTEGER NOT NULL,
    -- NULL where no variant has a price.
    currency           TEXT,
    price_min          INTEGER,
    price_max          INTEGER,
    PRIMARY KEY (shop_id, native_id)
) STRICT, WITHOUT ROWID;

-- The texts of a list's line; product_id is products.id.
CREATE TABLE product_texts (
    product_id   INTEGER PRIMARY KEY,
    title        TEXT NOT NULL,
    handle       TEXT NOT NULL,
    vendor       TEXT NOT NULL,
    product_type TEXT NOT NULL,
    url          TEXT NOT NULL,
    image_url    TEXT NOT NULL
) STRICT;

-- The bulk of a product, read one at a time.
CREATE TABLE product_details (
    product_id   INTEGER PRIMARY KEY,
    created_at   INTEGER,
    published_at INTEGER,
    updated_at   INTEGER,
    -- JSON: tags, options, images, variants.
    detail       TEXT NOT NULL,
    body_html    TEXT NOT NULL
) STRICT;

-- Append-only: n counts a product's rows from 1.
-- An offer is absent where its "available" is NULL; -1 there means: there was one, nobody said whether available.
CREATE TABLE observations (
    product_id        INTEGER NOT NULL,
    n                 INTEGER NOT NULL,
    kind              TEXT    NOT NULL,
    variant           TEXT,
    at                INTEGER NOT NULL,
    crawl_n           INTEGER NOT NULL,
    before_available  INTEGER,
    before_currency   TEXT,
    before_price      INTEGER,
    before_compare_at INTEGER,
    after_available   INTEGER,
    after_currency    TEXT,
    after_price       INTEGER,
    after_compare_at  INTEGER,
    PRIMARY KEY (product_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE rankings (
    at      INTEGER NOT NULL,
    preset  TEXT    NOT NULL,
    ranking TEXT    NOT NULL,
    PRIMARY KEY (at, preset)
) STRICT;
