"""The worker's errors, apart from those of the stations themselves."""

from evswarm_shared.errors import LocalError


class WorkerError(LocalError):
    """The worker was called or configured wrongly."""


class EndpointError(WorkerError):
    """The central system's URL, or a certificate for it, cannot be used; the message says which and why."""


class InvalidActionError(WorkerError):
    """A hand action that does not exist, or with a payload that does not fit; the message names the field."""
