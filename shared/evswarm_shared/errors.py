"""The root of evswarm's error tree. Names say whose fault it is: `Local…` ours, `Remote…` the peer's."""


class EvswarmError(Exception):
    """Every error that evswarm raises on purpose."""


class LocalError(EvswarmError):
    """We were called, configured or started wrongly."""


class RemoteError(EvswarmError):
    """The other side of a connection did something it must not, or went away."""


class BusUnavailableError(RemoteError):
    """The store does not answer. Nothing is known about what was being written."""


class LeaseLostError(RemoteError):
    """The store no longer recognises our lease: somebody else may own what we were running."""


class StaleGenerationError(RemoteError):
    """The desired state was changed by somebody else since it was read; read it again and retry."""
