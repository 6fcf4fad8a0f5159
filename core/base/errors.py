"""Every error that the product raises on purpose."""


class TouchstoneError(Exception):
    """One sentence that may be shown to a person as it is; never holds a secret."""


class ConfigError(TouchstoneError):
    """A setting is missing or has no sense."""


class StoreError(TouchstoneError):
    """The store cannot be opened, read or written."""


class StoreTooNew(StoreError):
    """The store was made by a newer version of the product."""


class SourceError(TouchstoneError):
    """An outside system did not give what was asked."""


class SourceRefused(SourceError):
    """The outside system refused the token."""


class SourceUnreachable(SourceError):
    """The outside system could not be reached, or did not answer in time."""


class SourceUnreadable(SourceError):
    """The outside system answered something that is not its API's language."""


class AccessError(TouchstoneError):
    """Who asks may not have what is asked, or is not known."""


class QueryError(TouchstoneError):
    """A metric query that cannot be answered as asked."""


class InputError(TouchstoneError):
    """Something that a person or a client entered is not valid."""
