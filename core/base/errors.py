"""Errors that the product raises on purpose."""

from collections.abc import Mapping
from typing import Any


class TouchstoneError(Exception):
    """One sentence that may be shown to a person as it is; never holds a secret."""


class ConfigError(TouchstoneError):
    """A setting is missing or invalid."""


class StoreError(TouchstoneError):
    """The store cannot be opened, read or written."""


class StoreTooNew(StoreError):
    """The store was made by a newer version of the product."""


class SourceError(TouchstoneError):
    """An outside system gave no usable answer."""


class SourceRefused(SourceError):
    """The outside system refused the token."""


class SourceUnreachable(SourceError):
    """The outside system could not be reached, or did not answer in time."""


class SourceUnreadable(SourceError):
    """The answer of the outside system does not follow its API."""


class AccessError(TouchstoneError):
    """The caller is unknown, or lacks permission."""


class QueryError(TouchstoneError):
    """A metric query that cannot be answered as asked."""


class InputError(TouchstoneError):
    """Input of a person or a client is invalid."""


class Conflict(InputError):
    """Others have changed the same meanwhile; saved again with `seen`, one's own change stands."""

    def __init__(self, message: str, seen: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.seen = seen
