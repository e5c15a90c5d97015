"""A script for `HostileServer` that keeps connections open, as HTTP/1.1 does."""

import socket

from tests.hostile_server import HostileServer, _read_request, answer

PLAIN = answer(b"ok")


class Keeping:
    """A server that answers request after request on a connection, each time with the next answer.

    The last answer repeats; None closes the connection. `connections` are the client's ports.
    """

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers) or [PLAIN]
        self.connections: list[int] = []
        self.open: list[socket.socket] = []

    def __call__(self, server: HostileServer, sock: socket.socket) -> None:
        self.open.append(sock)
        while True:
            request = _read_request(sock)
            server.requests.append(request)
            self.connections.append(sock.getpeername()[1])
            said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if said is None:
                sock.close()
                return
            server.send(sock, said.replace(b"%", request.rpartition(b"\r\n\r\n")[2]))

    def say(self, data: bytes) -> None:
        """Send ``data`` on the first connection, which nobody asked for."""
        self.open[0].sendall(data)

    def hang_up(self) -> None:
        """End the first connection."""
        self.open[0].shutdown(socket.SHUT_RDWR)
