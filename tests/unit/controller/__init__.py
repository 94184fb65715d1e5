"""The controller without sockets: its pure parts, and the shell on an in-memory bus."""
