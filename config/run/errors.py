"""Why `make run` does not go on."""


class RunError(Exception):
    """Evergrant cannot run here. The message is one line for whoever typed `make run`."""


class StopRequestedError(Exception):
    """Ctrl-C or SIGTERM: stop everything; nothing is wrong."""
