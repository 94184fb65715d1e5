"""The worker around its stations, without sockets."""
