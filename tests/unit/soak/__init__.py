"""The soak's own arithmetic."""
