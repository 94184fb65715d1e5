"""What can go wrong with the database, by whose fault and what helps."""

from evswarm_shared.errors import LocalError, RemoteError


class DatabaseAwayError(RemoteError):
    """The database does not answer. Nothing was written; try again later."""


class DiskFullError(RemoteError):
    """The database has no room left. Nothing was written; it helps to free some or to keep less."""


class RecordsRefusedError(LocalError):
    """The database will never take these records."""


class DatabaseUrlError(LocalError):
    """The address of the database cannot be used; the message says why."""


class BadQueryError(LocalError):
    """A question to the history makes no sense; `field` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class MissingLibraryError(LocalError):
    """An export needs a library that is not installed; the message says which."""
