# SPDX-License-Identifier: Apache-2.0
# The command line: its help text, and every check that needs no machine.
import argparse
import os
import re

from .failure import BadArguments

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
MIB = 1 << 20
RAM_LEAST = 512 * MIB   # of the machine, when --ram does not say
RAM_BESIDE = 256 * MIB  # what the machine gets beside the guest's memory, when --ram does not say
MODULE_NAME = re.compile(r"[A-Za-z0-9._+-]{1,63}")
CONFIG_NAME = "eterna.conf"

DESCRIPTION = """\
Starts the ETERNA hypervisor in a machine with VT-x or AMD-V and connects its first serial port (COM1).

What ETERNA boots is given in one of two ways: --kernel describes one virtual machine on the command line,
--config gives a configuration file (docs/config.md) that names its files, which --module hands over.
"""

EPILOG = """\
console:
  With stdio the terminal is the serial console: every key, Ctrl-C too, goes to ETERNA, and ETERNA gives it to the
  guest. Ctrl-] reaches ETERNA's own prompt; `quit` there ends everything. If ETERNA itself does not answer, Ctrl-]
  pressed five times in a row ends the machine by force, and so does SIGTERM, SIGINT or SIGHUP to eterna-run.
  When input is not a terminal its end is not the end of the machine. Input waits for ETERNA's first log
  line and is then taken at the pace at which ETERNA reads its serial port, so that nothing sent early is lost.

machines:
  auto    kvm where the host offers nested virtualization, else qemu; bochs where QEMU is not installed but Bochs was
          built before; says which and why
  kvm     QEMU with KVM on this machine's processor; refused with the reason where KVM offers guests neither VT-x nor
          AMD-V with nested paging
  qemu    QEMU's own emulation, of a processor with AMD-V
  bochs   Bochs, which emulates a processor with VT-x; built once by tools/deps/bochs

exit status:
  0       ETERNA powered the machine off after its virtual machines had
  1-255   odd: (v << 1) | 1 for the value v that a guest wrote to its isa-debug-exit device (--testdev), as with QEMU
  2       bad arguments, among them files that are not there
  3       ETERNA stopped with an error; or the machine ended, or --timeout passed, without ETERNA telling a status
  128+n   ended by signal n
  ETERNA tells its status as the last line on COM1, `eterna: exit status N`; this program takes it from there.

examples:
  tools/eterna-run --kernel vmlinuz --initrd initrd.cpio.gz --cmdline console=ttyS0
  tools/eterna-run --kernel test.elf --testdev --timeout 60 </dev/null
  tools/eterna-run --ram 2G --config two.conf --module linux=vmlinuz --module rd=initrd.cpio.gz
  tools/eterna-run --machine bochs --kernel vmlinuz --initrd initrd.cpio.gz --cmdline console=ttyS0
  tools/eterna-run --config eterna.conf --module linux=vmlinuz --iso stick.iso
"""


def size(text):
    """A size such as 512M, in bytes; the unit is not optional, so that nobody has to guess it."""
    match = re.fullmatch(r"([1-9][0-9]*)([KMG])(iB|B)?", text)
    if not match:
        raise argparse.ArgumentTypeError(f"'{text}' is no size: a number and K, M or G, such as 512M")
    return int(match[1]) << {"K": 10, "M": 20, "G": 30}[match[2]]


def count(least, most):
    """The converter for a whole number in [least, most]."""
    def convert(text):
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"'{text}' is no number from {least} to {most}")
        return int(text)
    return convert


def module(text):
    name, equals, path = text.partition("=")
    if not equals or not path or not MODULE_NAME.fullmatch(name):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=FILE with a NAME of letters, digits and . _ + -")
    return name, path


