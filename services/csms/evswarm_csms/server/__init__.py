"""Stations' WebSockets, from the listening socket to complete text messages. The only place that knows `websockets`."""
