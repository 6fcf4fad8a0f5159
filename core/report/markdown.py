"""A report as Markdown: tables and sentences, the charts in words."""

import re
from collections.abc import Iterator

from core.report.document import (
    Block,
    Bullets,
    Callout,
    Chart,
    Code,
    Document,
    Heading,
    Judgement,
    Paragraph,
    Table,
    cell_text,
    clean_text,
    line_text,
)

# Signs that Markdown, or the HTML and the mathematics in it, reads wherever they stand.
ANYWHERE = re.compile(r"([\\`*_\[\]<>|~$&])")
# Those that mean something at the beginning of a line only; and addresses, which become links.
AT_START = re.compile(r"^([-+=#:]|\d+(?=[.)](?:\s|$)))")
LINKS = re.compile(r"(?<=\w)([:@])(?=[\w/])|(?<=www)(\.)", re.IGNORECASE)
TIME_OF_DAY = re.compile(r"(?<=\d)\\:(?=\d)")


def write(document: Document) -> bytes:
    """The document in GitHub's Markdown, UTF-8; every text in it is escaped."""
    badge = ["> **Demo data:** made up, in a store of its own."] if document.is_demo else []
    stamp = "\n".join(f"- {_plain(name)}: {_plain(said)}" for name, said in document.stamp.items())
    head = [f"# {_plain(document.title)}", *badge, f"**{_plain(document.answer)}**", stamp]
    body = [part for block in document.blocks for part in _block(block)]
    return ("\n\n".join([*head, *body]) + "\n").encode("utf-8", errors="replace")


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield f"{'#' * (block.level + 1)} {_plain(block.text)}"
        case Paragraph():
            yield _plain(block.text)
        case Bullets():
            yield "\n".join(f"- {_plain(item)}" for item in block.items)
        case Table() | Code():
            yield f"**{_plain(block.title)}**"
            yield _table(block) if isinstance(block, Table) else _fenced(block)
        case Chart():
            yield f"**{_plain(block.title)}**"
            yield f"{_plain(block.subtitle)}. *Chart: {_plain(block.alt)}*"
        case Callout():
            yield f"> **{block.kind.capitalize()}:** {_plain(block.text)}"
        case Judgement():
            said = (block.said, block.note, f"Owner: {block.owner}")
            rest = ". ".join(_plain(text) for text in said if text)
            yield (
                f"**{_plain(block.label)}: {_plain(block.value)}**, {_plain(block.sign)}"
                f", target {_plain(block.target)}. {rest}."
            )


def _table(table: Table) -> str:
    lines = [
        [_plain(column) for column in table.columns],
        ["---:" if is_right else "---" for is_right in table.is_numeric],
        *([_plain(cell_text(value)) for value in row] for row in table.rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _fenced(code: Code) -> str:
    """The text in a fence that is longer than any in it."""
    text = clean_text(code.text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{code.language}\n{text}\n{fence}"


def _plain(text: str) -> str:
    """The text on one line, shown as it is."""
    escaped = LINKS.sub(r"\\\g<0>", ANYWHERE.sub(r"\\\1", line_text(text)))
    escaped = TIME_OF_DAY.sub(":", escaped)
    found = AT_START.match(escaped)
    if found is None:
        return escaped
    start, rest = found[1], escaped[found.end() :]
    return f"{start}\\{rest}" if start.isdigit() else f"\\{start}{rest}"
