"""A TCP proxy that tests can cut or freeze: a broker or database that goes away for one service only."""

import socket
from typing import Any

import eventlet


class Proxy:
    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._pairs: set[tuple[Any, Any]] = set()
        self._open = True
        self._frozen = False
        self._listener = eventlet.listen(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = eventlet.spawn(self._accept)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self._open = False
        self._break()

    def freeze(self) -> None:
        """Keep connections and accept new ones, but let nothing through."""
        self._frozen = True

    def restore(self) -> None:
        self._open, self._frozen = True, False
        # What was frozen has lost bytes.
        self._break()

    def close(self) -> None:
        self.cut()
        self._thread.kill()
        self._listener.close()

    def _break(self) -> None:
        for pair in list(self._pairs):
            for end in pair:
                _shut(end)

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if not self._open:
                client.close()
                continue
            try:
                server = eventlet.connect(self._target)
            except OSError:
                client.close()
                continue
            pair = (client, server)
            self._pairs.add(pair)
            eventlet.spawn(self._pump, client, server, pair)
            eventlet.spawn(self._pump, server, client, pair)

    def _pump(self, source: Any, sink: Any, pair: tuple[Any, Any]) -> None:
        try:
            while data := source.recv(65536):
                if not self._frozen:
                    sink.sendall(data)
        except OSError:
            pass  # broken on purpose
        finally:
            self._pairs.discard(pair)
            _shut(sink)
            source.close()


def _shut(end: Any) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # closed already
