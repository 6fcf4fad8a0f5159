"""Every error that the product raises on purpose.

TouchstoneError             a sentence for a person: what is wrong, what is safe, what to do
├── ConfigError             a setting is missing or has no sense
├── StoreError              the store cannot be opened, read or written
│   └── StoreTooNew         it was made by a newer version of the product
├── SourceError             an outside system did not give what was asked
│   ├── SourceRefused       it refused the token
│   ├── SourceUnreachable   it could not be reached, or did not answer in time
│   └── SourceUnreadable    it answered something that is not its API's language
├── AccessError             who asks may not, or is not known
├── QueryError              a metric query that cannot be answered as asked
└── InputError              something that a person or a client entered is not valid
"""


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
