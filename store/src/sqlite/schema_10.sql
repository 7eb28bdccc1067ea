-- Version 10: what was said of a variant's availability before an answer that said nothing. In product_details.detail, too
-- ("l", beside an "a" of 0).

ALTER TABLE observations ADD COLUMN said_before INTEGER;
