# SPDX-License-Identifier: Apache-2.0
# The launcher from its command line to its exit status.
import contextlib
import os
import shutil
import signal
import sys
import tempfile

from . import arguments, bootimage, console, gdbport, machine, modules, relay
from .failure import BadArguments, Failure
from .verdict import Verdict


def say(text):
    print(f"eterna-run: {text}", file=sys.stderr, flush=True)


class Signalled(Exception):
    """SIGINT, SIGTERM or SIGHUP came: everything is undone on the way out."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def raise_on_signals():
    def handler(number, _):
        for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(other, signal.SIG_IGN)  # one is enough; the way out must not be cut short
        raise Signalled(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup's choice stays
            signal.signal(number, handler)


@contextlib.contextmanager
def working_directory(keep):
    """--keep's directory, or one that goes away."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="eterna-run.") as directory:
            yield directory
        return
    try:
        os.makedirs(keep, exist_ok=True)
    except OSError as error:
        raise BadArguments(f"--keep {keep}: {error.strerror}") from None
    yield os.path.abspath(keep)


BOOTED = {"direct": "booted directly", "seabios": "SeaBIOS and GRUB", "ovmf": "OVMF and GRUB", "bios": "BIOS and GRUB"}


def describe(kind, why, firmware, options):
    cpus = "1 CPU" if options.cpus == 1 else f"{options.cpus} CPUs"
    say(f"machine {kind} ({why}), {cpus}, {options.ram // arguments.MIB} MiB, {BOOTED[firmware]}")
    if options.console == "stdio" and os.isatty(0):
        say("Ctrl-] reaches ETERNA's prompt; five times in a row ends the machine by force")


def explain(end, the_machine, verdict, options):
    """Why there is no exit status to pass on."""
    last = verdict.last_line().decode("utf-8", "replace")
    spoke = f"its last line was: {last}" if last else "it wrote nothing"
    if end is relay.End.LIMIT:
        kind = "processor time" if the_machine.is_emulated() else "real time"
        return f"waited {options.timeout} s ({kind}) for ETERNA's exit status and stopped the machine; {spoke}"
    if end is relay.End.QUIT:
        return "ended by Ctrl-] five times"
    words = the_machine.last_words()
    return f"the machine ended without telling an exit status; {spoke}" + (f"\n{words}" if words else "")


def write_media(firmware, options, directory):
    """What the machine boots from: the ISO, or the boot modules as one file."""
    if firmware == "direct":
        media = os.path.join(directory, "modules.cpio")
        modules.write_archive(options, media)
    else:
        media = os.path.join(directory, "eterna.iso")
        bootimage.write(options, directory, media)
    return media


def run_machine(options, directory):
    """From the choice of a machine to its end; the exit status."""
    kind, why = machine.choose(options.machine)
    firmware = machine.choose_firmware(kind, options)
    describe(kind, why, firmware, options)
    program = machine.program(kind, firmware, options)
    media = write_media(firmware, options, directory)
    verdict = Verdict()
    with console.open_console(options.console) as the_console, \
            machine.Machine(kind, firmware, program, options, directory, media) as the_machine, \
            gdbport.open_ports(options.gdb, the_machine.debug_line, say) as debuggers:
        limit = relay.Limit(options.timeout, the_machine)
        end = relay.Relay(the_machine, the_console, verdict, limit, debuggers).run()
    status = verdict.status() if end is relay.End.MACHINE else None
    if status is None:
        raise Failure(explain(end, the_machine, verdict, options))
    return status


def write_iso(options, directory):
    try:
        bootimage.write(options, directory, os.path.join(directory, "out.iso"))
        shutil.move(os.path.join(directory, "out.iso"), options.iso)
    except OSError as error:
        raise BadArguments(f"--iso {options.iso}: {error.strerror}") from None
    return 0


def main(words):
    raise_on_signals()
    try:
        options = arguments.parse(words)
        if options.which:
            print(machine.choose(options.machine)[0])
            return 0
        with working_directory(options.keep) as directory:
            return write_iso(options, directory) if options.iso else run_machine(options, directory)
    except Failure as failure:
        say(failure)
        return failure.exit_status
    except Signalled as caught:
        say(f"ended by {signal.Signals(caught.number).name}")
        return 128 + caught.number
    except BrokenPipeError:  # nobody reads our output any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE
    except OSError as error:  # a full disk, no more processes, ...
        say(error)
        return Failure.exit_status
