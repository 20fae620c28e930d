# SPDX-License-Identifier: Apache-2.0
# What the scripts of bench/ share: reading the guest's rows and the .cfg files.
import os
import re
import struct

TREE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
HERE = os.path.join(TREE, "bench")
EMPTY = "empty loop"
ROW = re.compile(r"^bench: (.+?) +\| median +(\d+) \| worst +(\d+) \| loops (\d+) x (\d+) turns$", re.M)


class BadFile(Exception):
    """A .cfg or a log that is not what it should be; the text names file and line."""


def rows_read(console):
    """{row: (median, worst)} of a console of the bench guest, in its order."""
    return {match[1]: (int(match[2]), int(match[3])) for match in ROW.finditer(console)}


def figures_read(path):
    """{name: [numbers]} of a file of lines NAME = NUMBER [NUMBER]."""
    figures = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, equals, values = line.partition(" = ")
            if not equals or not re.fullmatch(r"\d+( \d+)*", values.strip()):
                raise BadFile(f"{path}:{number}: a line is NAME = NUMBER")
            if name in figures:
                raise BadFile(f"{path}:{number}: {name} is given twice")
            figures[name] = [int(value) for value in values.split()]
    return figures


def figures_write(path, figures):
    """The reverse, for the figures of a run."""
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{name} = {' '.join(str(v) for v in values)}\n" for name, values in figures.items())


def image_figures(path):
    """The bytes of an ELF64 file's loaded segments, in the file and in memory."""
    with open(path, "rb") as file:
        elf = file.read()
    offset, = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    loaded = [struct.unpack_from("<IIQQQQQQ", elf, offset + i * size) for i in range(count)]
    loaded = [segment for segment in loaded if segment[0] == 1]
    return {"image: bytes in the file": [sum(segment[5] for segment in loaded)],
            "image: bytes in memory": [sum(segment[6] for segment in loaded)]}
