"""The historian against real databases and a real store."""
