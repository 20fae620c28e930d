# SPDX-License-Identifier: Apache-2.0
"""Each kind of packet that the stub knows, raw, against a guest that stands before its first instruction."""
import os
import re
import subprocess
import xml.etree.ElementTree

from .remote import Remote, escape, frame
from .session import Machine, verdict

RAM = 0x200000           # nobody uses it before the guest runs
ALL_BYTES = bytes(range(256))
PACKET_BYTES = 0x3000
RIP, RSP, EFLAGS = 0x10, 7, 0x11


class Talk:
    """A connection whose answers are checked."""

    def __init__(self, port, name):
        self.remote = Remote(port)
        self.name = name

    def check(self, packet, pattern, patience=60):
        answer = self.remote.ask(packet, patience)
        text = "(nothing)" if answer is None else answer.decode("latin-1")
        shown = packet if isinstance(packet, str) else packet.decode("latin-1")
        good = re.fullmatch(pattern, text, re.S) is not None
        verdict(good, f"{self.name}: {shown[:60]!r}   =~   {pattern[:80]}", text[:200])
        return answer or b""


def symbols_of(path):
    """{name: address} of a guest's ELF file."""
    text = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
    return {m[2]: int(m[1], 16) for m in re.finditer(r"^([0-9a-f]+) \w (\w+)$", text, re.M)}


def little(value, size=8):
    return value.to_bytes(size, "little").hex()


def framing(talk):
    """Acknowledgements, checksums, run lengths, packets that are too long; then no-ack mode."""
    remote = talk.remote
    talk.check("?", r"T05thread:1;.*")
    remote.send(b"-")
    verdict(remote.packet().startswith(b"(no ack"), "packets: after '-' the packet comes again", repr(remote.last))
    remote.send(b"$?#00")
    verdict(remote.byte(30) == b"-", "packets: a wrong checksum is refused")
    remote.send(b"noise" + frame(b"qC"))
    verdict(remote.packet() == b"QC1", "packets: what is between packets is passed over")
    remote.send(b"$m1000" + frame(b"qC"))
    verdict(remote.packet() == b"QC1", "packets: one that was cut short gives way to the next")
    talk.check("M%x,40:%s" % (RAM, "00" * 64), "OK")
    talk.check("m%x,40" % RAM, "0" * 128)
    verdict(b"*" in remote.last and len(remote.last) < 10, "packets: runs are encoded", repr(remote.last))
    talk.check("q" * (PACKET_BYTES + 1), r"E\.packet too long")
    talk.check("q" * PACKET_BYTES, "")
    talk.check("QStartNoAckMode", "OK")
    remote.acks = False
    remote.send(b"$qC#00")
    verdict(remote.packet() == b"QC1", "packets: in no-ack mode a checksum does not matter")


def refusals(talk):
    talk.check("vMustReplyEmpty", "")
    talk.check("", "")
    talk.check("qNoSuchQuery", "")
    talk.check("QNoSuchSetting:1", "")
    talk.check("jThreadsInfo", "")
    talk.check("!", "OK")
    talk.check("vAttach;1", r"E\.vAttach: .*port.*")
    talk.check("vRun;", r"E\.vRun: .*")
    talk.check("QNonStop:1", r"E\..*non-stop.*")
    talk.check("QNonStop:0", "OK")
    talk.check("QPassSignals:e;10;14", "OK")
    talk.check("QPassSignals:x", "E..")
    talk.check("QPassSignals:", "OK")


