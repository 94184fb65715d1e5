"""Frames that nobody should send, by the thousand, at either side: `make test` sends 2,000, `make fuzz` 100,000."""
