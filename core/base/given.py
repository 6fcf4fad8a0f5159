"""Text that a person gives."""

from core.base.errors import InputError
from core.base.fields import clean

LONGEST_TEXT = 500


def given_text(text: str, what: str, *, longest: int = LONGEST_TEXT) -> str:
    """The text on one line; raises InputError where there is none, or too much of it."""
    text = clean(" ".join(text.split()))
    if not text or len(text) > longest:
        raise InputError(f"Say {what}, in 1 to {longest} characters.")
    return text
