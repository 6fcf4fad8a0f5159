"""How much room text takes on a slide, so that none runs over its edge."""

import unicodedata
from collections.abc import Iterator

# Advance widths of Arial by the em, in groups that are a little wide of the mark.
WIDTHS = {
    **dict.fromkeys("ijl'|.,:;!` \N{NO-BREAK SPACE}", 0.28),
    **dict.fromkeys('frtI()[]{}-/\\"*\N{MIDDLE DOT}\N{BULLET}', 0.37),
    **dict.fromkeys("mwMW%@\N{EM DASH}\N{HORIZONTAL ELLIPSIS}", 0.98),
    **dict.fromkeys("+=<>~", 0.6),
    **dict.fromkeys("OQGCDHNURBAKEPSVXY&", 0.78),
}
LOWER, OTHER, WIDE = 0.56, 0.7, 1.1
BOLD = 1.08
LINE = 1.2
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def _width(text: str) -> float:
    return sum(map(_advance, text))


def _advance(character: str) -> float:
    known = WIDTHS.get(character)
    if known is not None:
        return known
    if character.isascii():
        return LOWER if character.islower() or character.isdigit() else OTHER
    if unicodedata.combining(character):
        return 0.0
    is_wide = unicodedata.east_asian_width(character) in "WF"
    return WIDE if is_wide or ord(character) > 0x2FFF else OTHER + 0.2


def wrapped(text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """The lines of a text at a font size within a width, both in points."""
    most = width / size / (BOLD if bold else 1)
    lines: list[str] = []
    line, used = "", 0.0
    for part in _parts(text, most):
        room = _width(part)
        gap = _width(" ") if line else 0.0
        if line and used + gap + room > most:
            lines.append(line)
            line, used, gap = "", 0.0, 0.0
        line, used = f"{line} {part}" if line else part, used + gap + room
    return [*lines, line]


def _parts(text: str, most: float) -> Iterator[str]:
    """The words of a text, those that are longer than a line in pieces."""
    # Not at a no-break space, which split() would take as well.
    for word in text.split(" "):
        piece, used = "", 0.0
        for character in word:
            room = _advance(character)
            if piece and used + room > most:
                yield piece
                piece, used = "", 0.0
            piece, used = piece + character, used + room
        yield piece


def lines_in(text: str, width: float, size: float, *, bold: bool = False) -> int:
    """How many lines a text takes."""
    return len(wrapped(text, width, size, bold=bold))


def text_height(text: str, width: float, size: float, *, bold: bool = False) -> float:
    """How high a text is, in points."""
    return lines_in(text, width, size, bold=bold) * size * LINE


def shortened(text: str, width: float, size: float, most: int, *, bold: bool = False) -> str:
    """The text within so many lines; an ellipsis says that there is more of it."""
    if lines_in(text, width, size, bold=bold) <= most:
        return text
    lines = wrapped(text, width, size, bold=bold)[:most]
    while lines[-1] and len(wrapped(lines[-1] + ELLIPSIS, width, size, bold=bold)) > 1:
        lines[-1] = lines[-1][:-1].rstrip()
    return " ".join(lines) + ELLIPSIS
