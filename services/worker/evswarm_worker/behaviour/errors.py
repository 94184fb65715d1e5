"""What can be wrong about a request to this package."""

from evswarm_shared.errors import LocalError


class UnknownProfileError(LocalError):
    """No behaviour preset has this name; the message lists those that exist."""


class ProfileMixError(LocalError):
    """A mix of profiles that nothing can be drawn from; the message says why."""
