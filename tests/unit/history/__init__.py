"""Records on their way to the historian."""
