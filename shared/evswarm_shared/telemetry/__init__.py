"""How a process tells about itself: plain counters, their exposition to Prometheus, its log and its own lag."""
