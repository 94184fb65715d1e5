"""The REST API and the live feed: what comes over HTTP, made into calls of the controller's parts, and back."""
