# SPDX-License-Identifier: Apache-2.0
"""Another debugger: Debian's lldb attaches, reads threads and registers, breaks, steps and watches.

What it says of a change of threads or processes comes when it likes: nothing is checked of that by its place.
"""
import os
import re
import subprocess

from .session import Machine, verdict

PATIENCE_S = 300
PROMPT = "(lldb) "

# Each command and what its answer must match.
CHECKS = [
    ("thread list", r"thread #1.*thread #2"),
    ("register read rip cr0 eflags", r"rip = 0x.*cr0 = 0x.*11.*(eflags|rflags) = 0x"),
    ("register read xmm3 ymm5 fs_base", r"xmm3 = \{0x00.*ymm5 = \{0x00.*fs_base = 0x"),
    ("register write rbx 0x1122334455667788", r""),
    ("register read rbx", r"0x1122334455667788"),
    ("register write rbx 0", r""),
    ("memory read --size 1 --count 1 --format x &guest_main", None),
    ("breakpoint set --name leaf", r"Breakpoint 1: where = .*leaf"),
    ("continue", r"stop reason = breakpoint 1\.1.*leaf\(n=0\)"),
    ("thread backtrace", r"frame #0:.*leaf.*frame #1:.*middle.*frame #2:.*guest_main"),
    ("frame variable n", r"n = 0"),
    ("expression -- counter + 5", r"= 5"),
    ("thread step-inst", r"stop reason = instruction step into"),
    ("thread step-over", r"stop reason = step over.*leaf"),
    ("thread step-out", r"stop reason = step out.*middle"),
    ("continue", r"breakpoint 1\.1.*leaf\(n=1\)"),
    ("disassemble --pc --count 2", r"leaf.*add|leaf.*mov"),
    ("breakpoint modify --condition 'n == 20' 1", r""),
    ("continue", r"breakpoint 1\.1.*leaf\(n=20\)"),
    ("breakpoint delete --force", None),
    ("watchpoint set expression -w write -s 1 -- &watched[100]", r"Watchpoint created"),
    ("continue", r"stop reason = watchpoint 1.*touch"),
    ("watchpoint delete --force", None),
    ("thread select 2", None),
    ("thread backtrace", r"\* thread #2.*smp_entered"),
    ("register read rip", r"rip = 0x"),
    ("thread select 1", None),
    ("thread step-inst", r"instruction step into"),
    ("process plugin packet send qC", r"response: QC"),
    ("process detach", None),
]


def answers(text, commands):
    """What lldb said to each of the commands, which it repeats behind its prompt."""
    found = []
    at = 0
    for command in commands:
        start = text.find(PROMPT + command, at)
        if start < 0:
            found.append("(lldb did not come this far)")
            continue
        end = text.find(PROMPT, start + len(PROMPT))
        at = end if end >= 0 else len(text)
        found.append(text[start + len(PROMPT) + len(command):at].strip())
    return found


def run(options, port):
    elf = os.path.join(options.guests, "debuggee.elf")
    machine = Machine(options, port, ["--kernel", elf, "--gdb-wait", "--testdev", "--vcpus", "2"],
                      os.path.join(options.out, "gdb-lldb.console"))
    script = os.path.join(options.out, "gdb-lldb.script")
    attach = [f"target create {elf}64", f"gdb-remote {port}"]
    if options.first:
        attach.append(f"process plugin packet monitor {options.first}")
    with open(script, "w", encoding="utf-8") as file:
        file.write("\n".join(attach + [command for command, _ in CHECKS] + ["quit"]) + "\n")
    try:
        verdict(machine.wait_for(r"waits for gdb"), "lldb: the VM waits")
        # It imports a part of its Python that Debian packs elsewhere, and says so each time.
        result = subprocess.run(["lldb", "--no-lldbinit", "--no-use-colors", "--batch", "--source", script],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        with open(os.path.join(options.out, "gdb-lldb.log"), "w", encoding="utf-8") as file:
            file.write(result.stdout + result.stderr)
        commands = attach + [command for command, _ in CHECKS]
        said = dict(enumerate(answers(result.stdout, commands)))
        verdict(re.search(r"stop reason|guest_start", said[1]) is not None, "lldb: gdb-remote attaches", said[1])
        for number, (command, pattern) in enumerate(CHECKS, len(attach)):
            if pattern is not None:
                verdict(re.search(pattern, said[number], re.S) is not None, f"lldb: {command}   =~   {pattern}", said[number][:300])
        verdict("Process 1 detached" in result.stdout, "lldb: process detach")
        verdict(machine.end() == 1, "lldb: the guest passes its own checks", machine.text[-300:])
    except subprocess.TimeoutExpired as error:
        verdict(False, "lldb: it answers", (error.stdout or b"")[-300:].decode("utf-8", "replace"))
    finally:
        machine.stop()
