"""Counters, their exposition, the service log and the lag of the loop."""
