"""Tests with sockets, processes and a real store."""
