# SPDX-License-Identifier: Apache-2.0
# Test guests: tests/guest/<name>/ becomes build/guest/<name>.elf, a 32-bit Multiboot 1 ELF with 64-bit code inside.
# They run under ETERNA and, unchanged, on any machine:
#   qemu-system-x86_64 -kernel X.elf -cpu max -display none -serial stdio -device pc-testdev \
#	-device isa-debug-exit,iobase=0xf4,iosize=0x4
GUEST_NAMES := $(sort $(filter-out runtime,$(notdir $(patsubst %/,%,$(dir $(wildcard tests/guest/*/main.c))))))
GUEST_IMAGES := $(GUEST_NAMES:%=$(O)/guest/%.elf)
GUEST_CFLAGS := $(STD) $(WARNINGS) -g -O2 -ffreestanding -fno-builtin -fno-pic -mno-red-zone -mgeneral-regs-only \
	-mcmodel=small -fno-stack-protector -fno-asynchronous-unwind-tables -fno-strict-aliasing \
	-Isrc -Itests/guest/runtime -MMD -MP

GUEST_RUNTIME := $(patsubst %,$(O)/guest/%.o,$(basename $(wildcard tests/guest/runtime/*.[cS] ))) \
	$(addprefix $(O)/guest/src/base/,mem.o str.o fmt.o checked.o)
GUEST_OBJECTS_OF = $(patsubst %,$(O)/guest/%.o,$(basename $(wildcard tests/guest/$(1)/*.[cS])))

$(O)/guest/%.o: %.c
	$(call say,CC guest,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -c -o $@ $<

$(O)/guest/%.o: %.S
	$(call say,AS guest,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -c -o $@ $<

.SECONDEXPANSION:
$(GUEST_IMAGES): $(O)/guest/%.elf: $$(call GUEST_OBJECTS_OF,$$*) $(GUEST_RUNTIME) tests/guest/runtime/link.ld
	$(call say,LD guest,$@)
	$(Q)ld -m elf_x86_64 -nostdlib -static -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments -T tests/guest/runtime/link.ld \
		-o $(@:.elf=.elf64) $(filter %.o,$^)
	$(Q)objcopy --strip-debug -O elf32-i386 $(@:.elf=.elf64) $@

guests: $(GUEST_IMAGES)

# What each guest must do is in tests/emu/matrix.cfg. ONLY=NAME: one row; MATRIX="--machine qemu --part long": options of
# tests/emu/run-matrix.  make guest-test: under ETERNA.  make guest-self-test: without it, on QEMU's own emulation.
RUN_MATRIX = tests/emu/run-matrix --only "$(ONLY)" --image $(IMAGE) --guests $(O)/guest --out $(O)/emu $(MATRIX)

guest-test: $(GUEST_IMAGES) $(EMULATORS_READY) image
	$(Q)$(RUN_MATRIX) --kind guest

guest-self-test: $(GUEST_IMAGES)
	$(Q)$(RUN_MATRIX) --kind bare

-include $(shell find $(O)/guest -name '*.d' 2>/dev/null)
.PHONY: guests guest-test guest-self-test
