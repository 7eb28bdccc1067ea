//! The help of `trouvaille export`: examples, and what the columns mean.

pub(super) const TEXT: &str = "Examples:
  trouvaille export products --out products.csv
  trouvaille export products --shop shop.example --format excel --out shop.csv
  trouvaille export products --search 'wool shoe' --sort cheapest
  trouvaille export top-k                      the latest ranking, as it was made
  trouvaille export changes                    what happened in the last 7 days
  trouvaille export changes --since 2026-11-01 --kind cheaper --kind discount_start
  trouvaille export history --product shopify:shop.example:123
  trouvaille export crawls --format jsonl      every pass over every shop
  trouvaille export problems                   what could not be read, and why
  trouvaille export segments --out segments.csv
  trouvaille export segments --type Shoes --segments 8 --preset my.toml
  trouvaille export rules --out rules.csv      which types and tags come together

products: what is in the shops now, in the order of product_id, with the columns of top_k.csv but \
rank, score, coverage and contrib_*; avg_price is not rounded. Its popularity_score is simulated \
(popularity_source = simulated). --search finds products of which each word begins a word of \
title, vendor, type or tags, whatever its case and accents; best ranked first unless --sort says \
another order.

history: every observation, each product's oldest first, also of products that are gone. kind is \
new, changed, gone, back or ranked; a row without a variant is about the whole product, with its \
least price. n counts a product's observations, and crawl is the number of the pass that saw it. \
ranked without a rank: it had a place at rank_source and is not among the first places_read any more. \
stock_before and stock_after are how many of a variant there were, where the shop tells both and they differ.

changes: what the observations show, oldest first: new, gone, back (with the product's least \
price), cheaper, dearer, discount_start, discount_end, sold_out, restocked (of a variant). \
price_change_percent has one decimal. One observation can show several changes. bestseller_up and \
bestseller_down are moves into the first 10 or 50 places of the shop's order by sales, or out of \
them; place_before, place_after and place_source say from where to where, and who says so. Without \
place_after a product is in the order no more, as far as its first places_read were read. stock_before and stock_after: as in history, in each line of one observation.

segments: groups of products that are alike in what they are ranked by, found by k-means; one row \
per product, in the order of product_id. segment is its letter, A for the greatest, as in the pictures and the \
report; description says what sets a segment apart from all \
products; score is the preset's; distance_to_centre is small for what is typical of the segment. \
neighbour_distance is the mean distance to the ten nearest products: is_outlier tells those that \
stand alone (six robust standard deviations above the median, at most 5 percent), and stands_out \
names the feature in which the fewest products are as high or as low. u_*: the features, from 0 to 1; 0.5 where unknown.

rules: pairs of a type or tag with another that come together more often than by chance, in at \
least 2 shops, on at least 5 products and a thousandth of all. support: the share of all \
products with both; confidence: of those with the antecedent, how many have the consequent too; \
lift: how many times more often than by chance. The best 200, greatest lift first. \
Reads every product of the store whole.

csv: RFC 4180, UTF-8. excel: with a byte-order mark, semicolons and decimal commas; opens by a \
double click where Excel expects those, as in most of Europe. In both, a text cell that begins \
with = + - @ gets a leading ', so that no spreadsheet runs it as a formula. jsonl: one JSON object per line, texts as they are.

Exit codes: 0 done, 1 an error, 2 wrong usage.";
