"""`python -m tests.bench.themes FOLDER`: do the themes match what people have annotated?

FOLDER holds `annotated_sentences.csv` and `reviews.csv.gz` of Dabrowski et al., "Mining and
searching app reviews for requirements engineering", Information Systems 114 (2023): sentences with
the features that they are about, in the words of the annotators. These words are put into the
groups below; a sentence counts where all its features are of one group. Without the folder the
bench says so and is done.
"""

import argparse
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    normalized_mutual_info_score,
    v_measure_score,
)

from core.base.settings import ROOT
from core.feedback.themes.model import STOP_WORDS, fit, theme_name
from tests.bench.__main__ import machine
from tests.bench.sync import high_water_mb

# How the annotators' words begin that are about one thing.
GROUPS = {
    "updates": "updat upgrad version",
    "installing": "install reinstall uninstall download",
    "pictures": "pic photo image camera",
    "editing": "edit effect filter crop sticker frame brightness colour color font",
    "watching": "video movie show film stream watch tv episode series subtitle",
    "music": "music song playlist listen shuffle album artist radio play",
    "notes": "note notes notebook list lists clip journal",
    "syncing": "sync synch backup device",
    "searching": "search find brows categor navigat",
    "buying": "bid buy purchas shop sell auction item pay paypal listing order checkout deal",
    "messages": "messag chat text inbox emoji emoticon",
    "calls": "call calls voice",
    "notifications": "notif alert remind",
    "accounts": "log login sign password account register verif",
    "interface": "interface bar ui layout button menu widget tab screen",
    "tweeting": "tweet retweet timeline post feed newsfeed trend hashtag",
    "friends": "friend connect family follow contact touch",
    "opening": "open load start launch crash",
    "advertising": "ad ads advert",
}
FEATURES = ("features_positive", "features_neutral", "features_negative")
SCORES = {
    "V-measure": v_measure_score,
    "NMI": normalized_mutual_info_score,
    "AMI": adjusted_mutual_info_score,
    "ARI": adjusted_rand_score,
}
REPEATS = 10


def group_of(cell):
    """The one group that all features of a sentence are of, else None."""
    found = {
        group
        for word in re.findall("[a-z]+", cell.lower())
        for group, beginnings in GROUPS.items()
        for start in beginnings.split()
        if word == start or (len(start) > 3 and word.startswith(start))
    }
    return found.pop() if len(found) == 1 else None


def annotated(folder):
    """All sentences, and of those that are of one group, that group."""
    sentences = pd.read_csv(folder / "annotated_sentences.csv").fillna("")
    features = sentences[list(FEATURES)].agg(";".join, axis=1)
    return sentences["sentence"], features.map(group_of)


def labels(found):
    """The groups as numbers; what is in none is a group as well."""
    return [-1 if group is None else group for group in found]


def clustered(texts, number, seed):
    """k-means over the same weights of words, as a baseline."""
    weights = TfidfVectorizer(stop_words=sorted(STOP_WORDS), sublinear_tf=True, min_df=2)
    found = KMeans(number, n_init=1, random_state=seed).fit_predict(weights.fit_transform(texts))
    return found.tolist()


def scored(name, truth, found):
    """A line of the report: the mean of each score over the repeats."""
    means = [np.mean([score(truth, one) for one in found]) for score in SCORES.values()]
    out = np.mean([group == -1 for group in found[0]])
    cells = " | ".join(f"{mean:.3f}" for mean in means)
    return f"| {name} | {len(set(found[0]) - {-1})} | {cells} | {out:.0%} |"


def matches(name, texts, truth):
    """The model and its baselines over texts, scored where the truth is known."""
    known = truth.notna().to_numpy()
    model = fit(frozenset(texts))
    number = len(model.terms)
    draw = np.random.default_rng(7)

    def shown(found):
        return [label for label, is_known in zip(found, known, strict=True) if is_known]

    real = truth[known].tolist()
    yield scored(f"{name}: themes", real, [shown(labels(model.groups_of(list(texts))))])
    kmeans = [shown(clustered(texts, number, seed)) for seed in range(REPEATS)]
    yield scored(f"{name}: k-means of words", real, kmeans)
    chance = [draw.integers(0, number, len(real)).tolist() for _ in range(REPEATS)]
    yield scored(f"{name}: random", real, chance)


def timed(reviews):
    started = time.perf_counter()
    model = fit(frozenset(reviews))
    learnt = time.perf_counter() - started
    groups = model.groups_of(reviews)
    unassigned = sum(group is None for group in groups) / len(groups)
    names = [
        theme_name(terms, [text]) for terms, text in zip(model.terms, model.nearest, strict=True)
    ]
    yield f"{len(reviews):,} comments: {learnt:.1f} s, peak {high_water_mb('self'):,.0f} MB, "
    yield f"{len(names)} themes, {unassigned:.0%} in none: {'; '.join(names)}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "data" / "reviews_is22")
    folder = parser.parse_args().folder
    if not (folder / "annotated_sentences.csv").exists():
        print(f"Skipped: there is no {folder / 'annotated_sentences.csv'}.")
        return
    sentences, truth = annotated(folder)
    known = truth.notna()
    print(f"{known.sum()} of {len(truth)} sentences are about one of {truth.nunique()} groups\n")
    print(
        f"| what | groups | {' | '.join(SCORES)} | in none |\n|---|---:|---:|---:|---:|---:|---:|"
    )
    for line in matches("these sentences", sentences[known], truth[known]):
        print(line, flush=True)
    for line in matches("among all sentences", sentences, truth):
        print(line, flush=True)
    reviews = pd.read_csv(folder / "reviews.csv.gz")["comment"].dropna().tolist()
    print("\n", *timed(reviews), f"\n{machine()}", sep="")


if __name__ == "__main__":
    main()
