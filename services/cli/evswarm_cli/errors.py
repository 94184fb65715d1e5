"""What can go wrong in the command, each with the sentence that its user reads and the code it exits with."""

from evswarm_shared.errors import LocalError, RemoteError


class UsageError(LocalError):
    """The command line asks for something impossible. Exit code 2."""


class StartError(LocalError):
    """A part of the swarm did not come up, or ended by itself. Exit code 1."""


class ControllerError(RemoteError):
    """The controller refused or does not answer. Exit code 1."""
