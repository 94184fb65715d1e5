"""What goes into the history: the records, how they are made on the hot path, and how they reach the streams.

`records` are the shapes, `exchange` pairs calls with their answers (both pure), `recorder` brings records to the bus.
Nothing here knows the database.
"""
