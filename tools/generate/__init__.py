"""Generators of the files that are derived from code. Each module offers `files()`: path in the repository → text."""
