"""The `evswarm` command: runs the services as local processes and talks to a running controller.

It starts services, it imports none of them.
"""
