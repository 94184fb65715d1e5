"""The historian: what workers, csms and controllers feed into the streams, kept in a database and read from there."""

import evswarm_shared  # noqa: F401 - first of all: it loads large packages lean
