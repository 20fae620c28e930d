# SPDX-License-Identifier: Apache-2.0
# Emulators that tools/deps builds from Debian's source.
import os
import subprocess

from .arguments import TREE
from .failure import Failure


def _run(name, *words):
    return subprocess.run([os.path.join(TREE, "tools/deps", name), *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, check=False)


def emulator(name, refusal):
    """The path of the emulator that tools/deps/NAME makes, built if it is not there yet."""
    made = _run(name)
    if made.returncode != 0:
        raise Failure(f"{refusal} (see above)")
    return made.stdout.strip()


def emulator_if_built(name):
    """The same, or "" if it is not there."""
    return _run(name, "--if-built").stdout.strip()
