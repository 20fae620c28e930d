# SPDX-License-Identifier: Apache-2.0
# Reads tests/emu/matrix.cfg: each line is one row, or several where a column is a list. See its head for the columns.
import itertools
import os
import re

from . import machines

COLUMNS = "guest, machine, vcpus, memory, part, status, text"
PARTS = ("quick", "long", "off")


class BadMatrix(Exception):
    """The matrix is not what it should be; the text begins with file:line."""


class Row:
    """One guest on one machine. part "off": not run, and `texts` is the reason."""

    def __init__(self, guest, machine, processors, memory, rest):
        self.guest = guest      # a folder of tests/guest, several joined by +, or a kernel of machines.LINUX
        self.machine = machine  # machines.Machine
        vcpus, _, cpus = processors.partition("@")
        self.vcpus, _, ids = vcpus.partition("=")  # of the guest, as text
        self.apic_ids = ids.replace("+", ",")      # as the configuration has them; "": not given
        self.cpus = cpus or "1"  # of the machine, as text
        self.processors = processors
        self.memory = memory    # of the guest, as text: 128M
        self.part, self.status, self.texts = rest

    @property
    def name(self):
        return "-".join((self.guest, *self.machine.words, self.processors, self.memory))

    @property
    def guests(self):
        return self.guest.split("+")

    @property
    def is_linux(self):
        return self.guest in machines.LINUX


class Reader:
    """Turns lines into rows; knows the file's own words for lists of machines."""

    def __init__(self, guests_there):
        self.guests_there = guests_there
        self.lists = {}

    def machines_define(self, line):
        """machines NAME = MACHINE,MACHINE"""
        name, equals, value = line.partition("=")
        words = name.split()
        if len(words) != 2 or not equals or not re.fullmatch(r"[a-z_]+", words[1]):
            raise BadMatrix("a list of machines is: machines NAME = MACHINE,MACHINE")
        self.lists[words[1]] = self.machines_read("".join(value.split()))

    def machines_read(self, text):
        found = []
        for word in text.split(","):
            found += self.lists[word] if word in self.lists else [machines.parse(word)]
        return found

    def guest_check(self, guest):
        if guest in machines.LINUX:
            return
        for name in guest.split("+"):
            if name not in self.guests_there:
                raise BadMatrix(f'guest "{name}" is no folder of tests/guest, nor {" nor ".join(machines.LINUX)}')

    def rest_read(self, part, status, text):
        """(part, exit status, texts)"""
        if part not in PARTS:
            raise BadMatrix(f'part "{part}" is none of {", ".join(PARTS)}')
        if part == "off":
            if status != "-":
                raise BadMatrix('a row that is off has "-" for its status, and its reason as text')
            return part, None, [text]
        if not re.fullmatch(r"\d{1,3}", status):
            raise BadMatrix(f'status "{status}" is no exit status')
        texts = [] if text == "-" else text.split("; ")
        for pattern in texts:
            try:
                re.compile(pattern)
            except re.error as error:
                raise BadMatrix(f'text "{pattern}": {error}') from None
        return part, int(status), texts

    def rows_read(self, line):
        fields = line.split(None, 6)
        if len(fields) != 7:
            raise BadMatrix(f"a row is {COLUMNS}")
        guest, where, vcpus, memory, part, status, text = fields
        self.guest_check(guest)
        for word in vcpus.split(","):
            if not re.fullmatch(r"[1-9]\d?(=\d+([-+]\d+)*)?(@[1-9]\d{0,2})?", word):
                raise BadMatrix(f'vcpus "{word}" is no number from 1 to 99, nor has it CPUs as in 4@2, nor has it ids as in 4=0-1+256-257')
        for word in memory.split(","):
            if not re.fullmatch(r"[1-9]\d*[MG]", word):
                raise BadMatrix(f'memory "{word}" is no size such as 128M or 4G')
        if "@" in vcpus and any(machine.counts for machine in self.machines_read(where)):
            raise BadMatrix(f'machine "{where}": QEMU counts instructions with one processor only')
        rest = self.rest_read(part, status, text)
        return [Row(guest, *cell, rest)
                for cell in itertools.product(self.machines_read(where), vcpus.split(","), memory.split(","))]


def missing(rows, guests_there):
    """(guest, machine) of each test guest that a machine of the matrix has no row for, not even one that is off."""
    kinds = {row.machine.kind for row in rows}
    there = {(guest, row.machine.kind) for row in rows for guest in row.guests}
    return sorted(set(itertools.product(guests_there, kinds)) - there)


def read(path, guests_folder):
    """All rows of the file, or BadMatrix."""
    guests_there = sorted(name for name in os.listdir(guests_folder)
                          if os.path.exists(os.path.join(guests_folder, name, "main.c")))
    reader = Reader(guests_there)
    rows, lines = [], {}
    short = os.path.basename(path)
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            try:
                if line.startswith("machines "):
                    reader.machines_define(line)
                    continue
                for row in reader.rows_read(line):
                    if row.name in lines:
                        raise BadMatrix(f"{row.name} is there already, in line {lines[row.name]}")
                    lines[row.name] = number
                    rows.append(row)
            except (BadMatrix, machines.BadMachine) as error:
                raise BadMatrix(f"{short}:{number}: {error}") from None
    gaps = missing(rows, guests_there)
    if gaps:
        raise BadMatrix(f"{short}: no row for " + ", ".join(f"{guest} on {kind}" for guest, kind in gaps))
    return rows
