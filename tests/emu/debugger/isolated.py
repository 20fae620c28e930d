# SPDX-License-Identifier: Apache-2.0
"""A guest on the user's half of its page tables, whose kernel's half is read, written and stopped in; and one with a
watchdog of its own, which stays quiet however long the debugger takes."""
import os
import time

from .session import Gdb, Machine, first_words, run_checks, verdict

# As tests/guest/debuggee/isolated.c has them.
KERNEL_DATA = 0x240000001000
KERNEL_CODE = 0x240000002000

NEITHER = [
    ("tbreak isolated_stop", "Temporary"),
    ("continue", "isolated_stop"),
    (f"x/gx {KERNEL_DATA:#x}", "Cannot access"),
]

USER_HALF = [
    ("tbreak isolated_stop", "Temporary"),
    ("continue", "isolated_stop"),
    ("p ($cr3 >> 12) & 1", "= 1"),
    (f"x/gx {KERNEL_DATA:#x}", "0x00000000005ec2e7"),
    (f"x/i {KERNEL_CODE:#x}", "ret"),
    (f"set {{long}}{KERNEL_DATA:#x} = 0x5ec2e8", "^$"),
    (f"x/gx {KERNEL_DATA:#x}", "0x00000000005ec2e8"),
    (f"x/gx {KERNEL_DATA + 0x2000:#x}", "Cannot access"),
    (f"break *{KERNEL_CODE:#x}", "Breakpoint"),
    ("continue", f"0x0*{KERNEL_CODE:x} in"),
    ("p ($cr3 >> 12) & 1", "= 0"),
    ("delete", None),
    ("tbreak isolated_stop", "Temporary"),
    ("continue", "isolated_stop"),
    ("p kernel_data[0]", f"= {0x5ec2e8}"),
]

STOPPED_S = 4  # real seconds: twice the watchdog's patience
ROUNDS = 3


def run(options, port):
    elf = os.path.join(options.guests, "debuggee.elf")
    machine = Machine(options, port, ["--kernel", elf, "--gdb-wait", "--testdev"],
                      os.path.join(options.out, "gdb-isolated.console"))
    gdb = Gdb("gdb", os.path.join(options.out, "gdb-isolated.log"))
    try:
        verdict(machine.wait_for(r"waits for gdb"), "isolated: the VM waits")
        run_checks(gdb, [(f"file {elf}64", None), (f"target remote :{port}", "guest_start")] + first_words(options))
        run_checks(gdb, NEITHER + USER_HALF)
        run_checks(gdb, [("break watchdog_stop", "Breakpoint")])
        for round_number in range(ROUNDS):
            run_checks(gdb, [("continue", rf"watchdog_stop \(.*={round_number}\)")])
            time.sleep(STOPPED_S)
        run_checks(gdb, [("p bites", "= 0"), ("delete", None), ("detach", "detached")])
        verdict(machine.end() == 1, "isolated: the guest passes its own checks", machine.text[-400:])
    finally:
        gdb.quit()
        machine.stop()
