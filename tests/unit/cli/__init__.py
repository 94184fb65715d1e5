"""Tests of the `evswarm` command that start nothing."""
