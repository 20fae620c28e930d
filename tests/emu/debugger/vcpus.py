# SPDX-License-Identifier: Apache-2.0
"""Threads: held and running beside one that steps, and Ctrl-C in every state that a vcpu can be in."""
import os
import re

from .session import Gdb, Machine, first_words, run_checks, verdict

RUNS_S = 2  # real seconds before Ctrl-C


def interrupted(gdb, name, what):
    answer = gdb.ask("continue", RUNS_S)
    verdict("SIGINT" in answer, f"{name}: Ctrl-C stops {what}", answer)


def states(gdb, name, vcpus):
    """Ctrl-C before SIPI, with interrupts off, in HLT; an NMI that ends HLT."""
    others = f"(.*waits for SIPI){{{vcpus - 1}}}" if vcpus > 1 else ""
    run_checks(gdb, [("info threads", f"Thread 1.*running{others}"),
                     ("tbreak linger", "Temporary"), ("continue", "linger"), ("set var stay = 1", None)])
    interrupted(gdb, name, "a loop with interrupts off")
    run_checks(gdb, [("p $eflags & 0x200", "= 0"), ("bt 1", "linger"), ("info threads", f"running{others}"),
                     ("set var stay = 2", None)])
    interrupted(gdb, name, "a halted vcpu")
    run_checks(gdb, [("info threads", f"Thread 1.*halted{others}"), ("set var stay = 0", None), ("p nmis", "= 0"),
                     ("monitor inject nmi", "pending")])


def turn_counts(gdb, vcpus):
    """What the other vcpus have counted."""
    return [int(re.search(r"= (\d+)", gdb.ask(f"p turns[{n}]"))[1]) for n in range(1, vcpus)]


def held_and_running(gdb, name, vcpus):
    run_checks(gdb, [("set var others_stay = 1", None), ("break leaf", "Breakpoint"), ("continue", r"Thread 1 .*leaf"),
                     ("info threads", f"Thread {vcpus} .*64-bit"), ("p nmis", "= 1"),
                     ("set scheduler-locking on", None)])
    before = turn_counts(gdb, vcpus)
    # Over the breakpoint and on to it again, the others held.
    run_checks(gdb, [("stepi", r"."), ("next", r"."), ("continue", r"Thread 1 .*leaf"), ("finish", "middle")])
    verdict(turn_counts(gdb, vcpus) == before, f"{name}: vcpus that are held do not move", repr(before))
    run_checks(gdb, [("p $one = $rip", None), ("thread 2", "Switching"), ("p $two = $rip", None)])
    for _ in range(3):
        run_checks(gdb, [("stepi", r".")])
    verdict(turn_counts(gdb, vcpus)[1:] == before[1:], f"{name}: nor beside thread 2")
    run_checks(gdb, [("thread 1", "Switching"), ("p $rip == $one", "= 1"), ("thread 2", "Switching"),
                     ("tbreak other_turn", "Temporary"), ("continue", "Thread 2 .*other_turn"),
                     ("thread 1", "Switching"), ("p $rip == $one", "= 1"), ("delete", None)])
    # Over a breakpoint that every vcpu comes by all the time, the others running.
    run_checks(gdb, [("set scheduler-locking off", None), ("break other_turn", "Breakpoint")])
    seen = set()
    for _ in range(60):  # who has run alone before has its turn last
        if seen == set(range(2, vcpus + 1)):
            break
        match = re.search(r"Thread (\d+) \"vcpu", gdb.ask("continue"))
        seen.add(int(match[1]) if match else 0)
    verdict(seen == set(range(2, vcpus + 1)), f"{name}: every vcpu comes by its breakpoint", repr(seen))
    run_checks(gdb, [("set scheduler-locking step", None), ("stepi", r"."), ("stepi", r"."), ("delete", None),
                     ("set scheduler-locking replay", None)])
    before = turn_counts(gdb, vcpus)
    interrupted(gdb, name, "vcpus that count")
    after = turn_counts(gdb, vcpus)
    verdict(all(a > b for a, b in zip(after, before)), f"{name}: all of them have run on", f"{before} {after}")
    # A condition on what another vcpu does, passed over by three of them at once.
    run_checks(gdb, [("break other_turn if index == 2 && turns[2] % 50 == 7", "Breakpoint"),
                     ("continue", "Thread 3 .*other_turn"), ("p turns[2] % 50", "= 7"),
                     ("continue", "Thread 3 .*other_turn"), ("p turns[2] % 50", "= 7"), ("delete", None),
                     ("watch turns[3]", "watchpoint"), ("continue", "Thread 4 .*turns.3."), ("delete", None),
                     ("set var others_stay = 0", None)])


def run(options, port, vcpus):
    name = f"vcpus-{vcpus}"
    elf = os.path.join(options.guests, "debuggee.elf")
    machine = Machine(options, port, ["--kernel", elf, "--gdb-wait", "--testdev", "--vcpus", str(vcpus)],
                      os.path.join(options.out, f"gdb-{name}.console"))
    gdb = Gdb("gdb", os.path.join(options.out, f"gdb-{name}.log"))
    try:
        verdict(machine.wait_for(r"waits for gdb"), f"{name}: the VM waits")
        run_checks(gdb, [(f"file {elf}64", None), (f"target remote :{port}", "guest_start")] + first_words(options))
        states(gdb, name, vcpus)
        if vcpus > 1:
            held_and_running(gdb, name, vcpus)
        else:
            run_checks(gdb, [("tbreak hot_done", "Temporary"), ("continue", "hot_done"), ("p nmis", "= 1")])
        run_checks(gdb, [("detach", "detached")])
        verdict(machine.end() == 1, f"{name}: the guest passes its own checks", machine.text[-300:])
    finally:
        gdb.quit()
        machine.stop()
