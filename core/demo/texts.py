"""The words and tables of the demo data, as they stand in `texts.toml`."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

TEXTS: Mapping[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def people(rng: Random) -> Iterator[str]:
    """Names without a repeat, some 38,000, in an order that the generator settles."""
    lines = TEXTS["cultures"].splitlines()
    pairs = [
        (given, family)
        for givens, families in zip(lines[::2], lines[1::2], strict=True)
        for given in givens.split()
        for family in families.split()
    ]
    names = [f"{given} {family}" for given, family in pairs] + [
        f"{family}{between}{given}"
        for givens, families, between in TEXTS["family_first"]
        for given in givens.split()
        for family in families.split()
    ]
    names.remove(TEXTS["shared_name"])
    rng.shuffle(names)
    yield from names
    for initial in "ABCDEGHJKLMNPRSTVW":
        rng.shuffle(pairs)
        yield from (f"{given} {initial}. {family}" for given, family in pairs)


def comment(rng: Random, *, stars: int, trouble: str) -> str:
    """A comment that fits one to five stars and the trouble of a run: slow, stale or none."""
    texts: Mapping[str, list[str]] = TEXTS["comments"]
    if trouble and stars < 4 and rng.random() < 0.8:
        return rng.choice(texts[trouble]).format(minutes=rng.randint(3, 25))
    liked = "bad" if stars <= 2 else "mixed" if stars == 3 or rng.random() < 0.12 else "good"
    topic, minutes = rng.choice(TEXTS["topics"]), rng.randint(3, 25)
    return rng.choice(texts[liked]).format(topic=topic, minutes=minutes)
