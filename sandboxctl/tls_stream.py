"""A TLS connection as an ordinary socket, whose two directions end apart. It knows no engine.

Python's `SSLSocket` cannot end its sending and go on receiving, which is what an exec with standard input needs. Here a
thread stands between a pair of plain sockets and OpenSSL: the end of what is written becomes TLS's own notice of it.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from contextlib import suppress

_CHUNK = 64 * 1024


def plain(connection: socket.socket, context: ssl.SSLContext, *, server_name: str) -> socket.socket:
    """The caller's end, after the handshake. Raises ssl.SSLError and other OSErrors, and closes `connection` then."""
    try:
        stream = _Stream(connection, context, server_name=server_name)
        stream.handshake()
    except BaseException:
        connection.close()
        raise
    ours, theirs = socket.socketpair()
    threading.Thread(target=stream.pump, args=(theirs,), daemon=True).start()
    return ours


class _Stream:
    def __init__(self, connection: socket.socket, context: ssl.SSLContext, *, server_name: str) -> None:
        self._connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)

    def handshake(self) -> None:
        """Within the connection's own timeout for each answer."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._take()
            except ssl.SSLError:
                with suppress(OSError):
                    self._flush()  # the alert that tells the other side why
                raise
            else:
                self._flush()
                return

    def pump(self, theirs: socket.socket) -> None:
        """Moves bytes both ways until the other side has ended, or nobody is left here to read."""
        self._connection.settimeout(None)
        with self._connection, theirs, suppress(OSError):
            sources = [self._connection, theirs]
            while self._deliver(theirs):
                ready, _, _ = select.select(sources, [], [])
                if theirs in ready:
                    chunk = theirs.recv(_CHUNK)
                    if chunk:
                        self._tls.write(chunk)
                    else:
                        sources.remove(theirs)
                        self._end()
                    self._flush()
                if self._connection in ready:
                    self._take()

    def _deliver(self, theirs: socket.socket) -> bool:
        """Whether there may be more."""
        while True:
            try:
                chunk = self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                self._flush()
                return True
            except ssl.SSLZeroReturnError:
                return False
            if not chunk:
                return False
            theirs.sendall(chunk)

    def _end(self) -> None:
        """Says that nothing more is sent. OpenSSL would then wait for the other side's end; we go on reading."""
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()

    def _take(self) -> None:
        chunk = self._connection.recv(_CHUNK)
        if chunk:
            self._incoming.write(chunk)
        else:
            self._incoming.write_eof()

    def _flush(self) -> None:
        waiting = self._outgoing.read()
        if waiting:
            self._connection.sendall(waiting)
