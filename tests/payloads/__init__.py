"""Objects as the test IO Customer API sends them, with every field filled."""

import copy
import json
from pathlib import Path

FOLDER = Path(__file__).parent


def payload(kind, **changes):
    """A fresh object of a kind (the file's name) with some top fields changed."""
    found = json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))
    return copy.deepcopy(found) | changes if changes else found
