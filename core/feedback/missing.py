"""What was missing, as it is chosen from a few words and kept in the comment of a vote."""

from collections.abc import Collection

# What complaints were about; each stands as a sentence before the rater's own words.
MISSING = ("Missing context", "Wrong article", "Too long", "Too late")


def comment_of(missing: Collection[str], words: str) -> str:
    """The comment of what was missing and of one's own words: "Too long. I gave up half way."."""
    return " ".join([*(f"{one}." for one in MISSING if one in missing), words.strip()]).strip()


def parts_of(comment: str) -> tuple[list[str], str]:
    """What a comment says was missing, and the words after it: the inverse of `comment_of`."""
    missing, words = [], comment.strip()
    for one in MISSING:
        if words == f"{one}." or words.startswith(f"{one}. "):
            missing.append(one)
            words = words.removeprefix(f"{one}.").strip()
    return missing, words
