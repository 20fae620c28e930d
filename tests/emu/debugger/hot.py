# SPDX-License-Identifier: Apache-2.0
"""Breakpoints whose conditions do not hold: counted, each time costs one exit and no step."""
import os
import re

from .session import Gdb, Machine, first_words, run_checks, verdict

TIMES = 100  # as tests/guest/debuggee has it
# An instruction each that the emulator knows. hot_ret is called by hot_call as well.
PASSED = {"hot_push": 1, "hot_endbr": 1, "hot_nop": 1, "hot_call": 1, "hot_ret": 2, "hot_add": 1, "hot_jump": 1}


def exits(gdb):
    """{kind: how many} of vcpu 0."""
    return {m[2]: int(m[1]) for m in re.finditer(r"^ *(\d+)  (.+?)$", gdb.ask("monitor exits"), re.M)}


def passes(gdb, functions):
    """Exits between the begin and the end of hot_all with a condition that never holds on each function."""
    run_checks(gdb, [("tbreak hot_all", "Temporary"), ("continue", "hot_all")])
    for name in functions:
        run_checks(gdb, [(f"break *{name} if $rdx == 0x123456789", "Breakpoint")])
    before = exits(gdb)
    run_checks(gdb, [("tbreak hot_done", "Temporary"), ("continue", "hot_done"), ("delete", None)])
    after = exits(gdb)
    return {kind: count - before.get(kind, 0) for kind, count in after.items() if count != before.get(kind, 0)}


def counted(gdb, found):
    """Where there is an INT3 for each breakpoint."""
    breaks, steps = found.pop("exception", 0), found.pop("step", 0)
    expected = TIMES * sum(PASSED.values()) + 1  # and hot_done
    verdict(breaks == expected, f"hot: {breaks} exits for {expected} passes of breakpoints")
    verdict(steps == 0, f"hot: {steps} steps", repr(found))
    # An instruction that the emulator leaves to the processor is stepped over: a second exit.
    found = passes(gdb, ["hot_crc32"])
    breaks, steps = found.pop("exception", 0), found.pop("step", 0)
    verdict(breaks == TIMES + 1 and steps == TIMES, f"hot: {breaks} exits and {steps} steps where it is not known")


def run(options, port):
    elf = os.path.join(options.guests, "debuggee.elf")
    machine = Machine(options, port, ["--kernel", elf, "--gdb-wait", "--testdev"],
                      os.path.join(options.out, "gdb-hot.console"))
    gdb = Gdb("gdb", os.path.join(options.out, "gdb-hot.log"))
    try:
        verdict(machine.wait_for(r"waits for gdb"), "hot: the VM waits")
        run_checks(gdb, [(f"file {elf}64", None), (f"target remote :{port}", "guest_start")] + first_words(options))
        found = passes(gdb, PASSED)
        if options.row == "vmx":
            counted(gdb, found)
        run_checks(gdb, [("detach", "detached")])
        verdict(machine.end() == 1, "hot: each instruction was carried out once", machine.text[-300:])
    finally:
        gdb.quit()
        machine.stop()
