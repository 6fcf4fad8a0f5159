"""The registry as Markdown, and the cards of each page.

`python -m core.analytics.handbook` writes the generated parts of the documents.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from core.analytics.definitions import DIMENSIONS, FACTS, METRICS
from core.base.settings import ROOT

# Page, metric, and the name that is short enough for a card.
PANELS: Mapping[str, Mapping[str, str]] = tomllib.loads(
    Path(__file__).with_name("panels.toml").read_text("utf-8")
)
BEGIN, END = "<!-- {}: generated from core/analytics/definitions -->", "<!-- end of {} -->"


def pages_of(metric: str) -> list[str]:
    """The pages that show a metric as a figure; Explore shows every metric."""
    return [page for page, metrics in PANELS.items() if metric in metrics]


def metrics_in_short() -> str:
    """Key and definition of every metric."""
    rows = ((f"`{m.key}`", m.definition) for m in METRICS.values())
    return _table(("metric", "what it is"), rows)


def metrics_in_full() -> str:
    """Every metric with all its words."""
    heads = ("metric", "definition", "formula", "unit", "better", "sample", "of", "owner", "on")
    rows = (
        (
            f"**{m.label}** `{m.key}`",
            m.definition,
            m.formula,
            m.unit,
            m.better,
            f"from {m.smallest_sample}" if m.smallest_sample else "any",
            ", ".join(FACTS[fact].label.lower() for fact in m.facts),
            f"{m.owner}, version {m.version}",
            ", ".join([*pages_of(m.key), "Explore"]),
        )
        for m in METRICS.values()
    )
    return _table(heads, rows)


def dimensions_in_full() -> str:
    """Every dimension with what it groups."""
    heads = ("dimension", "what it is", "groups", "example")
    rows = (
        (
            f"**{d.label}** `{d.key}`" + "".join(f", `{alias}`" for alias in d.aliases),
            d.description,
            ", ".join(FACTS[fact].label.lower() for fact in d.facts),
            str(d.example),
        )
        for d in DIMENSIONS.values()
    )
    return _table(heads, rows)


# A document and the parts in it that are written from the registry.
DOCUMENTS = {
    "README.md": {"metrics": metrics_in_short},
    "docs/definitions.md": {"metrics": metrics_in_full, "dimensions": dimensions_in_full},
}


def rewritten(document: str) -> str:
    """The document with its generated parts renewed and everything else unchanged."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for name, write in DOCUMENTS[document].items():
        begin, end = BEGIN.format(name), END.format(name)
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{write()}\n{end}{after}"
    return text


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    for path in DOCUMENTS:
        Path(ROOT / path).write_text(rewritten(path), encoding="utf-8")
