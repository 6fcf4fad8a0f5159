"""A report as one HTML file: light and dark, printable, no script, and nothing fetched."""

import re
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from itertools import count
from pathlib import Path

from core.charts import ChartSpec, chart_svg
from core.report.document import (
    SIGNS,
    Block,
    Bullets,
    Callout,
    Cell,
    Chart,
    Code,
    Document,
    Heading,
    Judgement,
    Paragraph,
    Table,
    cell_text,
    clean_text,
    is_number,
    line_text,
    unbroken,
)

STYLE = Path(__file__).with_name("report.css")
CHART_WIDTH, BAR_WIDTH = 580, 280
# As wide as each other, so that a text has the room that was measured for it.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
# Whatever a text could slip in, the browser would not load it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
# vl-convert numbers the clip paths of each chart anew.
CLIPS = re.compile(r'(id="|url\(#)(clip\d+)')


def write(document: Document) -> bytes:
    """The document in UTF-8."""
    numbers = count()
    body = "\n".join(part for group in _grouped(document.blocks) for part in _group(group, numbers))
    badge = '<p class="badge">Demo data: made up, in a store of its own</p>'
    stamp = "".join(f"<dt>{_text(n)}</dt><dd>{_text(said)}</dd>" for n, said in _stamp(document))
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_text(document.title)}</title>\n<style>{_style()}</style>\n</head>\n<body>\n"
        f"<header><h1>{_text(document.title)}</h1>{badge if document.is_demo else ''}"
        f'<p class="answer">{_text(document.answer)}</p><dl>{stamp}</dl></header>\n'
        f"<nav>{_contents(document)}</nav>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
    return page.encode("utf-8", errors="replace")


@cache
def _style() -> str:
    return STYLE.read_text(encoding="utf-8")


def _stamp(document: Document) -> Iterator[tuple[str, str]]:
    return ((name, said) for name, said in document.stamp.items() if name != "Demo data")


def _contents(document: Document) -> str:
    tops = [b for b in document.blocks if isinstance(b, Heading) and b.level == 1]
    items = "".join(f'<li><a href="#s{n}">{_text(b.text)}</a></li>' for n, b in enumerate(tops))
    return f"<ol>{items}</ol>"


def _grouped(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Charts beside charts, and verdicts beside verdicts; everything else alone."""
    group: list[Block] = []
    for block in blocks:
        beside = isinstance(block, Chart | Judgement) and group and type(group[-1]) is type(block)
        if not beside and group:
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _group(group: list[Block], numbers: "count[int]") -> Iterator[str]:
    first = group[0]
    if isinstance(first, Chart | Judgement):
        kind = "charts" if isinstance(first, Chart) else "verdicts"
        yield f'<div class="{kind}">'
        for block in group:
            yield _block(block, numbers)
        yield "</div>"
    else:
        yield _block(first, numbers)


def _block(block: Block, numbers: "count[int]") -> str:
    match block:
        case Heading(text, 1):
            made = f'<h2 id="s{next(numbers)}">{_text(text)}</h2>'
        case Heading(text, _):
            made = f"<h3>{_text(text)}</h3>"
        case Paragraph():
            made = f"<p{' class=quiet' if block.quiet else ''}>{_text(block.text)}</p>"
        case Bullets():
            made = f"<ul>{''.join(f'<li>{_text(item)}</li>' for item in block.items)}</ul>"
        case Table():
            made = _table(block)
        case Chart():
            made = (
                f"<figure><figcaption><strong>{_text(block.title)}</strong>"
                f"<span>{_text(block.subtitle)}</span></figcaption>"
                f"{_svg(block.drawn, block.alt, CHART_WIDTH)}</figure>"
            )
        case Code():
            made = f"<h4>{_text(block.title)}</h4><pre><code>{_code(block)}</code></pre>"
        case Callout():
            made = f'<p class="callout {block.kind}">{_text(block.text)}</p>'
        case Judgement():
            made = _judgement(block)
    return made


def _judgement(block: Judgement) -> str:
    kind = block.verdict.lower().replace(" ", "-")
    note = f"<p>{_text(block.note)}</p>" if block.note else ""
    return (
        f'<section class="verdict {kind}"><p class="sign">{_text(SIGNS[block.verdict])}</p>'
        f"<h3>{_text(block.label)}</h3><p class=value>{_text(block.value)}</p>"
        f"{_svg(block.bar, f'{block.label}: {block.verdict}', BAR_WIDTH)}"
        f"<p>Target {_text(block.target)}. {_text(block.said)}.</p>{note}"
        f"<p class=quiet>Owner: {_text(block.owner)}</p></section>"
    )


def _table(table: Table) -> str:
    head = "".join(
        f"<th scope=col{_side(table, n)}>{_text(column)}</th>"
        for n, column in enumerate(table.columns)
    )
    rows = "".join(
        f"<tr>{''.join(f'<td{_right(value)}>{_text(cell_text(value))}</td>' for value in row)}</tr>"
        for row in table.rows
    )
    return (
        f"<div class=table tabindex=0><table><caption>{_text(table.title)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _side(table: Table, n: int) -> str:
    return " class=number" if any(is_number(row[n]) for row in table.rows) else ""


def _right(value: Cell) -> str:
    return " class=number" if is_number(value) else ""


def _svg(drawn: ChartSpec, alt: str, width: int) -> str:
    """The chart as SVG in the page, with its content in words for screen readers."""
    svg = clean_text(chart_svg(drawn, width=width, font=FONT))
    svg = svg[svg.index("<svg") :]
    order = {clip: n for n, clip in enumerate(dict.fromkeys(c for _, c in CLIPS.findall(svg)))}
    # Told apart by what it draws, so that a report of the same data is the same file.
    own = f"c{zlib.crc32(CLIPS.sub('', svg).encode())}-"
    svg = CLIPS.sub(lambda found: f"{found[1]}{own}{order[found[2]]}", svg)
    return f'<div class="chart" role="img" aria-label="{_text(alt)}">{svg}</div>'


def _code(code: Code) -> str:
    return escape(clean_text(code.text), quote=True)


def _text(text: str) -> str:
    return escape(unbroken(line_text(text)), quote=True)
