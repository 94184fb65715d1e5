"""The central system: OCPP 1.6J over WebSockets from its side.

Shell: `server`, `session`, `dispatch`, `directory`, `meter_batch`, `commands`, `service`. Pure:
`ledger` and everything in `handlers`.
"""

import evswarm_shared  # noqa: F401 - first of all: it loads ocpp lean
