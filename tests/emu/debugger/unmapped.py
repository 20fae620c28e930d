# SPDX-License-Identifier: Apache-2.0
"""Breakpoints at addresses that are not mapped yet, more than there are debug registers: none is missed."""
import os
import re

from .session import CACHE, Gdb, Machine, first_words, run_checks, verdict

# As tests/guest/debuggee/appear.c maps them, the first one last.
ONE_TABLE = 0x200000000000
WAYS = {"store": ONE_TABLE + 0x1000, "next_store": ONE_TABLE + 0x2000, "xchg": ONE_TABLE + 0x3000, "movs": ONE_TABLE + 0x4000,
        "large": ONE_TABLE + 0x40000000, "table": 0x210000005000, "cr3": 0x220000006000, "exchange": 0x230000007000,
        "neighbour": ONE_TABLE + 0x8000, "other": ONE_TABLE + 0x9000}
LARGE_BYTES = 0x200000
CODE_PAGE = 4096


def run(options, port, vcpus):
    name = f"unmapped-{vcpus}"
    elf = os.path.join(options.guests, "debuggee.elf")
    machine = Machine(options, port, ["--kernel", elf, "--gdb-wait", "--testdev", "--vcpus", str(vcpus)],
                      os.path.join(options.out, f"gdb-{name}.console"))
    gdb = Gdb("gdb", os.path.join(options.out, f"gdb-{name}.log"))
    try:
        verdict(machine.wait_for(r"waits for gdb"), f"{name}: the VM waits")
        run_checks(gdb, [(f"file {elf}64", None), (f"target remote :{port}", "guest_start"),
                         ("set breakpoint always-inserted on", "^$"), ("monitor unmapped-exact perhaps", "on or off"),
                         ("monitor unmapped-exact on", "^$")] + first_words(options))
        physical = int(gdb.ask("p/d (long)code").split("=")[1]) + list(WAYS).index("large") * CODE_PAGE
        ways = dict(WAYS, large=WAYS["large"] + physical % LARGE_BYTES)
        if not options.row.startswith("vmx"):  # the upper levels are not looked after there (docs/debugging.md)
            del ways["exchange"]
        run_checks(gdb, [(f"{'h' if at & 0x1000 else ''}break *{at:#x}", "reakpoint") for at in ways.values()])
        for way, at in reversed(ways.items()):
            thread = 2 if way == "other" and vcpus > 1 else 1
            run_checks(gdb, [("continue", rf"Breakpoint \d+, 0x0*{at:x} in"),
                             ("p $_thread", f"= {thread}$"), ("monitor points", f"{at:016x}.*(memory|register)")])
        run_checks(gdb, [("delete", None), ("monitor points", "^$"), ("detach", "detached")])
        verdict(machine.end() == 1, f"{name}: the guest passes its own checks", machine.text[-400:])
    finally:
        gdb.quit()
        machine.stop()


# A Linux kernel comes by these in this order, the first one right behind the load of CR3 that maps them all.
ON_THE_WAY = ["start_kernel", "setup_arch", "sched_init", "time_init", "vfs_caches_init", "rest_init", "kernel_init"]


def run_linux(options, port):
    """Before the boot of a Debian kernel; on AMD-V its loader and decompressor, behind the same root table, stay swift."""
    words = ["--kernel", os.path.join(CACHE, "linux-cloud/vmlinuz"), "--initrd",
             os.path.join(CACHE, "initrd/initrd.cpio.gz"), "--cmdline", "console=ttyS0 nokaslr", "--vcpus", "2"]
    machine = Machine(options, port, words, os.path.join(options.out, "gdb-unmapped-linux.console"))
    gdb = Gdb("gdb", os.path.join(options.out, "gdb-unmapped-linux.log"))
    try:
        verdict(machine.wait_for(r"guest:[^\n]*# "), "unmapped-linux: a shell")
        machine.type(f"grep -E ' ({'|'.join(ON_THE_WAY)})$' /proc/kallsyms; echo symbols are th''ere\n")
        verdict(machine.wait_for(r"symbols are there"), "unmapped-linux: addresses of symbols")
        symbols = {m[2]: int(m[1], 16) for m in re.finditer(r"([0-9a-f]{16}) [a-zA-Z] (\w+)", machine.text)}
        run_checks(gdb, [("set architecture i386:x86-64", None), (f"target remote :{port}", r"\?\?")]
                   + first_words(options) + [("monitor reset", "is reset"), ("maintenance flush register-cache", "flushed")])
        run_checks(gdb, [(f"break *{symbols.get(name, 0):#x}", "Breakpoint") for name in ON_THE_WAY])
        for name in ON_THE_WAY:
            run_checks(gdb, [("continue", rf"Breakpoint \d+, 0x{symbols.get(name, 0):x} in")])
        run_checks(gdb, [("delete", None), ("detach", "detached")])
        verdict(machine.wait_for(r"(?s)symbols are there.*guest:[^\n]*# .*guest:[^\n]*# "), "unmapped-linux: a shell again")
    finally:
        gdb.quit()
        machine.stop()
