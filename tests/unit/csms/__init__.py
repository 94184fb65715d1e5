"""The central system, piece by piece: no sockets, no store but the one in memory."""
