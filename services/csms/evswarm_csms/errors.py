"""The central system's own errors."""

from evswarm_shared.errors import LocalError


class ListenError(LocalError):
    """The address for the stations cannot be listened on; the message names it."""


class SigningAuthorityError(LocalError):
    """The signing authority cannot be loaded; the message names the setting and the file."""


class TlsError(LocalError):
    """The files for TLS cannot be used; the message names the setting and the file."""
