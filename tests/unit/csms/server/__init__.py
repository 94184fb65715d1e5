"""The WebSocket side of the central system."""
