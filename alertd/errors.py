"""The exception tree: everything alertd raises on purpose is an `AlertdError`."""


class AlertdError(Exception):
    """Something a person can act on; `str()` says what is wrong and what to do."""

    @property
    def summary(self) -> str:
        """The first thing that is wrong, without its place and remedy; programs look for its words."""
        return str(self)


class QueryError(AlertdError):
    """A source could not answer: an error, a timeout, a partial answer. The result is unknown, never empty."""


class StoreError(AlertdError):
    """State could not be read or written."""
