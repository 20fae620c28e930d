# SPDX-License-Identifier: Apache-2.0
# What the scripts of bench/ share: the machines, reading the guest's rows and the files of figures.
import os
import re
import struct

TREE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
HERE = os.path.join(TREE, "bench")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "eterna")
EMPTY = "empty loop"
IMAGE = "image"  # the section of figures that no machine has a part in
ROW = re.compile(r"^bench: (.+?) +\| median +(\d+) \| worst +(\d+) \| loops (\d+) x (\d+) turns$", re.M)

# Machines on which a tick of the TSC is one instruction: the launcher's words for each.
# avic is the AMD processor of Bochs, for what it does without exits: its AVIC is a model of ours.
VENDORS = {"bochs": "Bochs, VT-x", "qemu": "QEMU, AMD-V", "avic": "Bochs, AMD-V with AVIC"}
MACHINES = {"bochs": ["--machine", "bochs"], "qemu": ["--machine", "qemu", "--firmware", "direct", "--icount"],
            "avic": ["--machine", "bochs", "--cpu-model", "ryzen"]}
FOR_ALL = ["bochs", "qemu"]  # for every script
# One of them with another model of processor, for a bench of what only that one has.
VARIANTS = {"bochs_ipi": ("bochs", ["--cpu-model", "sapphire_rapids"])}
VENDORS["bochs_ipi"] = "Bochs, VT-x, IPI virtualization"


class BadFile(Exception):
    """A .cfg or a log that is not what it should be; the text names file and line."""


def launcher(machine, image):
    machine, model = VARIANTS.get(machine, (machine, []))
    return [os.path.join(TREE, "tools/eterna-run"), *MACHINES[machine], *model, "--image", image]


def machines_read(text):
    """For argparse: machines by name, joined by commas."""
    names = text.split(",")
    for name in names:
        if name not in MACHINES:
            raise ValueError(name)
    return names


def rows_read(console):
    """{row: (median, worst)} of a console of the bench guest, in its order."""
    return {match[1]: (int(match[2]), int(match[3])) for match in ROW.finditer(console)}


def figures_read(path):
    """{section: {name: [numbers]}} of a file of sections [NAME], of lines NAME = NUMBER [NUMBER]."""
    sections, figures = {}, None
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            section = re.fullmatch(r"\[(\w+)\]", line)
            name, equals, values = line.partition(" = ")
            if not line or line.startswith("#"):
                continue
            if section:
                if section[1] not in (IMAGE, *MACHINES, *VARIANTS) or section[1] in sections:
                    raise BadFile(f"{path}:{number}: {line}: a section is [{IMAGE}] or a machine's, and is there once")
                figures = sections[section[1]] = {}
            elif figures is None or not equals or not re.fullmatch(r"\d+( \d+)*", values):
                raise BadFile(f"{path}:{number}: a line in a section is NAME = NUMBER")
            elif name in figures:
                raise BadFile(f"{path}:{number}: {name} is given twice")
            else:
                figures[name] = [int(value) for value in values.split()]
    return sections


def figures_write(path, sections):
    """The reverse, for the figures of a run."""
    with open(path, "w", encoding="utf-8") as file:
        for section, figures in sections.items():
            file.write(f"[{section}]\n")
            file.writelines(f"{name} = {' '.join(str(v) for v in values)}\n" for name, values in figures.items())


def image_figures(path):
    """The bytes of an ELF64 file's loaded segments, in the file and in memory."""
    with open(path, "rb") as file:
        elf = file.read()
    offset, = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    loaded = [struct.unpack_from("<IIQQQQQQ", elf, offset + i * size) for i in range(count)]
    loaded = [segment for segment in loaded if segment[0] == 1]
    return {"bytes in the file": [sum(segment[5] for segment in loaded)],
            "bytes in memory": [sum(segment[6] for segment in loaded)]}


def cpio_write(path, files):
    """An initrd of executable files, {name in it: path}, for Linux to read behind another; always the same bytes."""
    with open(path, "wb") as out:
        for number, (name, source) in enumerate([*files.items(), ("TRAILER!!!", None)], 1):
            data = b""
            if source:
                with open(source, "rb") as file:
                    data = file.read()
            fields = [number, 0o100755 if source else 0, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
            head = b"070701" + "".join(f"{field:08x}" for field in fields).encode() + name.encode() + b"\0"
            out.write(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))
