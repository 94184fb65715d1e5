"""What can be wrong with a frame or a payload, in the words of OCPP-J 1.6 §4.2.3."""

from enum import StrEnum

from evswarm_shared.errors import RemoteError


class ErrorCode(StrEnum):
    """The error codes of a CALLERROR, with the spellings that the errata leave in place (OCPP-J 1.6 errata §5)."""

    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    INTERNAL_ERROR = "InternalError"
    PROTOCOL_ERROR = "ProtocolError"
    SECURITY_ERROR = "SecurityError"
    FORMATION_VIOLATION = "FormationViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    OCCURENCE_CONSTRAINT_VIOLATION = "OccurenceConstraintViolation"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"
    GENERIC_ERROR = "GenericError"


class FrameFault(StrEnum):
    """Why a message is no frame, as a closed list to count by."""

    MALFORMED = "malformed"
    UNKNOWN_TYPE = "unknown_type"


class FrameError(RemoteError):
    """A message that is no OCPP-J frame.

    With a `code` it was a CALL: answer a CALLERROR to `unique_id`. Without one there is nothing to answer, only to
    count; a `unique_id` then names the CALL of ours whose answer is broken.
    """

    def __init__(
        self,
        unique_id: str | None,
        code: ErrorCode | None,
        description: str,
        fault: FrameFault = FrameFault.MALFORMED,
    ) -> None:
        super().__init__(description)
        self.fault = fault
        self.unique_id = unique_id
        self.code = code
        self.description = description


class PayloadError(RemoteError):
    """A frame whose payload is not what its Action asks for; `code` and `description` belong in the CALLERROR."""

    def __init__(self, code: ErrorCode, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
