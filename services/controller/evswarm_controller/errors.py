"""The controller's errors. Each names what a user can do about it; `problems` turns them into HTTP answers."""

from evswarm_shared.bus.messages import CommandOutcome
from evswarm_shared.errors import LocalError, RemoteError


class UnknownStationError(LocalError):
    """Nobody has heard of this station."""

    def __init__(self, station_id: str) -> None:
        super().__init__(f"There is no station {station_id}.")
        self.station_id = station_id


class NoStationMatchesError(LocalError):
    """A command to many stations has none to go to."""

    def __init__(self) -> None:
        super().__init__("No station matches the filter.")


class StationExistsError(LocalError):
    """A station cannot be created or deleted so, because of one that is there."""


class NoRoomError(LocalError):
    """More stations than the workers or central systems that live can take; says what to do."""


class UnknownOperationError(LocalError):
    """This operation never was, or is forgotten."""

    def __init__(self, operation_id: str) -> None:
        super().__init__(f"There is no operation {operation_id}; operations are forgotten after an hour.")


class NothingToCancelError(LocalError):
    """The operation cannot be ended early."""


class NothingToRetryError(LocalError):
    """There is nothing of the operation to be done once more."""


class InvalidFieldError(LocalError):
    """A value of a request does not do; `field` says which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotReadyError(LocalError):
    """The controller has not read the swarm yet, or not since the store was last away."""


class TooManyFollowersError(LocalError):
    """Logs are followed by as many as we serve."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} logs are being followed already; end one, or use the live feed.")


class LeadershipLostError(LocalError):
    """Another controller leads now, and goes on with what this one was doing."""


class HistorianError(RemoteError):
    """The historian is not there, or could not answer; `status` is what the asker is told."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class CommandFailedError(RemoteError):
    """A station did not do what a command asked. `outcome` says how, `error_code` is the station's.

    `operation_id` is that of the operation that the command was, where it was one.
    """

    def __init__(self, outcome: CommandOutcome, message: str, error_code: str = "") -> None:
        super().__init__(message)
        self.outcome = outcome
        self.error_code = error_code
        self.operation_id = ""


class UnknownCursorError(LocalError):
    """A list has no page there."""

    def __init__(self) -> None:
        super().__init__(
            "There is no page at this cursor: take `next_cursor` of an earlier answer, and keep its sorting."
        )


class UnknownTagError(LocalError):
    """The authorisation list has no such entry."""

    def __init__(self, id_tag: str) -> None:
        super().__init__(f"The id tag {id_tag} is not on the authorisation list.")


class UnknownUploadError(LocalError):
    """There is no such file, or not any more."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(
            f"There is no file {upload_id}; files are dropped by age and when there are too many."
        )


class UnknownUploadAddressError(LocalError):
    """Nobody gave this address to a station, or its time is over."""

    def __init__(self) -> None:
        super().__init__(
            "This upload address is not known, or not any more; POST /csms/stations/{station_id}/uploads gives one."
        )


class TooLargeError(LocalError):
    """A body is larger than we take."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"A file has at most {limit} bytes (EVSWARM_UPLOAD_MAX_BYTES).")
