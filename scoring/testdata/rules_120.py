"""Writes rules_120.json: 120 invented products of 4 shops, and their association rules counted one by one.

Run it in this folder: python3 rules_120.py > rules_120.json
"""
import itertools
import json
import sys

TYPES = ["Coat", "Scarf", "Lamp", ""]
TAGS = ["wool", "Winter", "winter ", "oak", "Oiled Oak", "sale", "new", "gift", "lamps", "red"]

state = 7
products = []
for index in range(120):
    draws = []
    for _ in range(12):
        state = (state * 1103515245 + 12345) % 2**31
        draws.append(state >> 16)
    kind = draws[0] % 4
    tags = [TAGS[draw % 10] for draw in draws[2 : 2 + draws[1] % 5]]
    # What comes together: coats and scarves are of wool, oak goes with lamps and gifts.
    tags += ["wool", "winter"] if kind < 2 and draws[8] % 3 else []
    tags += ["oak", "gift"] if kind == 2 and draws[9] % 2 else []
    products.append({"shop": f"shop{draws[10] % 4}.example", "type": TYPES[kind], "tags": tags})

baskets = []
for product in products:
    items = {"tag: " + " ".join(tag.lower().split()) for tag in product["tags"]}
    baskets.append(items | ({"type: " + product["type"].lower()} if product["type"] else set()))


def letters(item):
    return "".join(char for char in item.split(": ")[1] if char.isalnum())


rules = []
n = len(products)
for a, b in itertools.permutations(sorted(set().union(*baskets)), 2):
    both = [index for index, items in enumerate(baskets) if a in items and b in items]
    n_a, n_b = (sum(item in items for items in baskets) for item in (a, b))
    shops = {products[index]["shop"] for index in both}
    if len(both) < 5 or len(shops) < 2 or letters(a) in letters(b) or letters(b) in letters(a):
        continue
    confidence, lift = len(both) / n_a, len(both) * n / (n_a * n_b)
    if confidence >= 0.3 and lift > 1.1:
        rules.append(
            {
                "antecedent": a,
                "consequent": b,
                "support": len(both) / n,
                "confidence": confidence,
                "lift": lift,
                "n_products": len(both),
                "n_shops": len(shops),
            }
        )
rules.sort(key=lambda it: (-it["lift"], -it["n_products"], it["antecedent"], it["consequent"]))
json.dump({"products": products, "rules": rules[:200]}, sys.stdout)
print()
