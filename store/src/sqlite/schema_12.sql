-- Version 12: whether an operator added a shop, which is crawled again also where it never gave anything.

ALTER TABLE shops ADD COLUMN is_added INTEGER NOT NULL DEFAULT 0;
