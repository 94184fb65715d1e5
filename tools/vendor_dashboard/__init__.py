"""Builds the one file of other people's code that the dashboard ships."""
