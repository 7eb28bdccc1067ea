"""Writes segments_200.json: scikit-learn's view of classic_200.csv (needs scikit-learn==1.9.1, numpy==2.4.6).

Run it in this folder: python3 segments_200.py > segments_200.json
"""
import csv
import json
import sys

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import MinMaxScaler

METRICS = ["available_ratio", "num_tags", "avg_price", "num_images", "description_length"]

with open("classic_200.csv", newline="") as file:
    lines = list(csv.DictReader(file))
metrics = np.array(
    [[*(float(line[it]) for it in METRICS), (int(line["id"]) % 1_000_003 * 7919 % 1000) / 10] for line in lines]
)
scaled = MinMaxScaler().fit_transform(metrics)
pca = PCA(2).fit(scaled)
kmeans = KMeans(5, n_init=10, random_state=42).fit(scaled)
# The nearest neighbour of a product is the product itself.
neighbours = NearestNeighbors(n_neighbors=11, algorithm="brute").fit(scaled).kneighbors(scaled)[0][:, 1:].mean(axis=1)
median = np.sort(neighbours)[100]
deviation = np.sort(np.abs(neighbours - median))[100]
json.dump(
    {
        "correlation": np.corrcoef(metrics.T).tolist(),
        "pca_components": pca.components_.tolist(),
        "pca_explained_variance": pca.explained_variance_.tolist(),
        "pca_explained_variance_ratio": pca.explained_variance_ratio_.tolist(),
        "kmeans_inertia_best_of_10": float(kmeans.inertia_),
        "neighbour_distance": neighbours.tolist(),
        "outlier_limit": float(median + 6 * 1.4826 * deviation),
    },
    sys.stdout,
    indent=1,
)
print()
