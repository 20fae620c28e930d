# SPDX-License-Identifier: Apache-2.0
"""The session of docs/debugging.md, word for word: Debian's kernel with its symbols, and Linux's own scripts for gdb."""
import os
import re

from .session import CACHE, TREE, Gdb, Machine, run_checks, verdict

LIMIT_S = 300      # processor seconds: it boots twice
PATIENCE_S = 600   # real seconds for an answer
FOLDER = os.path.join(CACHE, "linux-symbols")
PAGE = os.path.join(TREE, "docs/debugging.md")
PROMPT = "(gdb) "
CONDITION = "((struct open_how *) $rdx)->flags & 64"

# What else is asked behind the command of the page whose answer has such a text.
BESIDES = {
    "New value = SYSTEM_SCHEDULING": [
        ("lx-dmesg", r"\[ +0\.000000\] Linux version 6\.1\..*Kernel command line: console=ttyS0 nokaslr")],
    "New value = SYSTEM_RUNNING": [("print $lx_current().comm", r'= "swapper/0')],
    "Online CPUs": [("print $lx_per_cpu(\"process_counts\", 0) < 1000", r"= 1"),
                    ('eval "monitor walk %p", &system_state', r"level 4.*is guest-physical")],
    '= "sync"': [("backtrace", r"ksys_sync.*do_syscall_64"), ("delete", None),
                 (f"break do_sys_openat2 if {CONDITION}", r"Breakpoint"),
                 ("continue", r"Breakpoint \d+, do_sys_openat2"), ("delete", None)],
}


def session(path):
    """[command, lines of its answer] of the page's session, in order."""
    with open(path, encoding="utf-8") as file:
        section = re.search(r"^## From .*?(?=^## )", file.read(), re.S | re.M)[0]
    found = []
    for line in re.findall(r"^    (.*)$", section, re.M):
        if line.startswith(PROMPT):
            found.append((line[len(PROMPT):], []))
        elif found:
            found[-1][1].append(line.strip())
    return found


def pattern_of(lines):
    """A pattern for an answer: numbers are any, "..." is anything, and so is which thread gdb turns to."""
    parts = []
    for line in lines:
        if not line or line == "^C" or line.startswith(("[Switching", "Delete all")):
            continue
        line = re.sub(r"~/\S+/", "...", line)
        words = re.sub(r"0x[0-9a-f]+|\d+", "0", line)
        words = re.escape(words).replace(r"\ ", " ").replace(r"\.\.\.", ".*")
        parts.append(re.sub(r" +", r"\\s+", words).replace("0", r"(0x[0-9a-f]+|\d+)"))
    return r"\s+(\[Switching to Thread \d+\]\s+)?".join(parts).replace(r"\s+.*\s+", r"\s.*\s")


def answer_of(gdb, machine, command, lines):
    """gdb's answer, with what the page has the newcomer type at the guest's shell meanwhile."""
    if "^C" in lines:
        gdb.say(command)
        verdict(machine.wait_for(r"guest:[^\n]*# "), "symbols: a shell")
        machine.type("insmod /module.ko && echo lo''aded\n")
        verdict(machine.wait_for(r"\nloaded"), "symbols: a module is loaded")
        return gdb.hear(1)
    if any("ksys_sync ()" in line for line in lines):
        gdb.say(command)
        machine.type("sync; echo text >/tmp/file; echo wri''tten\n")
        return gdb.hear(PATIENCE_S)
    return gdb.ask(command, PATIENCE_S)


def walk(gdb, machine):
    steps = session(PAGE)
    verdict(len(steps) >= 20, "symbols: the page has a session", repr(steps))
    for command, lines in steps:
        answer = answer_of(gdb, machine, command, lines)
        pattern = pattern_of(lines)
        shown = answer if len(answer) < 300 else answer[:300] + "..."
        verdict(re.search(pattern, answer, re.S) is not None, f"{command}   as the page has it",
                f"{shown}\n     {pattern}")
        for text, checks in BESIDES.items():
            if any(text in line for line in lines):
                run_checks(gdb, checks, PATIENCE_S)


def run(options, port):
    words = ["--kernel", os.path.join(CACHE, "linux-cloud/vmlinuz"), "--initrd", os.path.join(CACHE, "initrd/initrd.cpio.gz"),
             "--initrd", os.path.join(FOLDER, "module.cpio.gz"), "--cmdline", "console=ttyS0 nokaslr", "--vcpus", "2"]
    machine = Machine(options, port, words, os.path.join(options.out, "gdb-symbols.console"), LIMIT_S)
    gdb = Gdb("gdb", os.path.join(options.out, "gdb-symbols.log"))
    try:
        verdict(machine.wait_for(r"gdb: VM guest is at localhost"), "symbols: the VM can be debugged")
        run_checks(gdb, [(f"add-auto-load-safe-path {FOLDER}", None), (f"file {os.path.join(FOLDER, 'vmlinux')}", r"Reading symbols"),
                         (f"target remote :{port}", r"Remote debugging|in \?\? \(\)|\(")])
        walk(gdb, machine)
        verdict(machine.wait_for(r"\nwritten"), "symbols: the guest goes on")
        machine.type("poweroff -f\n")
        verdict(machine.end() == 0, "symbols: and powers off", machine.text[-300:])
    finally:
        gdb.quit()
        machine.stop()
