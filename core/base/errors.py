"""Errors that the product raises on purpose."""


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
