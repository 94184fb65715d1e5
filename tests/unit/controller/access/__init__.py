"""Who may use the controller."""
