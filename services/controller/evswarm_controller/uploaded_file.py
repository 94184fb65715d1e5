"""A file in the body of a request: as it stands, or as the first file of a multipart/form-data form (RFC 7578)."""

import re
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Final, NamedTuple

from evswarm_controller.errors import InvalidFieldError

FILENAME_MAX: Final = 100
FALLBACK_NAME: Final = "upload"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


class UploadedFile(NamedTuple):
    """What was sent. `filename` is empty when nothing names it."""

    filename: str
    content: bytes


def uploaded_file(content_type: str, body: bytes) -> UploadedFile:
    """The file in a body of this content type.

    Raises:
        InvalidFieldError: the form has no boundary, or no file in it.
    """
    header = Message()
    header["Content-Type"] = content_type or "application/octet-stream"
    if header.get_content_type() != "multipart/form-data":
        return UploadedFile("", body)
    boundary = header.get_boundary()
    if not boundary:
        raise InvalidFieldError("body", "The Content-Type of a form needs its boundary.")
    # Line ends before a delimiter belong to it, so that the content stays as it is.
    delimiter = b"\r\n--" + boundary.encode()
    for part in (b"\r\n" + body).split(delimiter)[1:]:
        if part.startswith(b"--"):
            break
        head, blank, content = part.partition(b"\r\n\r\n")
        headers = BytesHeaderParser().parsebytes(head.lstrip(b"\r\n") + b"\r\n\r\n")
        filename = headers.get_filename()
        if blank and filename is not None:
            return UploadedFile(filename, content)
    raise InvalidFieldError("body", "The form has no file in it: one part needs a filename.")


def safe_name(*candidates: str) -> str:
    """The first candidate that names something, as a plain file name of harmless characters."""
    for candidate in candidates:
        name = _UNSAFE.sub("_", candidate.replace("\\", "/").rpartition("/")[2]).lstrip("._-")
        if name:
            return name[-FILENAME_MAX:]
    return FALLBACK_NAME
