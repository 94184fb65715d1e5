"""The pure handlers of the central system."""
