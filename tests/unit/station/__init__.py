"""Unit tests of `evswarm_worker.station`."""
