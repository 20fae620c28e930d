# SPDX-License-Identifier: Apache-2.0
# The Bochs machine: its settings file and its command.
import glob
import os

from . import built
from .arguments import MIB
from .failure import Failure

HOST_MEMORY_MOST = 2048  # MiB that Bochs can hold as one block; more goes through its own paging file
HOLE_BEGIN = 3072        # MiB: what lies from here to 4 GiB is behind PCI and, unlike on q35, does not appear elsewhere
HOLE_SIZE = 1024         # MiB
LOG = "bochs.log"
BIOS = "/usr/share/bochs/BIOS-bochs-latest"  # package bochsbios
VGA_BIOS = "/usr/share/vgabios/vgabios.bin"  # package vgabios

# sync=none with a fixed date makes runs repeat: one tick is one instruction. ips only scales ticks to emulated seconds;
# real speed is near three times that. Bochs compares the names of all memory blocks with each other when it starts, so
# they are not left at 128 KiB: 5 GiB took minutes. The display is none; without `action=fatal` Bochs would ask a question.
SETTINGS = """\
config_interface: textconfig
display_library: nogui
romimage: file={bios}
vgaromimage: file={vga_bios}
cpu: model={model}, count={cpus}, ips=50000000, reset_on_triple_fault=0
memory: guest={guest}, host={host}, block_size=1024
clock: sync=none, time0=1700000000
pci: enabled=1, chipset=i440fx
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path="{iso}", status=inserted
boot: cdrom
com1: enabled=1, mode=socket-client, dev=127.0.0.1:1
log: "{log}"
info: action=ignore
debug: action=ignore
error: action=report
panic: action=fatal
"""


def settings(options, directory, iso):
    megabytes = options.ram // MIB
    if megabytes > HOLE_BEGIN:
        megabytes += HOLE_SIZE
    text = SETTINGS.format(bios=BIOS, vga_bios=VGA_BIOS, model=options.cpu_model or "corei7_skylake_x",
                           cpus=options.cpus, guest=megabytes, host=min(megabytes, HOST_MEMORY_MOST),
                           iso=iso, log=os.path.join(directory, LOG))
    if options.gdb is not None:
        text += "com2: enabled=1, mode=socket-client, dev=127.0.0.1:2\n"  # bochs-connect.c: the unix socket com2
    return text + "".join(f"{line}\n" for line in options.bochs_option)


def is_built():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return bool(glob.glob(os.path.join(cache, "eterna/bochs-mended*/bochs")))


def program():
    """The path of our Bochs, built if it is not there yet."""
    path = built.emulator("bochs", "there is no Bochs to run")
    for rom in (BIOS, VGA_BIOS):
        if not os.path.exists(rom):
            raise Failure(f"{rom} is not installed: run tools/deps/packages bochs")
    return path


def command(the_program, options, directory, iso, socket_path):
    """The command that starts the machine with COM1 connected to the unix socket, whose name must be com1."""
    path = os.path.join(directory, "bochsrc")
    with open(path, "w", encoding="utf-8") as rc:
        rc.write(settings(options, directory, iso))
    sockets = os.path.dirname(socket_path)  # tools/deps/bochs-connect.c finds com1 there
    return ["env", f"BOCHS_SOCKETS={sockets}", the_program, "-q", "-f", path]


def last_words(directory):
    """The reason that Bochs gives for its end, where its log has one."""
    try:
        with open(os.path.join(directory, LOG), encoding="utf-8", errors="replace") as log:
            panics = [line for line in log if "PANIC" in line or "3rd (" in line]
    except OSError:
        return None
    return "Bochs: " + panics[-1].strip() if panics else None
