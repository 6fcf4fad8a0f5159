"""`python -m tests.bench.ranks`: how often the intervals of ranks hold the true rank, as a table.

For each kind of field and both orders, over simulated fields: see `tests.testers.fields`. Testers
who are truly equal have all the ranks between them; of these one drawn at random has to be held,
and, more than an interval promises, the first and the last.
"""

import argparse

from tests.testers.fields import FIELDS, covered

COLUMNS = {
    "one": "true rank held",
    "first": "first of equals",
    "last": "last of equals",
    "width": "width, of the field",
    "lucky": "led by luck",
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=200, help="fields of each kind")
    seeds = parser.parse_args().seeds
    print(f"| {seeds} fields | order | {' | '.join(COLUMNS.values())} |")
    print(f"|---|---|{'---:|' * len(COLUMNS)}")
    for kind in FIELDS:
        for order in ("contribution", "quality"):
            found = covered(kind, order, seeds=seeds)
            cells = " | ".join(f"{found[name]:.1%}" for name in COLUMNS)
            print(f"| {kind} | {order} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
