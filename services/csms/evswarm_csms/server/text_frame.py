"""The one kind of WebSocket frame that the central system writes itself."""


def text_frame(data: bytes) -> bytes:
    """An unmasked, unfragmented text frame (RFC 6455 §5.2).

    Written out here because every answer is one, and `ServerProtocol.send_text` takes several times as long.
    """
    length = len(data)
    if length < 126:
        return b"\x81%c%b" % (length, data)
    if length < 65536:
        return b"\x81\x7e%b%b" % (length.to_bytes(2, "big"), data)
    return b"\x81\x7f%b%b" % (length.to_bytes(8, "big"), data)
