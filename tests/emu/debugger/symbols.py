# SPDX-License-Identifier: Apache-2.0
"""The session of docs/debugging.md: Debian's kernel with its symbols, and Linux's own scripts for gdb."""
import os

from .session import CACHE, Gdb, Machine, run_checks, verdict

LIMIT_S = 300      # processor seconds: it boots twice
PATIENCE_S = 600   # real seconds for an answer
FOLDER = os.path.join(CACHE, "linux-symbols")

EARLY = [
    ("info threads", r"Thread 1 \"vcpu 0\".*Thread 2 \"vcpu 1\""),
    ("monitor reset", r"the VM is reset"),
    ("maintenance flush register-cache", r"flushed"),
    ("break start_kernel", r"Breakpoint 1 at 0xffffffff8[0-9a-f]{7}: file init/main.c"),
    ("continue", r"Breakpoint 1, start_kernel \(\) at init/main.c"),
    ("backtrace", r"#0 +start_kernel.*secondary_startup_64"),
    ("info threads", r"Thread 2 \"vcpu 1\" .*waits for SIPI"),
    ("lx-version", r"Linux version 6\.1\..*cloud-amd64"),
    ("print system_state", r"= SYSTEM_BOOTING"),
    ("watch system_state", r"Hardware watchpoint 2: system_state"),
    ("continue", r"Old value = SYSTEM_BOOTING\s+New value = SYSTEM_SCHEDULING.*rest_init"),
    ("lx-dmesg", r"\[ +0\.000000\] Linux version 6\.1\..*Kernel command line: console=ttyS0 nokaslr"),
    ("continue", r"New value = SYSTEM_FREEING_INITMEM.*kernel_init"),
    ("continue", r"New value = SYSTEM_RUNNING.*kernel_init"),
    ("print $lx_current().comm", r'= "swapper/0'),
    ("delete", None),
]

LATE = [
    ("lx-ps", r"0 +swapper/0.*1 +init.*kthreadd"),
    ("lx-lsmod", r"Module +Size +Used by.*0xffffffffc0[0-9a-f]{6} +fuse +\d+ +0"),
    ("lx-dmesg", r"fuse: init \(API version"),
    ("lx-cpus", r"Online CPUs +: \[0, 1\]"),
    ("print $lx_per_cpu(\"process_counts\", 0) < 1000", r"= 1"),
    ('eval "monitor walk %p", &system_state', r"level 4.*is guest-physical"),
    ("break do_sys_openat2 if ((struct open_how *) $rdx)->flags & 64", r"Breakpoint"),
    ("hbreak ksys_sync", r"Hardware assisted breakpoint"),
]


def run(options, port):
    words = ["--kernel", os.path.join(CACHE, "linux-cloud/vmlinuz"), "--initrd", os.path.join(CACHE, "initrd/initrd.cpio.gz"),
             "--initrd", os.path.join(FOLDER, "module.cpio.gz"), "--cmdline", "console=ttyS0 nokaslr", "--vcpus", "2"]
    machine = Machine(options, port, words, os.path.join(options.out, "gdb-symbols.console"), LIMIT_S)
    gdb = Gdb("gdb", os.path.join(options.out, "gdb-symbols.log"))
    try:
        verdict(machine.wait_for(r"gdb: VM guest is at localhost"), "symbols: the VM can be debugged")
        run_checks(gdb, [(f"add-auto-load-safe-path {FOLDER}", None), (f"file {os.path.join(FOLDER, 'vmlinux')}", r"Reading symbols"),
                         (f"target remote :{port}", r"Remote debugging|in \?\? \(\)|\(")])
        run_checks(gdb, EARLY, PATIENCE_S)
        gdb.say("continue")
        verdict(machine.wait_for(r"guest:[^\n]*# "), "symbols: a shell")
        machine.type("insmod /module.ko && echo lo''aded\n")
        verdict(machine.wait_for(r"\nloaded"), "symbols: a module is loaded")
        answer = gdb.hear(1)
        verdict("SIGINT" in answer, "symbols: Ctrl-C at the shell", answer)
        run_checks(gdb, LATE, PATIENCE_S)
        gdb.say("continue")
        machine.type("sync; echo text >/tmp/file; echo wri''tten\n")
        answer = gdb.hear(PATIENCE_S)
        verdict("ksys_sync" in answer, "symbols: a system call of the shell's", answer)
        run_checks(gdb, [("backtrace", r"ksys_sync.*do_syscall_64"), ("print $lx_current().comm", r'= "(init|sh|busybox|sync)'),
                         ("continue", r"do_sys_openat2"), ("delete", None), ("detach", "detached")], PATIENCE_S)
        verdict(machine.wait_for(r"\nwritten"), "symbols: the guest goes on")
        machine.type("poweroff -f\n")
        verdict(machine.end() == 0, "symbols: and powers off", machine.text[-300:])
    finally:
        gdb.quit()
        machine.stop()
