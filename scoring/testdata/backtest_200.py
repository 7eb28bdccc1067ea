"""Writes backtest_200.json: scikit-learn's and scipy's measures of classic_200.csv (scikit-learn 1.9.1, scipy 1.17.1).

How well does each metric as a score foretell more than 5 images (AUC, correlation), and the length of the description?
Run it in this folder: python3 backtest_200.py > backtest_200.json
"""
import csv
import json
import sys

from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

METRICS = ["available_ratio", "num_tags", "avg_price", "num_images", "description_length"]

with open("classic_200.csv", newline="") as file:
    lines = list(csv.DictReader(file))
column = {name: [float(line[name]) for line in lines] for name in METRICS}
is_event = [n > 5 for n in column["num_images"]]
json.dump(
    {
        "n_events": sum(is_event),
        "auc": [float(roc_auc_score(is_event, column[name])) for name in METRICS],
        "spearman_of_event": [float(spearmanr(column[name], is_event).statistic) for name in METRICS],
        "spearman": [float(spearmanr(column[name], column["description_length"]).statistic) for name in METRICS],
    },
    sys.stdout,
    indent=1,
)
print()
