# SPDX-License-Identifier: Apache-2.0
# A running machine: the emulator's process and our end of its COM1.
import contextlib
import os
import select
import signal
import socket
import subprocess
import tempfile

from . import bochs, probe, qemu
from .failure import Failure

CONNECT_PATIENCE_S = 120  # from the emulator's start to its connecting COM1, on a host however busy


def choose(wanted):
    """(machine, why) for --machine; refuses a machine that is not to be had."""
    if wanted in ("bochs", "qemu"):
        return wanted, "as asked"
    is_offered, why = probe.kvm_offer()
    if is_offered:
        return "kvm", why
    if wanted == "kvm":
        raise Failure(f"--machine kvm: {why}")
    if not qemu.is_installed() and bochs.is_built():
        return "bochs", f"{why}; QEMU is not installed"
    return "qemu", f"{why}; QEMU emulates AMD-V"


def choose_firmware(kind, options):
    """"direct" (none at all), "seabios", "ovmf", or for Bochs, which has a BIOS of its own, "bios"."""
    if kind == "bochs":
        if options.firmware:
            raise Failure("--firmware goes with QEMU's machines: Bochs has a BIOS of its own")
        return "bios"
    return options.firmware or ("seabios" if options.grub_line else "direct")


def program(kind, firmware, options):
    """The emulator's path. It may have to be built first, so this comes before the terminal is taken."""
    return bochs.program() if kind == "bochs" else qemu.program(kind, firmware, options)


class Machine:
    """
    The emulator, started with `media`: the ISO, or the archive of modules for a direct boot. `serial` is COM1. Ends the
    emulator when the context ends, whatever the reason.
    """

    def __init__(self, kind, firmware, the_program, options, directory, media):
        self.kind = kind
        self.firmware = firmware
        self.program = the_program
        self.directory = directory
        self.sockets = tempfile.TemporaryDirectory(prefix="eterna-com.")  # --keep's path may be too long for a socket
        self.socket_path = os.path.join(self.sockets.name, "com1")
        self.serial = None
        self.debug_line = None  # COM2, with --gdb
        self.process = None
        self.pidfd = None
        try:
            with contextlib.ExitStack() as stack:
                servers = [self.listen(stack, name) for name in (["com1"] if options.gdb is None else ["com1", "com2"])]
                self.start(self.command(options, media), qemu.LOG if kind != "bochs" else "bochs.out")
                lines = [self.accept(server) for server in servers]
                self.serial, self.debug_line = (lines + [None])[:2]
        except BaseException:
            self.stop()
            raise
        self.serial.setblocking(False)

    def listen(self, stack, name):
        server = stack.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(os.path.join(self.sockets.name, name))
        server.listen(1)
        return server

    def command(self, options, media):
        if self.kind == "bochs":
            return bochs.command(self.program, options, self.directory, media, self.socket_path)
        return qemu.command(self.program, self.kind, self.firmware, options, media, self.socket_path)

    def start(self, command, log_name):
        """In a session of its own, so that no key of ours reaches it, and killed by the kernel should we be killed."""
        with open(os.path.join(self.directory, log_name), "wb") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--"] + command,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.pidfd = os.pidfd_open(self.process.pid)

    def accept(self, server):
        ready, _, _ = select.select([server, self.pidfd], [], [], CONNECT_PATIENCE_S)
        if server in ready:
            connection, _ = server.accept()
            return connection
        raise Failure(f"{self.kind} did not start: {self.last_words() or 'it says nothing'}")

    def ended(self):
        return self.process.poll() is not None

    def is_emulated(self):
        return self.kind != "kvm"

    def processor_seconds(self):
        """Processor time that the emulator has used."""
        try:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime, stime: proc(5)

    def last_words(self):
        return bochs.last_words(self.directory) if self.kind == "bochs" else qemu.last_words(self.directory)

    def stop(self):
        if self.process is not None and not self.ended():
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None
        for line in (self.serial, self.debug_line):
            if line is not None:
                line.close()
        self.sockets.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
