# SPDX-License-Identifier: Apache-2.0
"""What a debugger costs that is not there: instructions of each exit, which both machines count (bench/exits)."""
import os
import re

from .remote import Remote
from .session import Machine, verdict
from .steps import symbols_of

ROW = re.compile(r"^bench: (.+?) +\| median +(\d+) \|", re.M)
ROWS_MIN = 25
# The timer's work comes with these, and looks after the debugger's port.
HOST_WORK = re.compile(r"HLT|first touch|taken")
HOST_WORK_MORE = 300
SLACK = {"bochs": 8, "qemu": 0}  # Bochs's TSC goes on only at the ends of its traces


def rows(options, port, name, words, visit=None):
    """{row: median} of the bench guest, after `visit` has debugged it."""
    elf = os.path.join(options.guests, "bench.elf")
    machine = Machine(options, port, ["--kernel", elf, "--testdev", *words] + (["--icount"] if options.machine == "qemu" else []),
                      os.path.join(options.out, f"gdb-cost-{name}.console"))
    try:
        if visit:
            verdict(machine.wait_for(r"waits for gdb"), f"cost: {name}: the VM waits")
            visit(port, symbols_of(elf + "64"))
        verdict(machine.end() == 1, f"cost: {name}: the guest runs to its end", machine.text[-300:])
    finally:
        machine.stop()
    return {m[1]: int(m[2]) for m in ROW.finditer(machine.text.replace("\r", ""))}


def visit(port, symbols):
    """A breakpoint, a step, a watchpoint, and gone."""
    remote = Remote(port)
    main = symbols["guest_main"]
    for packet, pattern in (("Z1,%x,1" % main, b"OK"), ("c", b"T05"), ("Z0,%x,1" % main, b"OK"), ("Z2,%x,8" % main, b"OK"),
                            ("z1,%x,1" % main, b"OK"), ("z0,%x,1" % main, b"OK"), ("s", b"T05"), ("D", b"OK")):
        answer = remote.ask(packet) or b"(nothing)"
        verdict(answer.startswith(pattern), f"cost: {packet}", repr(answer))


def run(options, port):
    off = rows(options, None, "off", [])
    verdict(len(off) >= ROWS_MIN, "cost: the guest measures", repr(off))
    for name, words, debugged in (("on", [], None), ("left", ["--gdb-wait"], visit)):
        found = rows(options, port, name, words, debugged)
        exits = [row for row in off if not HOST_WORK.search(row)]
        slack = SLACK[options.machine]
        more = {row: (off[row], found.get(row)) for row in exits if abs(found.get(row, 1 << 40) - off[row]) > slack}
        verdict(not more, f"cost: {name}: {len(exits)} kinds of exits cost what they do without gdb", repr(more))
        more = {row: (off[row], found.get(row)) for row in off if found.get(row, 1 << 40) > off[row] + HOST_WORK_MORE}
        verdict(not more, f"cost: {name}: nor is the host's work with them dear", repr(more))
