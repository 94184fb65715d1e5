"""The controller: API, dashboard, and the planning of who runs which station."""

import evswarm_shared  # noqa: F401 - first of all: it loads ocpp lean
