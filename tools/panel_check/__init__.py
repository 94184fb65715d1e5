"""Runs every query of every panel, and everything else that asks Prometheus, against a real one that scrapes a real swarm.

`python -m tools.panel_check` starts a swarm of its own, with peers that misbehave, so that panels about what goes
wrong have something to show, and prints each panel with its last value.
"""