def build_parser():
    parser = argparse.ArgumentParser(prog="eterna-run", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    machine = parser.add_argument_group("the machine")
    machine.add_argument("--machine", choices=("auto", "kvm", "bochs", "qemu"), default="auto",
                         help="where to run (default: auto; see machines)")
    machine.add_argument("--firmware", choices=("direct", "seabios", "ovmf"),
                         help="how QEMU's machines boot: direct enters the image at once, the others go by GRUB "
                              "(default: direct; seabios with --grub-line)")
    machine.add_argument("--cpus", type=count(1, 254), default=1, metavar="N", help="processors (default: 1)")
    machine.add_argument("--ram", type=size, metavar="SIZE",
                         help="memory (default: 256M more than --memory, at least 512M; 1G with --config)")
    machine.add_argument("--image", metavar="FILE", default=os.path.join(TREE, "build", "eterna.elf"),
                         help="the ETERNA image (default: build/eterna.elf)")

    one = parser.add_argument_group("one virtual machine")
    one.add_argument("--kernel", metavar="FILE", help="a Linux bzImage, a Multiboot ELF or a PVH ELF")
    one.add_argument("--initrd", metavar="FILE", action="append", default=[],
                     help="its initrd; may be given several times (modules of a Multiboot or PVH kernel)")
    one.add_argument("--cmdline", metavar="TEXT", help="its command line, handed over as it is")
    one.add_argument("--vcpus", type=count(1, 254), metavar="N", help="virtual processors (default: 1)")
    one.add_argument("--memory", type=size, metavar="SIZE", help="memory (default: 256M)")
    one.add_argument("--testdev", action="store_true", help="give it QEMU's isa-debug-exit and pc-testdev")

    several = parser.add_argument_group("several, from a configuration")
    several.add_argument("--config", metavar="FILE", help="the configuration")
    several.add_argument("--module", metavar="NAME=FILE", type=module, action="append", default=[],
                         help="a file that the configuration calls NAME; may be given several times")

    result = parser.add_argument_group("what to do with it")
    result.add_argument("--console", metavar="WHERE", default="stdio",
                        help="where COM1 goes: stdio; a FILE that gets the output; unix:PATH, a socket that is "
                             "created, and the machine starts when somebody connects (default: stdio)")
    result.add_argument("--gdb", metavar="PORT", type=count(1, 65500),
                        help="let gdb attach: the first VM at localhost:PORT, the next at PORT+1 and so on (docs/debugging.md)")
    result.add_argument("--gdb-wait", action="store_true",
                        help="with --gdb and --kernel: the VM waits for gdb before its first instruction")
    result.add_argument("--iso", metavar="OUT", help="start nothing; write the bootable image (BIOS and UEFI) to OUT")
    result.add_argument("--timeout", metavar="SECONDS", type=count(1, 999999),
                        help="end a machine that has not ended by then. An emulated machine is given SECONDS of "
                             "processor time, so that a busy host makes no difference; one under kvm, of real time")
    result.add_argument("--keep", metavar="DIR", help="keep what was booted from, the emulator's settings and its log in DIR")

    result.add_argument("--which", action="store_true",
                        help="start nothing; print the machine that --machine means on this host: bochs, kvm or qemu")

    expert = parser.add_argument_group("for tests of ETERNA on particular machines")
    expert.add_argument("--cpu-model", metavar="MODEL",
                        help="the emulator's processor model (default: corei7_skylake_x for bochs, max for qemu, "
                             "host for kvm)")
    expert.add_argument("--icount", action="store_true",
                        help="with --machine qemu and one processor: count instructions instead of time. A tick of "
                             "the TSC is one instruction, and each run is like the one before")
    expert.add_argument("--one-thread", action="store_true",
                        help="with --machine qemu: its processors take turns instead of running at once, each in a "
                             "thread of its own")
    expert.add_argument("--grub-line", metavar="LINE", action="append", default=[],
                        help="a command for GRUB before its menu; may be given several times")
    expert.add_argument("--bochs-option", metavar="LINE", action="append", default=[],
                        help="a line to add to Bochs's settings; may be given several times")
    expert.add_argument("--qemu-option", metavar="WORD", action="append", default=[],
                        help="a word to add to QEMU's command line; may be given several times (--qemu-option=-bios)")
    return parser


def require_file(path, what):
    """`path` names a file that can be read, or the launcher stops here with status 2."""
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise BadArguments(f"{what} {path}: {error.strerror}") from None


def check_choice(options):
    """Exactly one of the two ways to say what to boot, and no option of the other."""
    if (options.kernel is None) == (options.config is None):
        raise BadArguments("give either --kernel or --config")
    if options.kernel is not None and options.module:
        raise BadArguments("--module goes with --config, not with --kernel")
    if options.config is not None:
        for name in ("initrd", "cmdline", "vcpus", "memory", "testdev"):
            if getattr(options, name):
                raise BadArguments(f"--{name} goes with --kernel, not with --config")


def check_machine(options):
    if options.gdb_wait and (options.gdb is None or options.config is not None):
        raise BadArguments("--gdb-wait goes with --gdb and --kernel; a configuration says gdb = wait")
    if options.icount and (options.machine != "qemu" or options.cpus != 1):
        raise BadArguments("--icount goes with --machine qemu and one processor")
    if options.one_thread and options.machine != "qemu":
        raise BadArguments("--one-thread goes with --machine qemu")
    if options.firmware == "direct" and options.grub_line:
        raise BadArguments("--grub-line: there is no GRUB with --firmware direct")


def check_names(options):
    names = [name for name, _ in options.module]
    for name in names:
        if name == CONFIG_NAME:
            raise BadArguments(f"--module {name}: this name is the configuration's own")
        if names.count(name) > 1:
            raise BadArguments(f"--module {name} is given twice")
    if options.cmdline is not None and not options.cmdline.isprintable():
        raise BadArguments("--cmdline: a control character or line end cannot be part of a command line")


def check_files(options):
    require_file(options.image, "--image")
    for name in ("kernel", "config"):
        if getattr(options, name) is not None:
            require_file(getattr(options, name), f"--{name}")
    for path in options.initrd:
        require_file(path, "--initrd")
    for name, path in options.module:
        require_file(path, f"--module {name}")


def parse(words):
    """The checked options; argparse itself ends the program with status 2 where a word is wrong."""
    options = build_parser().parse_args(words)
    if options.which:
        return options
    check_choice(options)
    check_machine(options)
    check_names(options)
    check_files(options)
    if options.ram is None:
        guest = options.memory or 256 * MIB
        options.ram = 1024 * MIB if options.config else max(RAM_LEAST, guest + RAM_BESIDE)
    return options
