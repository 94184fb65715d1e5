"""The message types, frames and timestamps of OCPP 1.6J."""
