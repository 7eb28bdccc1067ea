-- Version 2: leases, search, hashes and ranks in the history, summaries, robots.txt files.

-- Who may crawl a shop. A row stays when its lease ends and when its shop is forgotten, since epochs never fall.
CREATE TABLE leases (
    shop       TEXT    PRIMARY KEY,
    owner      TEXT    NOT NULL,
    -- Counts the owners: only a ticket with this number may write.
    epoch      INTEGER NOT NULL,
    -- By SQLite's clock; 0 once given back.
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO leases SELECT key, '', epoch, 0 FROM shops;
ALTER TABLE shops DROP COLUMN epoch;
ALTER TABLE shops ADD COLUMN is_paused INTEGER NOT NULL DEFAULT 0;

-- The shop's own date: when it published the product, or else made it.
ALTER TABLE products ADD COLUMN listed_at INTEGER;
UPDATE products SET listed_at = (
    SELECT COALESCE(d.published_at, d.created_at) FROM product_details d WHERE d.product_id = products.id);

-- The way from a row id, as observations and search have it, back to its product. Cheaper here than an index.
ALTER TABLE product_texts ADD COLUMN shop_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE product_texts ADD COLUMN native_id ANY;
UPDATE product_texts SET (shop_id, native_id) = (p.shop_id, p.native_id)
FROM products p WHERE p.id = product_texts.product_id;

-- The product's content from now on; NULL where no content was read, and in rows of version 1.
ALTER TABLE observations ADD COLUMN hash BLOB;
-- The place in the shop's best-selling order, of kind 'ranked' alone; below 0: at none of so many places that were read.
ALTER TABLE observations ADD COLUMN rank INTEGER;
CREATE INDEX observations_by_time ON observations (at);

-- The words of each product, as catalog's search_words gives them; rowid is products.id. Every byte beyond ASCII
-- is part of a word, so that our own normalisation alone decides.
CREATE VIRTUAL TABLE search USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
-- A crawl adds a segment per page; merging them sixteen at a time writes each word less often than four at a time.
INSERT INTO search (search, rank) VALUES ('automerge', 16);

CREATE TABLE summaries (
    subject    TEXT    NOT NULL,
    language   TEXT    NOT NULL,
    input_hash TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    summary    TEXT    NOT NULL,
    PRIMARY KEY (subject, language, input_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE robots (
    origin     TEXT    PRIMARY KEY,
    status     INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    fetched_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
