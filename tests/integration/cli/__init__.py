"""The `evswarm` command as a user runs it."""
