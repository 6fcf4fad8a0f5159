"""The success criteria that a new account starts with; from then on they are its own records."""

import tomllib
from pathlib import Path
from typing import Any

_TEXT = Path(__file__).with_suffix(".toml").read_text("utf-8")
DEFAULT_CRITERIA: list[dict[str, Any]] = [
    {"upper_target": None, "is_guardrail": False, "position": position, **criterion}
    for position, criterion in enumerate(tomllib.loads(_TEXT)["criteria"])
]
