"""How drivers and cars behave: who comes when, for how long, wanting what, and how a battery takes it.

Pure: times are simulated unix seconds passed in, randomness is a `Draws`. Knows nothing of OCPP messages.
"""
