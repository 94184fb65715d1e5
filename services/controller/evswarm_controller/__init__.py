""""""

import evswarm_shared  # noqa: F401 - first of all: it loads ocpp lean
