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
	$(Q)$(CC) -ffreestanding -nostdlib -fno-pic -mno-red-zone -mcmodel=kernel -mgeneral-regs-only $(ZYDIS_COMPILE)

# --- The guest's DSDT: AML, as the bytes of a C array.
LIBRARY_INCLUDES += -I$(O)/gen

$(foreach b,hosted fuzz/pure image,$(O)/$(b)/dev/acpi/dsdt.o): $(O)/gen/dev/acpi/dsdt.inc
$(O)/gen/dev/acpi/dsdt.inc: src/dev/acpi/dsdt.asl
	$(call say,IASL,$<)
	$(Q)mkdir -p $(@D)
	$(Q)iasl -we -p $(@D)/dsdt $< >$(@D)/dsdt.log || { cat $(@D)/dsdt.log; false; }
	$(Q)od -An -v -tx1 $(@D)/dsdt.aml | sed 's/ \([0-9a-f]*\)/0x\1,/g' >$@
