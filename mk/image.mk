# SPDX-License-Identifier: Apache-2.0
# The bootable image: build/eterna.elf, one ELF64 file with a Multiboot 2 header and a PVH note.
#
# It is linked twice: the first link tells the addresses of all functions, the second has them as its symbol table,
# which host/backtrace.c reads. The table stands behind .text, so the addresses do not move.
IMAGE := $(O)/eterna.elf
IMAGE_CFLAGS := $(STD) $(WARNINGS) -g -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
	-nostdlib -fno-pic -fno-pie -mno-red-zone -mcmodel=kernel -mgeneral-regs-only -fno-omit-frame-pointer \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common -ffunction-sections \
	-fstack-protector-strong -mstack-protector-guard=global -Isrc -Iinclude -I$(O)/gen -MMD -MP \
	$(if $(filter debug,$(BUILD)),-O1 -DCONFIG_DEBUG=1,-O2 -DCONFIG_DEBUG=0)
IMAGE_ASFLAGS := -g -Isrc -I$(O)/gen -MMD -MP -D__ASSEMBLY__
IMAGE_LDFLAGS := -nostdlib -static -no-pie -Wl,--gc-sections -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
	-Wl,--build-id=none -Wl,--no-warn-rwx-segments

# The backends of the vendor door, in the order in which they are tried: a folder of src/hvm/ each, whose ops.c has its
# table NAME_ops. What is not named is not compiled: make BACKENDS=vmx O=build/vmx. A folder that is gone is not missed.
BACKENDS_THERE := $(patsubst src/hvm/%/ops.c,%,$(wildcard src/hvm/*/ops.c))
BACKENDS ?= $(filter vmx,$(BACKENDS_THERE)) $(filter-out vmx,$(BACKENDS_THERE))
BACKENDS_UNKNOWN := $(filter-out $(BACKENDS_THERE),$(BACKENDS))
$(if $(BACKENDS_UNKNOWN),$(error BACKENDS: src/hvm/ has no folder $(BACKENDS_UNKNOWN); there is: $(BACKENDS_THERE)))
$(if $(strip $(BACKENDS)),,$(error BACKENDS is empty; there is: $(BACKENDS_THERE)))
BACKENDS_LEFT_OUT := $(patsubst %,src/hvm/%/%%,$(filter-out $(BACKENDS),$(BACKENDS_THERE)))
BACKEND_LIST := $(O)/gen/hvm/backend_list.inc

IMAGE_SOURCES := $(filter-out $(BACKENDS_LEFT_OUT),$(shell find src -name '*.c' ! -name 'asm_offsets.c'))
IMAGE_ASM := $(filter-out $(BACKENDS_LEFT_OUT),$(shell find src -name '*.S' ! -name '*.lds.S'))
IMAGE_OBJECTS := $(IMAGE_SOURCES:src/%.c=$(O)/image/%.o) $(IMAGE_ASM:src/%.S=$(O)/image/%.S.o)
OFFSETS := $(O)/gen/asm_offsets.h

image: $(IMAGE)

# Offsets of struct members for assembly, taken from the compiler's own output.
$(OFFSETS): src/hvm/asm_offsets.c
	$(call say,OFFSETS,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(IMAGE_CFLAGS)) -MM -MT $@ -MF $@.d $<
	$(Q)$(CC) $(filter-out -MMD -MP,$(IMAGE_CFLAGS)) -S -o - $< | \
		sed -n 's/.*->\([A-Z0-9_]*\) \([0-9]*\)".*/#define \1 \2/p' > $@

# Newer only when it says something else: then the image is linked again.
$(BACKEND_LIST): FORCE
	$(Q)mkdir -p $(@D)
	$(Q)printf 'BACKEND(%s)\n' $(BACKENDS) >$@.new
	$(Q)if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(O)/image/hvm/backends.o: $(BACKEND_LIST)

# memcpy and its family must not be recognised as calls to themselves.
$(O)/image/base/mem.o $(O)/image/base/str.o: IMAGE_CFLAGS += -fno-builtin $(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns)

# Small rather than fast: what runs once, at the prompt, with a debugger, rarely, or after a failure.
IMAGE_SMALL := boot load main config ctl gdb state dev/acpi/ dev/rtc sched/admit mem/pagetable_change \
	host/smp host/numa host/mtrr host/console host/log host/fault host/backtrace policy/placement policy/cpuid_fill policy/msr \
	vm/life vm/rebalance vm/gpa_move vm/debug vm/exit_report vm/exit_trace vm/exit_task hvm/finding \
	hvm/vmx/caps hvm/svm/caps hvm/vmx/debug hvm/svm/debug hvm/svm/step \
	hvm/vmx/explain hvm/svm/explain hvm/vmx/entry_ hvm/svm/entry_
$(filter $(IMAGE_SMALL:%=$(O)/image/%%),$(IMAGE_OBJECTS)): IMAGE_CFLAGS += $(if $(filter debug,$(BUILD)),,-Os)

$(O)/image/%.o: src/%.c mk/image.mk $(GENERATED) | $(LIBRARY_STAMPS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(IMAGE_CFLAGS) $(LIBRARY_INCLUDES) -c -o $@ $<

$(O)/image/%.S.o: src/%.S mk/image.mk $(OFFSETS)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(IMAGE_ASFLAGS) -c -o $@ $<

$(O)/eterna.lds: src/main/eterna.lds.S src/host/layout.h
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -E -P -x assembler-with-cpp -Isrc -o $@ $<

$(IMAGE): $(IMAGE_OBJECTS) $(IMAGE_LIBRARY_OBJECTS) $(O)/eterna.lds tools/build/symbols
	$(call say,LINK,$@)
	$(Q)$(CC) $(IMAGE_LDFLAGS) -T $(O)/eterna.lds -o $(O)/eterna.stage1 $(IMAGE_OBJECTS) $(IMAGE_LIBRARY_OBJECTS)
	$(Q)tools/build/symbols $(O)/eterna.stage1 > $(O)/gen/symbols.S
	$(Q)$(CC) $(IMAGE_ASFLAGS) -c -o $(O)/gen/symbols.o $(O)/gen/symbols.S
	$(Q)$(CC) $(IMAGE_LDFLAGS) -T $(O)/eterna.lds -o $@ $(IMAGE_OBJECTS) $(IMAGE_LIBRARY_OBJECTS) $(O)/gen/symbols.o

-include $(IMAGE_OBJECTS:.o=.d) $(OFFSETS).d
.PHONY: image
