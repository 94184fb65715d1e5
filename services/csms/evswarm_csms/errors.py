"""The central system's own errors."""

from evswarm_shared.errors import LocalError


class ListenError(LocalError):
    """The address for the stations cannot be listened on; the message names it."""
