"""Stations and central systems that are not ours: the `ocpp` package's, and bare WebSockets that send any frame."""
