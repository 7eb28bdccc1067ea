-- Version 3: what the balanced score takes of a product, beside the other numbers, as catalog's FeatureInputs says.

ALTER TABLE products ADD COLUMN published_at   INTEGER;
ALTER TABLE products ADD COLUMN discount       REAL;
ALTER TABLE products ADD COLUMN mean_price     REAL;
ALTER TABLE products ADD COLUMN availability   REAL;
ALTER TABLE products ADD COLUMN visible_chars  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN distinct_tags  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN num_variants   INTEGER NOT NULL DEFAULT 0;
-- The bits of an unsigned number.
ALTER TABLE products ADD COLUMN type_key       INTEGER NOT NULL DEFAULT 0;
