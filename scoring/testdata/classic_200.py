"""Writes classic_200.csv: 200 invented products and scikit-learn's answer (needs scikit-learn==1.9.1, numpy==2.4.6).

`rank` and `score` are those of the rows as they stand, `flat_rank` and `flat_score` those of the same rows with
3 tags and a price of 19.99 each. Run it in this folder: python3 classic_200.py > classic_200.csv
"""
import csv
import random
import sys

import numpy as np
from sklearn.preprocessing import MinMaxScaler

METRICS = ["available_ratio", "num_tags", "avg_price", "num_images", "description_length"]
WEIGHTS = [0.25, 0.10, 0.20, 0.15, 0.10, 0.20]
random.seed(20261121)


def product(native_id, shop):
    n_variants = random.choice([0, 1, 1, 1, 2, 3, 4, 6, 7])
    prices = [round(random.lognormvariate(3.6, 1.1), 2) for _ in range(n_variants)]
    mean = 0.0
    for price in prices:
        mean += price
    mean = mean / n_variants if n_variants else 0.0
    available = sum(random.random() < 0.8 for _ in prices)
    ratio = available / n_variants if n_variants else 0.0
    length = random.choice([0, int(random.lognormvariate(6.2, 1.0))])
    return [native_id, shop, ratio, random.randrange(25), mean, min(int(random.expovariate(0.2)), 250), length]


rows = [product(random.randrange(10**12, 8 * 10**12), random.choice("abc") + ".example") for _ in range(170)]
rows[0][4] = 12_345_678.9  # one absurd price squeezes the column
# Ties: the same id in two shops, and ids that differ by the modulus of the popularity.
rows += [[row[0], "z.example", *row[2:]] for row in rows[:15]]
rows += [[row[0] + 1_000_003, *row[1:]] for row in rows[:15]]
random.shuffle(rows)


def ranked(rows):
    matrix = [[*row[2:], (row[0] % 1_000_003 * 7919 % 1000) / 10] for row in rows]
    scaled = MinMaxScaler().fit_transform(np.array(matrix, dtype=float))
    scaled[:, 2] = 1 - scaled[:, 2]
    scores = sum(WEIGHTS[j] * scaled[:, j] for j in range(6))
    order = sorted(range(len(rows)), key=lambda i: (-scores[i], rows[i][0], rows[i][1]))
    ranks = {index: rank for rank, index in enumerate(order, 1)}
    return [[ranks[i], repr(float(scores[i]))] for i in range(len(rows))]


flat = [[*row[:3], 3, 19.99, *row[5:]] for row in rows]
writer = csv.writer(sys.stdout, lineterminator="\n")
writer.writerow(["id", "shop", *METRICS, "rank", "score", "flat_rank", "flat_score"])
for row, answer, flat_answer in zip(rows, ranked(rows), ranked(flat)):
    writer.writerow([*row, *answer, *flat_answer])
