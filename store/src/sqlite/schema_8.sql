-- Version 8: a pass over a shop that is as it was reads and writes little.

-- The pages up to same_to that have no row of this pass are as they were in the complete pass same_as. Until the pass is
-- complete itself: then it gets that one's rows.
ALTER TABLE crawls ADD COLUMN same_as INTEGER;
ALTER TABLE crawls ADD COLUMN same_to INTEGER;

-- Products that were gone before the pass, so that with n_known and what the pass counts nobody need count a shop's
-- products. NULL where somebody must, as behind records of another store.
ALTER TABLE crawls ADD COLUMN n_gone_before INTEGER;

-- The pages of every pass, wherever their rows are.
CREATE VIEW all_pages AS
SELECT shop_id, crawl_n, page, products, bytes, problems, kinds, seen, validators FROM pages
UNION ALL
SELECT c.shop_id, c.n, p.page, p.products, 0, p.problems, p.kinds, p.seen, p.validators
FROM crawls c JOIN pages p ON p.shop_id = c.shop_id AND p.crawl_n = c.same_as AND p.page <= c.same_to
WHERE NOT EXISTS (SELECT 1 FROM pages o WHERE o.shop_id = c.shop_id AND o.crawl_n = c.n AND o.page = p.page);
