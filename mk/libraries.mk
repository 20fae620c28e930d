# SPDX-License-Identifier: Apache-2.0
# Third-party sources compiled into the image and the hosted library. mk/deps.mk says where they are.
LIBRARY_INCLUDES :=
LIBRARY_STAMPS :=
HOSTED_LIBRARY_OBJECTS :=
IMAGE_LIBRARY_OBJECTS :=
GENERATED :=

# --- Zydis: the decoder, and the formatter for the text of an instruction that the emulator can't do. No encoder, no
# AVX-512, no Xeon Phi: 340 KB of tables and code.
ZYDIS_PARTS := Decoder DecoderData SharedData Register Mnemonic String Utils \
	Formatter FormatterBase FormatterBuffer FormatterATT FormatterIntel
ZYDIS_FLAGS := -DZYAN_NO_LIBC -DZYDIS_STATIC_BUILD -DZYCORE_STATIC_BUILD \
	-DZYDIS_DISABLE_ENCODER -DZYDIS_DISABLE_AVX512 -DZYDIS_DISABLE_KNC \
	-isystem $(ZYDIS_DIR)/include -isystem $(ZYCORE_INC)
ZYDIS_COMPILE = -O2 $(ZYDIS_FLAGS) -I$(ZYDIS_DIR)/src -include src/emul/zydis_libc.h -c -o $@ $(ZYDIS_DIR)/src/$*.c

LIBRARY_INCLUDES += $(ZYDIS_FLAGS)
LIBRARY_STAMPS += $(ZYDIS_READY) $(ZYCORE_READY)
HOSTED_LIBRARY_OBJECTS += $(ZYDIS_PARTS:%=$(O)/hosted/zydis/%.o)
IMAGE_LIBRARY_OBJECTS += $(ZYDIS_PARTS:%=$(O)/image/zydis/%.o)

$(ZYDIS_PARTS:%=$(O)/hosted/zydis/%.o): $(O)/hosted/zydis/%.o: src/emul/zydis_libc.h $(ZYDIS_READY) $(ZYCORE_READY)
	$(call say,CC host,Zydis $*.c)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -g $(ZYDIS_COMPILE)

$(ZYDIS_PARTS:%=$(O)/image/zydis/%.o): $(O)/image/zydis/%.o: src/emul/zydis_libc.h $(ZYDIS_READY) $(ZYCORE_READY)
	$(call say,CC,Zydis $*.c)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -ffreestanding -nostdlib -fno-pic -mno-red-zone -mcmodel=kernel -mgeneral-regs-only \
		-ffunction-sections -fdata-sections $(ZYDIS_COMPILE) $(if $(filter Formatter%,$*),-Os)

# --- The guest's DSDT: AML, as the bytes of a C array.
LIBRARY_INCLUDES += -I$(O)/gen

$(foreach b,hosted fuzz/pure image,$(O)/$(b)/dev/acpi/dsdt.o): $(O)/gen/dev/acpi/dsdt.inc
$(O)/gen/dev/acpi/dsdt.inc: src/dev/acpi/dsdt.asl
	$(call say,IASL,$<)
	$(Q)mkdir -p $(@D)
	$(Q)iasl -we -p $(@D)/dsdt $< >$(@D)/dsdt.log || { cat $(@D)/dsdt.log; false; }
	$(Q)od -An -v -tx1 $(@D)/dsdt.aml | sed 's/ \([0-9a-f]*\)/0x\1,/g' >$@

# --- inih: the parser of eterna.conf. Lines as long as a kernel's command line, on the stack; a ';' belongs to the value.
INIH_FLAGS := -DINI_MAX_LINE=2304 -DINI_USE_STACK=1 -DINI_HANDLER_LINENO=1 -DINI_CALL_HANDLER_ON_NEW_SECTION=1 \
	-DINI_ALLOW_MULTILINE=0 -DINI_ALLOW_INLINE_COMMENTS=0 -isystem $(INIH_DIR)
INIH_COMPILE = -O2 $(INIH_FLAGS) -c -o $@ $(INIH_DIR)/ini.c

# In the image the C library's headers are ours: few, and found last.
LIBRARY_INCLUDES += $(INIH_FLAGS) -idirafter src/config/libc
LIBRARY_STAMPS += $(INIH_READY)
HOSTED_LIBRARY_OBJECTS += $(O)/hosted/inih/ini.o
IMAGE_LIBRARY_OBJECTS += $(O)/image/inih/ini.o

$(O)/hosted/inih/ini.o: $(INIH_READY)
	$(call say,CC host,inih ini.c)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -g $(INIH_COMPILE)

# Its functions on files are dropped by the linker: they must have sections of their own.
$(O)/image/inih/ini.o: $(INIH_READY)
	$(call say,CC,inih ini.c)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) -Isrc/config/libc -fno-pic \
		-mno-red-zone -mcmodel=kernel -mgeneral-regs-only -ffunction-sections $(INIH_COMPILE)
