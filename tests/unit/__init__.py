"""Pure tests: no socket, no sleep, seconds."""
