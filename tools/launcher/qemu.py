# SPDX-License-Identifier: Apache-2.0
# The QEMU machines: with KVM on the host's processor, and with QEMU's own emulation.
import os
import shutil

from . import built
from .arguments import MIB
from .failure import Failure

LOG = "qemu.log"  # what QEMU itself says; machine.py sends its output there

# One TSC tick is one instruction; time passes at once while all processors wait; nothing of the host's clocks or
# randomness comes in. The same run gives the same counts.
ICOUNT = ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2024-01-01,clock=vm"]


OVMF = "/usr/share/ovmf/OVMF.fd"  # package ovmf
PROGRAM = "qemu-system-x86_64"
FIRMWARE = ("/usr/share/qemu", "/usr/share/seabios")  # where the installed QEMU has it; ours is told


def is_installed():
    return shutil.which(PROGRAM) is not None


def has_threads(kind, options):
    """Does QEMU emulate several processors with a thread each?"""
    return kind == "qemu" and options.cpus > 1 and not options.one_thread and not options.icount


def program(kind, firmware, options):
    """The path of our QEMU (tools/deps/qemu), built for threads if it is not there yet; without it the installed one's."""
    path = shutil.which(PROGRAM)
    if path is None:
        raise Failure(f"{PROGRAM} is not installed: run tools/deps/packages qemu")
    if firmware == "ovmf" and not os.path.exists(OVMF):
        raise Failure(f"{OVMF} is not installed: run tools/deps/packages ovmf")
    if has_threads(kind, options):
        return built.emulator("qemu", "there is no QEMU of ours for several processors at once; --one-thread needs none")
    return kind == "qemu" and built.emulator_if_built("qemu") or path


def accelerator(kind, options):
    """KVM, or QEMU's own emulation: one thread for each processor, or for all, or one that counts instructions."""
    if kind == "kvm":
        return ["-accel", "kvm"]
    if options.icount:
        return ["-accel", "tcg,thread=single"] + ICOUNT
    if not has_threads(kind, options):
        return ["-accel", "tcg,thread=single"]
    return ["-accel", "tcg,thread=multi"]


def boot_words(firmware, options, media):
    """How the machine comes to ETERNA: at once by its PVH note, or by GRUB from the ISO."""
    if firmware == "direct":
        return ["-vga", "none", "-kernel", options.image, "-initrd", media]
    bios = ["-bios", OVMF] if firmware == "ovmf" else []
    return bios + ["-vga", "std", "-boot", "d",
                   "-drive", f"if=ide,media=cdrom,readonly=on,format=raw,file={media.replace(',', ',,')}"]


def command(the_program, kind, firmware, options, media, socket_path):
    """The command that starts the machine with COM1 connected to the unix socket."""
    model = options.cpu_model or ("host" if kind == "kvm" else "max")
    words = [the_program, "-machine", "q35"] + accelerator(kind, options)
    words += ["-cpu", model, "-smp", str(options.cpus), "-m", f"{options.ram // MIB}M"]
    words += ["-nodefaults", "-display", "none", "-no-reboot"] + boot_words(firmware, options, media)
    if the_program != shutil.which(PROGRAM):
        words += [word for path in FIRMWARE for word in ("-L", path)]
    for name in ["com1"] if options.gdb is None else ["com1", "com2"]:
        path = os.path.join(os.path.dirname(socket_path), name)
        words += ["-chardev", f"socket,id={name},path={path.replace(',', ',,')}", "-serial", f"chardev:{name}"]
    return words + options.qemu_option


def last_words(directory):
    """QEMU's last message, where it left one."""
    try:
        with open(os.path.join(directory, LOG), encoding="utf-8", errors="replace") as log:
            lines = log.read().split("\n")
    except OSError:
        return None
    said = [line for line in lines if line.strip()]
    return said[-1].strip() if said else None
