# SPDX-License-Identifier: Apache-2.0
# The user's end of COM1: the standard streams, a file, or a unix socket.
import contextlib
import errno
import os
import select
import socket

from . import terminal
from .failure import BadArguments


class Console:
    """Where output goes and where input comes from. `input_fd` is None when there is no input, or no more."""

    def __init__(self, input_fd, output_fd):
        self.input_fd = input_fd
        self.output_fd = output_fd
        self.quit_keys = terminal.QuitKeys() if input_fd is not None and os.isatty(input_fd) else None

    def write(self, data):
        """All of `data`, waiting for a slow reader. BrokenPipeError when nobody reads any more."""
        while data:
            try:
                data = data[os.write(self.output_fd, data):]
            except BlockingIOError:  # somebody shares this stream with us and made it so
                select.select([], [self.output_fd], [])

    def read(self):
        """What there is to read; empty at the end of input, after which input_fd is None."""
        try:
            data = os.read(self.input_fd, 4096)
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno not in (errno.EIO, errno.ECONNRESET):  # a hung-up terminal, a socket's lost client
                raise
            data = b""
        if not data:
            self.input_fd = None
        return data

    def asks_to_quit(self, data):
        return self.quit_keys is not None and self.quit_keys.pressed(data)


@contextlib.contextmanager
def standard_streams():
    try:
        os.fstat(0)
    except OSError:  # started with standard input closed
        yield Console(None, 1)
        return
    if not os.isatty(0):
        yield Console(0, 1)
    elif terminal.is_ours(0):
        with terminal.RawTerminal(0):
            yield Console(0, 1)
    else:
        yield Console(None, 1)


@contextlib.contextmanager
def output_file(path):
    try:
        file = open(path, "wb", buffering=0)
    except OSError as error:
        raise BadArguments(f"--console {path}: {error.strerror}") from None
    with file:
        yield Console(None, file.fileno())


def remove_stale_socket(path):
    """A socket file that nobody serves is left from an earlier run."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except OSError:
            pass  # bind() will say what is wrong


@contextlib.contextmanager
def unix_socket(path):
    remove_stale_socket(path)
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.bind(path)
        except OSError as error:
            raise BadArguments(f"--console unix:{path}: {error.strerror or error}") from None
        try:
            server.listen(1)
            client, _ = server.accept()
            with client:
                yield Console(client.fileno(), client.fileno())
        finally:
            os.unlink(path)


def open_console(where):
    """The context in which the console named by --console is connected."""
    if where == "stdio":
        return standard_streams()
    if where.startswith("unix:"):
        return unix_socket(where[len("unix:"):])
    return output_file(where)
