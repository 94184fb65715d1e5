"""What two or more evswarm services share. A closed list of modules, not a drawer: see docs/architecture.md."""
