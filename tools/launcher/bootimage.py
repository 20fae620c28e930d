# SPDX-License-Identifier: Apache-2.0
# The bootable ISO: GRUB, the ETERNA image as its Multiboot 2 kernel, the configuration and the modules.
import os
import shutil
import subprocess

from . import modules as boot_modules
from .arguments import CONFIG_NAME
from .failure import Failure

# Only what the menu below needs; the rest of GRUB would triple the size of the image and the time to write it. The
# second line is what grub-mkrescue makes GRUB load by itself under UEFI, with an error for each that is not there.
GRUB_MODULES = ("normal boot multiboot2 iso9660 part_msdos part_gpt fat search search_fs_uuid search_label all_video "
                "part_acorn part_amiga part_apple part_bsd part_dfly part_dvh part_plan part_sun part_sunpc")


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
    config, modules = boot_modules.gather(options)
    with open(os.path.join(root, "boot/modules", CONFIG_NAME), "wb") as file:
        file.write(config)
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
        raise Failure("grub-mkrescue is not installed: run tools/deps/packages iso") from None
    if made.returncode != 0 or not os.path.exists(out):
        raise Failure(f"grub-mkrescue failed:\n{made.stderr.strip()}")
    shutil.rmtree(root)
