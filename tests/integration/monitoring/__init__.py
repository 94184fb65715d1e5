"""Monitoring with real processes: Prometheus, promtool, a swarm, and things that really go wrong."""
