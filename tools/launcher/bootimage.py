# SPDX-License-Identifier: Apache-2.0
# The bootable image: GRUB, the ETERNA image as its Multiboot 2 kernel, the configuration and the modules.
import os
import shutil
import subprocess

from .arguments import CONFIG_NAME
from .failure import Failure

# Only what the menu below needs; the rest of GRUB would triple the size of the image and the time to write it.
GRUB_MODULES = "normal boot multiboot2 iso9660 part_msdos part_gpt fat search search_fs_uuid search_label all_video"


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
    if options.testdev:
        lines += ["testdev = yes", "on_reset = destroy"]  # like QEMU with -no-reboot: a test that resets has ended
    return "\n".join(lines) + "\n", modules


def menu(modules, grub_lines):
    """GRUB's menu. A module's command line is its name; --nounzip hands a compressed file over as it is."""
    lines = grub_lines + ["set timeout=0", "set gfxpayload=text", 'menuentry "ETERNA" {', "\tmultiboot2 /boot/eterna.elf",
             f"\tmodule2 --nounzip /boot/modules/{CONFIG_NAME} {CONFIG_NAME}"]
    lines += [f"\tmodule2 --nounzip /boot/modules/{name} {name}" for name, _ in modules]
    return "\n".join(lines + ["}"]) + "\n"


def stage(options, root):
    """Lays the image's files out under `root`."""
    os.makedirs(os.path.join(root, "boot/grub"))
    os.makedirs(os.path.join(root, "boot/modules"))
    config_path = os.path.join(root, "boot/modules", CONFIG_NAME)
    if options.config is not None:
        modules = options.module
        shutil.copyfile(options.config, config_path)
    else:
        text, modules = describe_vm(options)
        with open(config_path, "w", encoding="utf-8", errors="surrogateescape") as config:
            config.write(text)
    shutil.copyfile(options.image, os.path.join(root, "boot/eterna.elf"))
    for name, path in modules:
        shutil.copyfile(path, os.path.join(root, "boot/modules", name))
    with open(os.path.join(root, "boot/grub/grub.cfg"), "w", encoding="ascii") as grub:
        grub.write(menu(modules, options.grub_line))


def write(options, directory, out):
    """Writes the bootable image to `out`, with `directory` for the files on the way."""
    root = os.path.join(directory, "image")
    shutil.rmtree(root, ignore_errors=True)
    try:
        stage(options, root)
    except OSError as error:
        raise Failure(f"can't lay out the bootable image: {error}") from None
    command = ["grub-mkrescue", "--fonts=", "--locales=", "--themes=", f"--install-modules={GRUB_MODULES}",
               "-o", out, root, "--", "-volid", "ETERNA"]
    try:
        made = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Failure("grub-mkrescue is not installed: run tools/deps/packages run") from None
    if made.returncode != 0 or not os.path.exists(out):
        raise Failure(f"grub-mkrescue failed:\n{made.stderr.strip()}")
    shutil.rmtree(root)
