"""The whole system as its users have it: containers, Prometheus, a browser."""
