"""Encodings of text files: told from the bytes, or asked for where they do not tell."""

import codecs
import re
from itertools import islice
from pathlib import Path
from typing import TextIO

from core.base.errors import InputError

CHUNK = 1 << 20
# What a person chooses from; any other that Python knows can be named as well.
ENCODINGS = (
    *("utf-8", "utf-16", "cp1252", "cp1250", "cp1251", "koi8-r", "cp1253", "cp1254", "cp1255"),
    *("cp1256", "cp1257", "cp850", "mac-roman", "cp932", "gb18030", "big5", "cp949"),
)
# A byte that is not UTF-8, as Python's "surrogateescape" keeps it.
ODD = re.compile("[\udc80-\udcff]")
WORD = re.compile("[A-Za-z\u0080-\uffff]+")
MOST_WORDS = 1_000
# A word of a Western European language: with letters of ASCII, and no capital after a small one.
WESTERN = re.compile(
    "(?=.*[A-Za-z]|..?$)(?!.*[a-zß-ÿ][À-ÞŠŒŽŸ])[A-Za-zªºÀ-ÖØ-öø-ÿŠŒŽšœžŸ\u2019]+|", re.DOTALL
)
SIGNS = "\u00a0\u00ad€\u201a„…\u2018\u2019“”•\u2013—™¡§©«®°\u00b4·»¿"


def open_text(path: Path, encoding: str) -> TextIO:
    """Open a text file with its own line ends, keeping what is not in its encoding for `mended`."""
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    try:
        return path.open(encoding=encoding, errors=errors, newline="")
    except LookupError:
        said = f"{encoding!r} is no encoding: there is {', '.join(ENCODINGS)}, among others."
        raise InputError(said) from None


def mended(line: str) -> tuple[str, str]:
    """A line with its odd bytes read as Windows-1252, and a note where there are any."""
    if line.isascii() or not ODD.search(line):
        return line, ""
    line = ODD.sub(lambda odd: bytes([ord(odd[0]) - 0xDC00]).decode("cp1252", "replace"), line)
    return line, "it is not all in the encoding of the file, so its text is doubtful"


def find_encoding(path: Path, start: bytes) -> tuple[str, str, str]:
    """Find the encoding of a text file; `start` is its first bytes.

    With it come a note where it was guessed, and a question where a person has to name it.
    """
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", "", ""
    # Without a byte order mark: every other byte of plain text in UTF-16 is 0.
    for encoding, zeros in (("utf-16-le", start[1:400:2]), ("utf-16-be", start[0:400:2])):
        if zeros and zeros.count(0) > len(zeros) / 2:
            return encoding, "", ""
    good = odd = 0
    words: list[str] = []
    with open_text(path, "utf-8") as text:
        while chunk := text.read(CHUNK):
            if found := 0 if chunk.isascii() else len(ODD.findall(chunk)):
                words += islice(filter(ODD.search, WORD.findall(chunk)), MOST_WORDS)
            good += len(chunk) - len(chunk.encode("ascii", "ignore")) - found
            odd += found
    if not odd:
        return "utf-8-sig", "", ""
    raw = [word.encode("utf-8", "surrogateescape") for word in words[:MOST_WORDS]]
    western = [bool(WESTERN.fullmatch(one.decode("cp1252", "replace").strip(SIGNS))) for one in raw]
    is_western = sum(western) >= 0.8 * len(raw)
    # UTF-8 has its own pattern, which text in another encoding has by chance only.
    if good >= odd or (is_western and good * 10 > odd):
        return "utf-8-sig", "", ""
    seen = min(raw, key=lambda word: abs(len(word) - 8))[:40]
    if is_western:
        return "cp1252", f"Read in Windows-1252, as in “{seen.decode('cp1252')}”.", ""
    read = (
        f"“{seen.decode(name, 'replace')}” in {name}" for name in ("cp1251", "cp1250", "cp1253")
    )
    return "cp1252", "", f"The encoding of {path.name} is not clear: name it ({', '.join(read)})."
