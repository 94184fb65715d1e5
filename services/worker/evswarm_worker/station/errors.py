"""What goes wrong around a station by our own doing. What the central system gets wrong is answered, not raised."""

from evswarm_shared.errors import LocalError


class StationError(LocalError):
    """A station was configured or driven wrongly."""


class StationActionError(StationError):
    """An action by hand is not possible now; the text says why and what would make it so."""


class CheckpointError(StationError):
    """A stored checkpoint cannot be read by this version."""
