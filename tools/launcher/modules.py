# SPDX-License-Identifier: Apache-2.0
# What ETERNA is booted with: the configuration and the files that it names.
from .arguments import CONFIG_NAME
from .failure import BadArguments, Failure


def show_size(size):
    """A size in the largest unit that divides it."""
    unit = next(shift for shift in (30, 20, 10) if size % (1 << shift) == 0)
    return f"{size >> unit}{'KMG'[unit // 10 - 1]}"


def describe_vm(options):
    """The configuration for --kernel, and its modules as (name, path)."""
    modules = [("kernel", options.kernel)]
    lines = ["# Written by eterna-run from its command line.", "[vm guest]", "kernel = kernel"]
    for number, path in enumerate(options.initrd, 1):
        modules.append(("initrd" if number == 1 else f"initrd.{number}", path))
    if options.initrd:
        lines.append("initrd = " + ", ".join(name for name, _ in modules[1:]))
    if options.cmdline is not None:
        lines.append(f"cmdline = {options.cmdline}")
    if options.vcpus is not None:
        lines.append(f"vcpus = {options.vcpus}")
    lines.append(f"memory = {show_size(options.memory or 256 << 20)}")
    if options.gdb is not None:
        lines.append("gdb = wait" if options.gdb_wait else "gdb = on")
    if options.testdev:
        lines += ["testdev = yes", "on_reset = destroy"]  # like QEMU with -no-reboot: a test that resets has ended
    return "\n".join(lines) + "\n", modules


def gather(options):
    """The configuration's bytes, and the modules as (name, path)."""
    if options.config is None:
        text, modules = describe_vm(options)
        return text.encode("utf-8", "surrogateescape"), modules
    try:
        with open(options.config, "rb") as config:
            return config.read(), options.module
    except OSError as error:
        raise BadArguments(f"--config {options.config}: {error.strerror}") from None


ENTRY = b"070701" + b"%08X" * 13  # cpio(5): New ASCII Format
FILE_MODE = 0o100644
FILE_MOST = 0xFFFFFFFF


def entry_head(name, size, number):
    """The header and the name of a file of an archive, filled up to a multiple of 4."""
    text = name.encode() + b"\0"
    head = ENTRY % (number, FILE_MODE, 0, 0, 1, 0, size, 0, 0, 0, 0, len(text), 0) + text
    return head + bytes(-len(head) % 4)


def write_archive(options, out):
    """Writes the configuration and the modules as one file (docs/config.md, One file instead of several)."""
    config, modules = gather(options)
    try:
        with open(out, "wb") as archive:
            archive.write(entry_head(CONFIG_NAME, len(config), 1) + config + bytes(-len(config) % 4))
            for number, (name, path) in enumerate(modules, 2):
                append_file(archive, name, path, number)
            archive.write(entry_head("TRAILER!!!", 0, 0))
    except OSError as error:
        raise Failure(f"can't write the boot modules: {error}") from None


def append_file(archive, name, path, number):
    with open(path, "rb") as file:
        content = file.read()
    if len(content) > FILE_MOST:
        raise Failure(f"{path} is too large for a boot module")
    archive.write(entry_head(name, len(content), number))
    archive.write(content)
    archive.write(bytes(-len(content) % 4))
