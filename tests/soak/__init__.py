"""A swarm that just runs, for a minute in CI and for half an hour by `make soak`: nothing may grow."""
