"""Encodings of text files: told from the bytes, or asked for where they do not tell."""

import codecs
import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from core.base.errors import InputError

CHUNK = 1 << 20
# What a person chooses from; any other name that Python knows can be given as well.
ENCODINGS: Mapping[str, str] = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Western European (Windows-1252)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "koi8-r": "Cyrillic (KOI8-R)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "cp1255": "Hebrew (Windows-1255)",
    "cp1256": "Arabic (Windows-1256)",
    "cp1257": "Baltic (Windows-1257)",
    "cp850": "Western European (DOS 850)",
    "mac-roman": "Western European (Mac)",
    "cp932": "Japanese (Shift JIS)",
    "gb18030": "Chinese (GB 18030)",
    "big5": "Chinese (Big5)",
    "cp949": "Korean (EUC-KR)",
}
# A byte that is not UTF-8 as Python's "surrogateescape" keeps it, or one that was lost.
ODD = re.compile("[\udc80-\udcff\ufffd]")
WORD = re.compile("[A-Za-z\u0080-\uffff]+")
MOST_WORDS = 1_000
# Signs that stand beside a word in Western European text and are no letters of it.
SIGNS = "\u00a0\u00ad€\u201a„…\u2018\u2019“”•\u2013—™¡§©«®°\u00b4·»¿"
CAPITAL_INSIDE = re.compile("[a-zß-öø-ÿ][À-ÖØ-ÞŠŒŽŸ]")


class Found(NamedTuple):
    """An encoding, what a person is told of it, and what has to be asked before it is used."""

    encoding: str
    note: str = ""
    question: str = ""


def find_encoding(path: Path, start: bytes) -> Found:
    """Find the encoding of a text file; `start` is its first bytes."""
    if start.startswith(codecs.BOM_UTF8):
        return Found("utf-8-sig")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Found("utf-16")
    # Without a byte order mark: every other byte of plain text in UTF-16 is 0.
    for encoding, zeros in (("utf-16-le", start[1:400:2]), ("utf-16-be", start[0:400:2])):
        if zeros and zeros.count(0) > len(zeros) / 2:
            return Found(encoding)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as raw:
            while chunk := raw.read(CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _not_all_utf8(path)
    return Found("utf-8")


def check_encoding(name: str) -> None:
    """Raise InputError unless a person's encoding is one that Python decodes text with."""
    try:
        "".encode(name)
    except (LookupError, UnicodeError, ValueError):
        raise InputError(
            f"{name!r} is no encoding: there is {', '.join(ENCODINGS)}, among others."
        ) from None


def on_error(encoding: str) -> str:
    """The error handler to open a file with, so that `mended` finds what could not be decoded."""
    return "surrogateescape" if encoding.startswith("utf-8") else "replace"


def mended(line: str) -> tuple[str, str]:
    """A line with its odd bytes read as Windows-1252, and a note where there were any."""
    if line.isascii() or not ODD.search(line):
        return line, ""
    line = ODD.sub(_western, line)
    return line, "a character of it is not in the file's encoding, so its text is doubtful"


def _western(odd: re.Match[str]) -> str:
    byte = ord(odd[0]) - 0xDC00
    return bytes([byte]).decode("cp1252", "replace") if byte < 0x100 else odd[0]


def _not_all_utf8(path: Path) -> Found:
    """UTF-8 with odd lines, or Windows-1252, or nothing that can be told.

    UTF-8 has its own pattern, which text in other encodings shows by chance only.
    """
    good = odd = 0
    words: list[bytes] = []
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as text:
        while chunk := text.read(CHUNK):
            if chunk.isascii():
                continue
            odd += len(ODD.findall(chunk))
            good += len(chunk) - len(chunk.encode("ascii", "ignore"))
            if len(words) < MOST_WORDS:
                some = islice(filter(ODD.search, WORD.findall(chunk)), MOST_WORDS)
                words += [word.encode("utf-8", "surrogateescape") for word in some]
    good -= odd
    sample = min(words, key=lambda word: abs(len(word) - 8))[:40]
    if _is_western(words):
        if good * 10 > odd:
            return Found("utf-8")
        seen = sample.decode("cp1252")
        return Found("cp1252", f"Its encoding was taken for Windows-1252, as in “{seen}”.")
    if good >= odd:
        return Found("utf-8")
    readings = ", ".join(
        f"“{sample.decode(name, 'replace')}” in {name}" for name in ("cp1251", "cp1250", "cp1253")
    )
    return Found(
        "cp1252",
        question=(
            f"The encoding of {path.name} cannot be told ({readings}): name it, or save the file "
            "as UTF-8."
        ),
    )


def _is_western(words: list[bytes]) -> bool:
    """Whether words read as Windows-1252 look like Western European ones.

    Those have letters of ASCII among the others, no signs inside, and no capital after a small one.
    """
    try:
        texts = [word.decode("cp1252").strip(SIGNS) for word in words]
    except UnicodeDecodeError:
        return False
    texts = [part for text in texts for part in text.split("\u2019") if not part.isascii()]
    good = sum(
        text.isalpha()
        and (len(text) < 3 or any(map(str.isascii, text)))
        and not CAPITAL_INSIDE.search(text)
        for text in texts
    )
    return good >= 0.8 * len(texts)
