# SPDX-License-Identifier: Apache-2.0
# The machines of the matrix, and the command that runs a row on one of them.
import os

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "eterna")

# Machines that ETERNA boots on, and the firmwares of each: MACHINE/FIRMWARE[/MODEL][/noapicv], for qemu with a last word on its clock.
FIRMWARES = {"bochs": ("bios",), "qemu": ("direct", "seabios", "ovmf")}
NOAPICV = "noapicv"  # the configuration says [host] apicv = off
ICOUNT = "icount"  # a nanosecond is one instruction; else QEMU's machines run by the host's clock
ONE_THREAD = "one-thread"  # its processors take turns; else they run at once
BARE = "bare"  # QEMU boots the guest itself, without ETERNA
# Tells a guest under ETERNA what it cannot see: the processor skips checks of the manual (tests/guest/runtime/machine.h).
PROCESSOR_IS_TCG = "processor=tcg"
INITRD = os.path.join(CACHE, "initrd/initrd.cpio.gz")
LINUX = ("linux-cloud", "linux-full")
GUEST_LIMIT_S = 120  # processor seconds that an emulated machine is given for a test guest
LINUX_LIMIT_S = 900  # and for Linux, which takes about 60


class BadMachine(Exception):
    """A word that names no machine."""


class Machine:
    """Where a row runs: kind (bochs, qemu, bare), firmware, model where it is not the launcher's own, by what clock."""

    def __init__(self, kind, firmware=None, model=None, clock=None, noapicv=False):
        self.kind, self.firmware, self.model, self.clock, self.noapicv = kind, firmware, model, clock, noapicv

    @property
    def counts(self):
        return self.clock == ICOUNT

    @property
    def words(self):
        return [word for word in (self.kind, self.firmware, self.model, NOAPICV if self.noapicv else None,
                                  self.clock) if word]


def parse(text):
    words = text.split("/")
    if words == [BARE]:
        return Machine(BARE)
    clock = words.pop() if words[0] == "qemu" and words[-1] in (ICOUNT, ONE_THREAD) else None
    noapicv = words[-1] == NOAPICV
    if noapicv:
        words.pop()
    if len(words) not in (2, 3) or not all(words) or words[1] not in FIRMWARES.get(words[0], ()):
        known = ", ".join(f"{kind}/{firmware}" for kind, those in FIRMWARES.items() for firmware in those)
        raise BadMachine(f'machine "{text}" is none of {BARE}, {known}, these with /MODEL and /{NOAPICV}, '
                         f'qemu/... also with /{ICOUNT} or /{ONE_THREAD}, or a list that is defined above')
    return Machine(*words, clock=clock, noapicv=noapicv)


def needs_config(row):
    """What the launcher's own options can't say."""
    return len(row.guests) > 1 or row.apic_ids or row.machine.noapicv


def config_write(row, path):
    """Guests that run side by side: only the last one has the console."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("[host]\napicv = off\n\n" if row.machine.noapicv else "")
        for guest in row.guests:
            console = "on" if guest == row.guests[-1] else "off"
            file.write(f"[vm {guest}]\nkernel = {guest}\nmemory = {row.memory}\nvcpus = {row.vcpus}\nconsole = {console}\n")
            file.write(f"apic_ids = {row.apic_ids}\n" if row.apic_ids else "")
            if row.is_linux:
                file.write("initrd = initrd\ncmdline = console=ttyS0\n\n")
                continue
            file.write("testdev = yes\n")
            file.write(f"cmdline = {PROCESSOR_IS_TCG}\n\n" if row.machine.kind == "qemu" else "\n")


def guest_file(guest, options):
    return os.path.join(options.guests, guest + ".elf")


def config_words(row, options):
    words = ["--config", os.path.join(options.out, row.name + ".conf")]
    for guest in row.guests:
        words += ["--module", f"{guest}={linux_kernel(guest) if row.is_linux else guest_file(guest, options)}"]
    return words + (["--module", f"initrd={INITRD}"] if row.is_linux else [])


def cmdline_words(row):
    return ["--cmdline", PROCESSOR_IS_TCG] if row.machine.kind == "qemu" else []


def linux_kernel(guest):
    return os.path.join(CACHE, guest, "vmlinuz")


def linux_words(row):
    return ["--kernel", linux_kernel(row.guest), "--initrd", INITRD, "--cmdline", "console=ttyS0"]


def eterna_command(row, options):
    machine = row.machine
    command = [os.path.join(TREE, "tools/eterna-run"), "--machine", machine.kind, "--image", options.image]
    if machine.kind == "qemu":
        command += ["--firmware", machine.firmware]
        command += [f"--{machine.clock}"] if machine.clock else []
    if machine.model:
        command += ["--cpu-model", machine.model]
    if row.cpus != "1":
        command += ["--cpus", row.cpus]
    command += ["--timeout", str(LINUX_LIMIT_S if row.is_linux else GUEST_LIMIT_S)]
    if needs_config(row):
        return command + config_words(row, options)
    if row.is_linux:
        command += linux_words(row)
    else:
        command += ["--kernel", guest_file(row.guest, options), "--testdev", *cmdline_words(row)]
    return command + ["--vcpus", row.vcpus, "--memory", row.memory]


def bare_command(row, options):
    return ["qemu-system-x86_64", "-kernel", guest_file(row.guest, options), "-cpu", "max",
            "-smp", row.vcpus, "-m", row.memory, "-display", "none", "-serial", "stdio", "-monitor", "none",
            "-nic", "none", "-no-reboot", "-device", "pc-testdev",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4"]


def command(row, options):
    """The words that run a row; a file that it needs is written by prepare()."""
    return bare_command(row, options) if row.machine.kind == BARE else eterna_command(row, options)


def prepare(row, options):
    if needs_config(row):
        config_write(row, os.path.join(options.out, row.name + ".conf"))
