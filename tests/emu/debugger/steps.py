# SPDX-License-Identifier: Apache-2.0
"""Every instruction of a guest is stepped that would show TF, or lose a step: the guest must find nothing of it."""
import os
import subprocess
import re

from .remote import Remote
from .session import Machine, verdict

STEPS_S = 60  # real seconds for all of them


def symbols_of(path):
    text = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
    return {m[2]: int(m[1], 16) for m in re.finditer(r"^([0-9a-f]+) \w (\w+)$", text, re.M)}


def run(options, port, interrupts):
    name = "steps-interrupts" if interrupts else "steps"
    elf = os.path.join(options.guests, "stepped.elf")
    machine = Machine(options, port, ["--kernel", elf, "--gdb-wait", "--testdev"]
                      + (["--cmdline", "processor=tcg"] if options.machine == "qemu" else []),
                      os.path.join(options.out, f"gdb-{name}.console"), STEPS_S)
    symbols = symbols_of(elf + "64")
    try:
        verdict(machine.wait_for(r"waits for gdb"), f"{name}: the VM waits")
        remote = Remote(port)

        def check(packet, pattern, patience=60):
            answer = remote.ask(packet, patience)
            text = "(nothing)" if answer is None else answer.decode("latin-1")
            verdict(re.fullmatch(pattern, text, re.S) is not None, f"{name}: {packet[:60]!r}   =~   {pattern[:80]}", text[:200])

        if options.first:
            check("qRcmd," + options.first.encode().hex(), "OK")
        if interrupts:
            check("qRcmd," + b"step-interrupts on".hex(), "OK|([0-9a-f]{2})+")
        check("Z1,%x,1" % symbols["stepped_begin"], "OK")
        check("c", r"T05thread:1;.*")
        check("z1,%x,1" % symbols["stepped_begin"], "OK")
        check("Z1,%x,1" % symbols["stepped_end"], "OK")
        # One step after another without a word, till the breakpoint.
        check("vCont;r0,fffffffffffffff0:1;c", r"T05thread:1;.*", STEPS_S)
        check("p10", symbols["stepped_end"].to_bytes(8, "little").hex())
        check("z1,%x,1" % symbols["stepped_end"], "OK")
        check("D", "OK")
        verdict(machine.end() == 1, f"{name}: the guest has seen nothing of it", machine.text[-600:].replace("\n", "\n     "))
    finally:
        machine.stop()
