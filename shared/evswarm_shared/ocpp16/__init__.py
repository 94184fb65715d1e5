"""OCPP 1.6J as both sides speak it: message types, frames, and what is wrong with a frame that cannot be read.

Pure: bytes and values, no sockets and no clock. What a message makes a station or a central system do is not here.
"""
