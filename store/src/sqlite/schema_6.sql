-- Version 6: what searches and look-ups read instead of everything.

-- What names a ranking, beside its megabytes of text.
CREATE TABLE ranking_heads (
    at       INTEGER NOT NULL,
    preset   TEXT    NOT NULL,
    n_places INTEGER NOT NULL,
    -- Another one for another text.
    stamp    INTEGER NOT NULL,
    PRIMARY KEY (at, preset)
) STRICT, WITHOUT ROWID;

INSERT INTO ranking_heads
SELECT at, preset,
       CASE WHEN json_valid(ranking) THEN COALESCE(json_array_length(ranking, '$.rows'), 0) ELSE 0 END, 0
FROM rankings;

-- The words of catalog's search_text, a space behind each, to see whether a product has one.
ALTER TABLE product_texts ADD COLUMN words TEXT NOT NULL DEFAULT '';

-- Generations of ids, so that the products of a page go into few leaves: one index over all would have each page of a
-- crawl write hundreds. Who looks something up asks each generation.
CREATE INDEX products_of_handle ON product_texts (product_id >> 12, handle);
CREATE INDEX products_of_shop ON product_texts (shop_id);
CREATE INDEX products_by_price ON products (id >> 13, currency, price_min, id, in_stock) WHERE gone_at IS NULL;
CREATE INDEX products_by_date ON products (id >> 13, listed_at, id, in_stock) WHERE gone_at IS NULL;
