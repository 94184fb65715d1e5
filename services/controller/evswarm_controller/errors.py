"""The controller's errors. Each names what a user can do about it; `problems` turns them into HTTP answers."""

from evswarm_shared.bus.messages import CommandOutcome
from evswarm_shared.errors import LocalError, RemoteError


class UnknownStationError(LocalError):
    """Nobody has heard of this station."""

    def __init__(self, station_id: str) -> None:
        super().__init__(f"There is no station {station_id}.")
        self.station_id = station_id


class UnknownOperationError(LocalError):
    """This operation never was, or is forgotten."""

    def __init__(self, operation_id: str) -> None:
        super().__init__(f"There is no operation {operation_id}; operations are forgotten after an hour.")


class InvalidFieldError(LocalError):
    """A value of a request does not do; `field` says which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotReadyError(LocalError):
    """The controller has not read the swarm yet, or not since the store was last away."""


class CommandFailedError(RemoteError):
    """A station did not do what a command asked. `outcome` says how, `error_code` is the station's."""

    def __init__(self, outcome: CommandOutcome, message: str, error_code: str = "") -> None:
        super().__init__(message)
        self.outcome = outcome
        self.error_code = error_code
