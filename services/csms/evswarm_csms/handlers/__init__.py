"""What the central system answers to each message that a station may send: one pure module a message.

A handler gets the request, what was read from the store and the time, and returns the answer, with what is to be
written where there is something. Reading, writing and sending are the shell's.
"""
