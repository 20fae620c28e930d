# SPDX-License-Identifier: Apache-2.0
# make run: ETERNA in a machine, and in it an unmodified Debian kernel with a shell.  make iso: for a USB stick.
#
#   make run [MACHINE=auto|kvm|qemu|bochs] [FIRMWARE=direct|seabios|ovmf] [GUEST=cloud|full] [RUN_OPTIONS="--vcpus 2 ..."] [GDB=1|wait]
#
# The packages come first and everything else in a second make, which then finds the compiler. The commands before the
# last take no input: what is piped into `make run` is for the guest.
# GDB=1|wait: gdb at localhost:1234; `make gdb` in another terminal attaches. Linux stays where it was linked then.
# GDB_PORT=N, for both, where 1234 is taken.
GDB ?=
GDB_PORT ?= 1234
MACHINE ?= auto
FIRMWARE ?=
GUEST ?= cloud
RUN_OPTIONS ?=
ISO := $(O)/eterna.iso

DEMO_GUEST = --image $(IMAGE) --kernel $(if $(filter full,$(GUEST)),$(GUEST_FULL_KERNEL),$(GUEST_CLOUD_KERNEL)) \
	--initrd $(GUEST_INITRD) $(if $(GDB),$(addprefix --initrd ,$(wildcard $(SYMBOLS_DIR)/module.cpio.gz))) \
	--cmdline "console=ttyS0$(if $(GDB), nokaslr)" $(if $(GDB),--gdb $(GDB_PORT)) $(if $(filter wait,$(GDB)),--gdb-wait)
DEMO_MACHINE = --machine $(MACHINE) $(if $(FIRMWARE),--firmware $(FIRMWARE))
DEMO_PACKAGES = $(if $(filter ovmf,$(FIRMWARE)),ovmf) $(if $(filter seabios,$(FIRMWARE)),iso)
DEMO_READY = $(ETERNA_CACHE)/linux-$(GUEST)/.manifest $(ETERNA_CACHE)/initrd/.manifest

run:
	$(Q)tools/deps/packages build run </dev/null
	$(Q)machine=$$(tools/eterna-run --machine $(MACHINE) --which) && tools/deps/packages "$$machine" $(DEMO_PACKAGES) </dev/null
	$(Q)$(MAKE) --no-print-directory image $(DEMO_READY) </dev/null
	$(Q)tools/eterna-run $(DEMO_MACHINE) $(DEMO_GUEST) $(RUN_OPTIONS)

# Debian's gdb at the guest of `make run GDB=1`, with the cloud kernel's symbols and Linux's own commands for gdb.
gdb: packages-debuggers $(SYMBOLS_READY)
	$(Q)exec gdb -q -iex 'add-auto-load-safe-path $(SYMBOLS_DIR)' -ex 'target remote :$(GDB_PORT)' $(SYMBOLS_DIR)/vmlinux

iso:
	$(Q)tools/deps/packages build run iso </dev/null
	$(Q)$(MAKE) --no-print-directory image $(DEMO_READY) </dev/null
	$(Q)tools/eterna-run $(DEMO_GUEST) $(RUN_OPTIONS) --iso $(ISO)
	$(Q)echo "$(ISO): copy it to a USB stick with dd, or to a CD"

# The launcher's own test, with a small kernel in place of ETERNA.
FIXTURE := $(O)/launcher/fixture.elf
FIXTURE_SOURCES := tests/emu/launcher/start.S tests/emu/launcher/fixture.c

$(FIXTURE): $(FIXTURE_SOURCES) tests/emu/launcher/fixture.ld
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -m32 $(STD) $(WARNINGS) -O1 -ffreestanding -fno-pic -fno-stack-protector -mgeneral-regs-only \
		-nostdlib -static -Wl,--build-id=none,--no-warn-rwx-segments,-N,-T,tests/emu/launcher/fixture.ld -o $@ $(FIXTURE_SOURCES)

launcher-test: $(FIXTURE) $(EMULATORS_READY)
	$(Q)tests/emu/launcher_test $(FIXTURE) $(ONLY)

.PHONY: run gdb iso launcher-test
