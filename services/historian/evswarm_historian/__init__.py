"""The historian: what workers, csms and controllers feed into the streams, kept in a database and read from there."""
