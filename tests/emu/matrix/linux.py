# SPDX-License-Identifier: Apache-2.0
# A boot of Debian's kernel: what is typed into its shell, and what the answers and the kernel's messages must be.
import re

# What no line of dmesg may hold, in the words of Linux's own sources.
TROUBLE = r"BUG|WARNING|unchecked MSR|[Ff]irmware [Bb]ug|lost interrupt|clocksource.*unstable"
# Except one line each on three machines, which it prints there without ETERNA, too. On a processor of the Skylake generation
# that has no IBRS: that of Bochs, which is the launcher's own choice, has none (CPUID leaf 7 EDX bit 26 is 0). And on
# AMD's Zen without the microcode for it, which no emulator has.
SRSO = ("Speculative Return Stack Overflow: WARNING: See https://kernel.org/doc/html/latest/admin-guide/hw-vuln/srso.html"
        " for mitigation options.")
EXPECTED = {
    ("bochs", None): {
        "RETBleed: WARNING: Spectre v2 mitigation leaves CPU vulnerable to RETBleed attacks, data leaks possible!"},
    ("qemu", "EPYC"): {SRSO},
    ("bochs", "ryzen"): {SRSO},
}

# Linux takes the TSC for good a second or more after it has begun to measure it; it has a minute.
# On the AMD processor of Bochs it does not: it wants to read the HPET in 1/32 ms, which are 1,562 ticks there, fewer than
# that exit takes; on Intel's CPUID tells it the rate.
CLOCKS = {("bochs", "ryzen"): "tsc-early"}
CLOCK = "/sys/devices/system/clocksource/clocksource0/current_clocksource"

# The answers stand between "is-42" and "end-42": the echo of the typed command never shows the sum.
TYPED = f"""\
echo kernel is-$((6*7)) $(uname -r) end-$((6*7))
echo words is-$((6*7)) $(cat /proc/cmdline) end-$((6*7))
echo cpus is-$((6*7)) $(nproc) end-$((6*7))
echo apicids is-$((6*7)) $(awk '/^apicid/ {{ print $3 }}' /proc/cpuinfo) end-$((6*7))
echo $(($(nproc) - 1)) >/proc/irq/4/smp_affinity_list
echo memory is-$((6*7)) $(awk '/MemTotal/ {{ print int($2 / 1024) }}' /proc/meminfo) end-$((6*7))
for second in $(seq 60); do grep -qx tsc {CLOCK} && break; sleep 1; done
echo clock is-$((6*7)) $(cat {CLOCK}) end-$((6*7))
echo slept is-$((6*7)) $(a=$(date +%s); sleep 3; echo $(($(date +%s) - a))) end-$((6*7))
echo sum is-$((6*7)) $(seq 1 1000 | md5sum) end-$((6*7))
echo serial is-$((6*7)) $(awk -v last=$(nproc) '$1 == "4:" {{ print ($(last + 1) > 0) }}' /proc/interrupts) end-$((6*7))
echo trouble is-$((6*7)); dmesg | grep -E '{TROUBLE}'; echo end-$((6*7))
poweroff -f
"""
SUM = "53d025127ae99ab79e8502aae2d9bea6 -"  # printed by any other Linux


def answers(console):
    return {key: text.strip() for key, text in re.findall(r"^(\w+) is-42(.*?)end-42$", console, re.M | re.S)}


def troubles(text, machine):
    """The kernel's bad lines in a text, without their times."""
    expected = EXPECTED.get((machine.kind, machine.model), set())
    lines = re.findall(r"^\[ *[0-9.]+\] (.*)$", text, re.M)
    return [line for line in lines if re.search(TROUBLE, line) and line not in expected]


def mebibytes(size):
    return int(size[:-1]) << (10 if size[-1] == "G" else 0)


def apic_ids(row):
    """In the order of the vcpus, as text."""
    ids = []
    for part in (row.apic_ids or f"0-{int(row.vcpus) - 1}").split(","):
        first, _, last = part.partition("-")
        ids += range(int(first), int(last or first) + 1)
    return " ".join(map(str, ids))


def complaints(row, console):
    """What is wrong with a boot that ended with the right status: a line each."""
    # The serial port's interrupt was given to the last processor, and some came there.
    if "reboot: Power down" not in console or "powered off" not in console:
        yield "the guest did not power off"
    got = answers(console)
    clock = CLOCKS.get((row.machine.kind, row.machine.model), "tsc")
    for key, value in {"words": "console=ttyS0", "cpus": row.vcpus, "apicids": apic_ids(row), "clock": clock, "serial": "1",
                       "sum": SUM}.items():
        if got.get(key) != value:
            yield f"{key}: {got.get(key)!r}, should be {value!r}"
    if "amd64" not in got.get("kernel", ""):
        yield f"kernel: {got.get('kernel')!r}"
    if got.get("slept") not in ("3", "4"):
        yield f"sleep 3 took {got.get('slept')!r} s of the guest's clock"
    # Linux keeps its own code and tables, at most 48 MiB and a part of large memories, out of MemTotal.
    memory = mebibytes(row.memory)
    if not memory * 0.95 - 48 <= int(got.get("memory") or 0) <= memory:
        yield f"{got.get('memory')!r} MiB of {memory} in MemTotal"
    if "trouble" not in got:
        yield "dmesg was not read"
    # dmesg as the guest reads it, and what the console showed: the buffer may have lost its beginning.
    for line in sorted({*troubles(got.get("trouble", ""), row.machine), *troubles(console, row.machine)}):
        yield f"dmesg: {line}"
