-- Version 9: how a variant's stock moved, where its shop publishes quantities. Both, or neither.

ALTER TABLE observations ADD COLUMN stock_before INTEGER;
ALTER TABLE observations ADD COLUMN stock_after INTEGER;