def queries(talk, vcpus):
    talk.check("qSupported:swbreak+;hwbreak+;xmlRegisters=i386",
               r"PacketSize=3000;QStartNoAckMode\+;vContSupported\+;qXfer:features:read\+;qXfer:threads:read\+;"
               r"ConditionalBreakpoints\+;QPassSignals\+;QNonStop-;multiprocess-;.*swbreak\+;hwbreak\+")
    talk.check("qAttached", "1")
    talk.check("qSymbol::", "OK")
    talk.check("qfThreadInfo", "m" + ",".join("%x" % n for n in range(1, vcpus + 1)))
    talk.check("qsThreadInfo", "l")
    talk.check("qThreadExtraInfo,1", "(..)+")
    talk.check("qThreadExtraInfo,%x" % (vcpus + 1), "E..")
    talk.check("qC", "QC1")
    talk.check("T1", "OK")
    talk.check("T%x" % (vcpus + 1), "E..")
    talk.check("T0", "E..")
    for packet, pattern in (("Hg1", "OK"), ("Hg0", "OK"), ("Hg-1", "OK"), ("Hc-1", "OK"), ("Hc1", "OK"), ("Hc0", "OK"),
                            ("Hg%x" % (vcpus + 1), "E.."), ("Hx1", "E.."), ("H", "E..")):
        talk.check(packet, pattern)
    talk.check("qXfer:threads:read::0,1000", r"l<\?xml.*<thread id=\"1\" core=\"0\" name=\"vcpu 0\">.*</threads>\n")
    talk.check("qXfer:threads:read::100000,10", "E..|l")
    talk.check("qXfer:nothing:read::0,10", "")
    help_text = bytes.fromhex(talk.check("qRcmd," + b"help".hex(), "([0-9a-f]{2})+").decode())
    verdict(b"walk" in help_text, "packets: monitor help lists walk")
    talk.check("qRcmd,6", "E..")
    talk.check("qRcmd," + b"points".hex(), "OK")


def whole(remote, kind):
    """A text that is read piece by piece."""
    text = b""
    while True:
        part = remote.ask("qXfer:%s:%x,7f" % (kind, len(text)))
        text += part[1:]
        if part[:1] != b"m":
            return text


