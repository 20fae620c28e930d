# SPDX-License-Identifier: Apache-2.0
# The pure folders built for this machine, and what stands on them: unit tests, coverage, fuzzers, proofs.
#
#   make unit [ONLY=dev/pit]    unit tests under ASan and UBSan      make fuzz TIME=60   every fuzz target for 60 s
#   make coverage               line coverage of the pure folders   make proof          CBMC proofs
#   make fuzz-gdb PACKETS=N     the debugger's stub with N packets
HOSTED_CFLAGS := $(STD) $(WARNINGS) -g -O1 -fno-omit-frame-pointer -Isrc -Iinclude -DCONFIG_HOSTED=1 \
	-fsanitize=address,undefined -fno-sanitize-recover=all -MMD -MP
HOSTED_SOURCES := $(PURE_SOURCES)
HOSTED_LIB := $(O)/hosted/libpure.a
HOSTED_OBJECTS := $(HOSTED_SOURCES:src/%.c=$(O)/hosted/%.o)

# These define standard C names: renamed, so that the sanitizers' own stay in charge.
RENAMED := memcpy memmove memset memcmp strlen strcmp strncmp strchr
RENAME_FLAGS := -fno-builtin $(foreach n,$(RENAMED),-D$(n)=eterna_$(n))
$(O)/hosted/base/mem.o $(O)/hosted/base/str.o $(O)/unit/base/mem_test $(O)/unit/base/str_test: \
	private HOSTED_CFLAGS += $(RENAME_FLAGS)

$(O)/hosted/%.o: src/%.c $(GENERATED) | $(LIBRARY_STAMPS)
	$(call say,CC host,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED_CFLAGS) $(LIBRARY_INCLUDES) -c -o $@ $<

$(HOSTED_LIB): $(HOSTED_OBJECTS) $(HOSTED_LIBRARY_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)ar rcs $@ $^

# --- unit tests: tests/unit/<folder>/<file>_test.c, one program each ---------------------------------------------
ONLY ?=
UNIT_SOURCES := $(shell find tests/unit -name '*_test.c' 2>/dev/null | sort)
UNIT_SELECTED := $(if $(ONLY),$(foreach o,$(ONLY),$(filter tests/unit/$(o)%,$(UNIT_SOURCES))),$(UNIT_SOURCES))
UNIT_PROGRAMS := $(UNIT_SELECTED:tests/unit/%.c=$(O)/unit/%)

# These take whole files of vm/: what the test does not come to is left out, and needs nothing.
$(O)/unit/vm/%: private HOSTED_CFLAGS += -ffunction-sections -Wl,--gc-sections

$(O)/unit/assert_fail.o: tests/unit/assert_fail.c
	$(call say,CC unit,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED_CFLAGS) -c -o $@ $<

# One source to a command: with two, what the compiler notes of their headers is the last one's.
$(O)/unit/%: tests/unit/%.c $(O)/unit/assert_fail.o $(HOSTED_LIB)
	$(call say,CC unit,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED_CFLAGS) $(LIBRARY_INCLUDES) -Itests -o $@ $< $(O)/unit/assert_fail.o $(HOSTED_LIB) -lcmocka

unit: $(UNIT_PROGRAMS)
	$(Q)tools/test/run-units $(UNIT_PROGRAMS)

# --- coverage ------------------------------------------------------------------------------------------------------
coverage:
	$(Q)tools/test/coverage $(O)/coverage

# --- fuzz targets: fuzz/<name>_fuzz.c, corpus in fuzz/corpus/<name>/ -----------------------------------------------
TIME ?= 60
FUZZ_SOURCES := $(sort $(wildcard fuzz/*_fuzz.c))
FUZZ_PROGRAMS := $(FUZZ_SOURCES:fuzz/%.c=$(O)/fuzz/%)
FUZZ_CFLAGS := $(filter-out -MMD -MP,$(HOSTED_CFLAGS)) -fsanitize=fuzzer-no-link
FUZZ_OBJECTS := $(HOSTED_SOURCES:src/%.c=$(O)/fuzz/pure/%.o)

$(O)/fuzz/pure/base/mem.o $(O)/fuzz/pure/base/str.o: private FUZZ_CFLAGS += $(RENAME_FLAGS)
$(O)/fuzz/pure/%.o: src/%.c $(GENERATED) | $(LIBRARY_STAMPS)
	$(call say,CC fuzz,$<)
	$(Q)mkdir -p $(@D)
	$(Q)clang $(FUZZ_CFLAGS) -MMD -MP $(LIBRARY_INCLUDES) -c -o $@ $<

$(O)/fuzz/libpure.a: $(FUZZ_OBJECTS) $(HOSTED_LIBRARY_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)ar rcs $@ $^

$(O)/fuzz/%_fuzz: fuzz/%_fuzz.c tests/unit/assert_fail.c $(O)/fuzz/libpure.a
	$(call say,CC fuzz,$<)
	$(Q)clang $(FUZZ_CFLAGS) $(LIBRARY_INCLUDES) -Itests -fsanitize=fuzzer -o $@ $< tests/unit/assert_fail.c $(O)/fuzz/libpure.a

fuzz: $(FUZZ_PROGRAMS)
	$(Q)tools/test/run-fuzzers --time $(TIME) $(FUZZ_PROGRAMS)

# The stub with that many packets, and how many there were. About ten processor seconds a million.
PACKETS ?= 10000000
fuzz-gdb: $(O)/fuzz/gdb_fuzz
	$(Q)mkdir -p $(O)/fuzz/corpus/gdb $(O)/fuzz/crashes/gdb
	$(Q)GDB_FUZZ_PACKETS=$(PACKETS) $< -max_len=4096 -len_control=0 -timeout=20 -rss_limit_mb=1024 \
		-artifact_prefix=$(O)/fuzz/crashes/gdb/ $(O)/fuzz/corpus/gdb fuzz/corpus/gdb >$<.log 2>&1 || { tail -n 40 $<.log; exit 1; }
	$(Q)tail -n 1 $<.log

fuzz-replay: $(FUZZ_PROGRAMS)
	$(Q)tools/test/run-fuzzers --replay $(FUZZ_PROGRAMS)

# --- proofs: proof/<name>_proof.c, options in its line "// cbmc: ..." ----------------------------------------------
PROOFS := $(sort $(wildcard proof/*_proof.c))
proof:
	$(Q)tools/test/run-proofs $(PROOFS)

-include $(HOSTED_OBJECTS:.o=.d) $(FUZZ_OBJECTS:.o=.d) $(UNIT_PROGRAMS:=.d)
.PHONY: unit coverage fuzz fuzz-gdb fuzz-replay proof