def target_description(talk):
    """Every register of the issue's list, and their sizes in bytes by number."""
    tree = xml.etree.ElementTree.fromstring(whole(talk.remote, "features:read:target.xml"))
    registers = {}
    number = 0
    for register in tree.iter("reg"):
        number = int(register.get("regnum", number))
        registers[register.get("name")] = (number, int(register.get("bitsize")) // 8)
        number += 1
    wanted = (["rax", "r15", "rip", "eflags", "cs", "gs", "st0", "st7", "fctrl", "fop", "xmm0", "xmm15", "mxcsr", "fs_base",
               "gs_base", "k_gs_base", "cr0", "cr2", "cr3", "cr4", "cr8", "efer", "xcr0", "dr0", "dr7", "gdtr_base",
               "idtr_limit", "ldtr", "tr"])
    missing = [name for name in wanted if name not in registers]
    verdict(not missing, "packets: target.xml names the registers", repr(missing))
    verdict("ymm0h" in registers or "xmm16" not in registers, "packets: AVX-512 comes with AVX")
    talk.check("qXfer:features:read:target.xml:fffff,10", "E..|l")
    talk.check("qXfer:features:read:none.xml:0,10", "")
    return registers


def registers_all(talk, registers):
    remote = talk.remote
    total = sum(size for _, size in registers.values())
    everything = talk.check("g", "([0-9a-f]{2}|xx)+")
    verdict(len(everything) == 2 * total, "packets: g has every register of target.xml", f"{len(everything)} {2 * total}")
    talk.check(b"G" + everything, "OK")
    talk.check("P0=" + little(0x0123456789ABCDEF), "OK")
    talk.check("p0", little(0x0123456789ABCDEF))
    verdict(remote.ask("g")[:16] == little(0x0123456789ABCDEF).encode(), "packets: g shows what P wrote")
    talk.check(b"G" + everything, "OK")
    talk.check("p0", everything[:16].decode())
    talk.check("G" + "x" * 16 + little(7), "OK")
    talk.check("p1", little(7))
    talk.check("G123", "E..")
    for name in ("xmm3", "k_gs_base", "fs_base", "st1", "mxcsr"):
        number, size = registers[name]
        value = (b"\x80\x1f\0\0" if name == "mxcsr" else bytes(range(1, size + 1)) if size != 8 else b"\x88" + bytes(7)).hex()
        talk.check("P%x=%s" % (number, value), "OK")
        talk.check("p%x" % number, value)
    talk.check("P%x=%s" % (registers["mxcsr"][0], little(0xFFFFFFFF, 4)), "E..")
    talk.check("P%x=%s" % (registers["cr0"][0], little(0)), "E..")
    talk.check("P0=12", "E..")
    talk.check("pffff", "E..")
    talk.check("Pffff=00", "E..")
    talk.check(b"G" + everything, "OK")


def memory(talk, end):
    remote = talk.remote
    talk.check("M%x,4:01020304" % RAM, "OK")
    talk.check("m%x,4" % RAM, "01020304")
    talk.check(b"X%x,100:" % RAM + escape(ALL_BYTES), "OK")
    talk.check("m%x,100" % RAM, ALL_BYTES.hex())
    verdict(remote.ask("x%x,100" % RAM) == b"b" + ALL_BYTES, "packets: x gives all bytes as X took them")
    talk.check("X%x,0:" % RAM, "OK")
    talk.check("m%x,0" % RAM, "")
    talk.check("M%x,2:010203" % RAM, "E..")
    talk.check("M%x,2:zz03" % RAM, "E..")
    talk.check("X%x,9:abc" % RAM, "E..")
    talk.check("m%x,20" % (end - 8), "[0-9a-f]{16}")
    talk.check("m%x,8" % end, "E..")
    talk.check("mfee00020,4", "E..")
    talk.check("Mfee00080,4:00000000", "E..")
    talk.check("m%x" % RAM, "E..")
    talk.check("qqemu.PhyMemMode", "0")
    talk.check("Qqemu.PhyMemMode:1", "OK")
    talk.check("qqemu.PhyMemMode", "1")
    talk.check("m%x,4" % RAM, "00010203")
    talk.check("Qqemu.PhyMemMode:0", "OK")
    talk.check(b"qSearch:memory:%x;1000;" % RAM + b"\x10\x11", "1,%x" % (RAM + 16))
    talk.check(b"qSearch:memory:%x;8;" % RAM + b"\x10\x11", "0")
    talk.check("qCRC:%x,0" % RAM, "Cffffffff")
    talk.check("qCRC:%x,100" % RAM, "C494a116a")
    talk.check("qCRC:%x,8" % end, "E..")


def points(talk, symbols):
    at = symbols["leaf"]
    for kind in range(5):
        place = at if kind < 2 else RAM + 0x1000 * kind
        for packet, pattern in (("Z%d,%x,4", "OK"), ("Z%d,%x,4", "OK"), ("z%d,%x,4", "OK"), ("z%d,%x,4", "E..")):
            talk.check(packet % (kind, place), pattern)
    talk.check("Z5,%x,1" % at, "")
    talk.check("Z0,%x" % at, "E..")
    talk.check("Z2,%x,0" % RAM, "E..")
    talk.check("Z0,%x,1;X3,220027" % at, "OK")
    talk.check("Z0,%x,1;X3,22" % at, "E..")
    talk.check("Z0,%x,1;X3,220027;cmds:0,X3,220027" % at, "E..")
    talk.check("Z0,%x,1" % at, "OK")
    talk.check("m%x,1" % at, "(?!cc)..")
    talk.check("z0,%x,1" % at, "OK")


def running(talk, symbols):
    """Every way of going on; where one is afterwards."""
    remote = talk.remote
    main, leaf = symbols["guest_main"], symbols["leaf"]
    start = int.from_bytes(bytes.fromhex(remote.ask("p10").decode()), "little")

    def at(address):
        return "p%x" % RIP, little(address)

    talk.check("vCont?", "vCont;c;C;s;S;t;r")
    talk.check("vCont;s:1", r"T05thread:1;.*")
    talk.check(*at(start + 1))
    talk.check("s", r"T05thread:1;.*")
    talk.check(*at(start + 2))
    talk.check("s%x" % start, r"T05thread:1;.*")
    talk.check(*at(start + 1))
    talk.check("S05;%x" % start, r"T05thread:1;.*")
    talk.check(*at(start + 1))
    talk.check("vCont;S05:1;c", r"T05thread:1;.*")
    talk.check(*at(start + 2))
    talk.check("vCont;r%x,%x:1" % (start, start + 2), r"T05thread:1;.*")
    for packet in ("vCont", "vCont;", "vCont;z", "vCont;t:1", "vCont;s:99", "vCont;r1:1", "vCont;C", "cxyz", "C"):
        talk.check(packet, "E..")
    talk.check("Z1,%x,1" % main, "OK")
    talk.check("vCont;c", r"T05thread:1;hwbreak:;.*")
    talk.check(*at(main))
    talk.check("z1,%x,1" % main, "OK")
    talk.check("Z0,%x,1" % leaf, "OK")
    for packet in ("c", "C05", "vCont;C05:1", "vCont;c:1", "c%x" % leaf):
        talk.check(packet, r"T05thread:1;swbreak:;.*")
        talk.check(*at(leaf))
    # n is in RDI: reg 5; const8 20; equal; end
    talk.check("Z0,%x,1;X7,26000522141327" % leaf, "OK")
    talk.check("c", r"T05thread:1;swbreak:;.*")
    talk.check("p5", little(20))
    talk.check("z0,%x,1" % leaf, "OK")
    touch = symbols["watched"] + 100
    talk.check("Z2,%x,1" % touch, "OK")
    talk.check("vCont;c", r"T05thread:1;watch:%x;.*" % touch)
    talk.check("z2,%x,1" % touch, "OK")
    talk.check("Z3,%x,8" % (symbols["read_only"] + 32), "OK")
    talk.check("c", r"T05thread:1;a?r?watch:%x;.*" % (symbols["read_only"] + 32))
    talk.check("z3,%x,8" % (symbols["read_only"] + 32), "OK")
    talk.check("P%x=%s" % (RIP, little(symbols["linger"])), "OK")
    talk.check("M%x,1:01" % symbols["stay"], "OK")
    remote.send(frame(b"c"))
    verdict(remote.is_silent(1), "packets: a guest that runs says nothing")
    remote.send(frame(b"m0,4"))
    verdict(remote.is_silent(1), "packets: and nothing is answered meanwhile")
    remote.send(b"\x03")
    verdict((remote.packet() or b"").startswith(b"T02thread:1;"), "packets: Ctrl-C stops it", repr(remote.last))
    talk.check("?", r"T02thread:1;.*")


def ends(talk, symbols, machine):
    """Restarted, killed."""
    entry = talk.entry
    talk.remote.send(frame(b"R00"))
    verdict(talk.remote.byte(30) == b"+", "packets: R has no answer")
    talk.check("?", r"T..thread:1;.*")
    talk.check("p%x" % RIP, little(entry))
    talk.check("Z1,%x,1" % symbols["guest_main"], "OK")
    talk.check("c", r"T05thread:1;hwbreak:;.*")
    talk.check("qRcmd," + b"reset".hex(), "([0-9a-f]{2})+")
    talk.check("p%x" % RIP, little(entry))
    talk.check("vKill;1", "OK")
    verdict(machine.wait_for(r"killed"), "packets: vKill ends the VM", machine.text[-200:])


def lost(talk, port, machine):
    """A connection that breaks leaves the VM stopped, as the configuration says, and another finds it so."""
    talk.remote.close()
    verdict(machine.wait_for(r"guest: gdb's connection is lost"), "packets: a connection is lost")
    again = Talk(port, "again")
    again.check("?", "T05thread:1;.*")
    again.check("qSupported:swbreak+;hwbreak+", "PacketSize=.*")
    again.entry = talk.entry
    return again


def second_vm(port, machine):
    """It has a port of its own, and memory of its own."""
    talk = Talk(port + 1, "second")
    talk.check("?", "T05thread:1;.*")
    talk.check("m%x,4" % RAM, "00000000")
    talk.check("m%x,8" % (32 << 20), "E..")
    talk.check("qfThreadInfo", "m1,2")
    talk.check("D", "OK")
    verdict(machine.wait_for(r"second[^\n]*left by the test device"), "second: runs to its end", machine.text[-300:])
    talk.remote.close()


CONFIG = """[vm guest]
kernel = kernel
memory = 64M
testdev = yes
gdb = wait
on_gdb_lost = pause

[vm second]
kernel = kernel
memory = 32M
vcpus = 2
testdev = yes
gdb = wait
"""


def run(options, port):
    elf = os.path.join(options.guests, "debuggee.elf")
    symbols = symbols_of(elf + "64")
    config = os.path.join(options.out, "gdb-packets.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(CONFIG)
    machine = Machine(options, port, ["--config", config, "--module", f"kernel={elf}"],
                      os.path.join(options.out, "gdb-packets.console"))
    try:
        verdict(machine.wait_for(r"second: waits for gdb"), "packets: both VMs wait")
        talk = Talk(port, "packets")
        framing(talk)
        if options.first:
            talk.check("qRcmd," + options.first.encode().hex(), "OK")
        talk.entry = int.from_bytes(bytes.fromhex(talk.remote.ask("p10").decode()), "little")
        refusals(talk)
        queries(talk, 1)
        registers = target_description(talk)
        registers_all(talk, registers)
        memory(talk, 64 << 20)
        points(talk, symbols)
        second_vm(port, machine)
        running(talk, symbols)
        talk = lost(talk, port, machine)
        ends(talk, symbols, machine)
        talk.remote.close()
    finally:
        machine.stop()
