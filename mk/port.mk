# SPDX-License-Identifier: Apache-2.0
# The porting assistant, tools/port: a host program, no part of the image. Its own packages: packages-port.
#
#   make port         build/port/eterna-port           make port-test    its tests
#   make port-map     write docs/port-map.md anew      make port-fuzz TIME=60
PORT_SOURCES := $(filter-out tools/port/main.c,$(sort $(wildcard tools/port/*.c)))
PORT_PACKAGES := libmicrohttpd jansson tree-sitter sqlite3 libcurl
PORT_LIBS = $(shell pkg-config --libs $(PORT_PACKAGES)) -pthread
PORT_CFLAGS = $(STD) -D_GNU_SOURCE $(WARNINGS) -g -Isrc -Iinclude -Itools/port -pthread -MMD -MP -DETERNA_TREE='"$(CURDIR)"' \
	$(shell pkg-config --cflags $(PORT_PACKAGES))
PORT_SANITIZE := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

# One library for each way of building: plain, sanitized, for the fuzzers.
PORT_GRAMMAR := parser scanner
PORT_OBJECTS = $(PORT_SOURCES:tools/port/%.c=$(O)/port/$(1)/%.o) $(PORT_GRAMMAR:%=$(O)/port/$(1)/grammar_%.o)
PORT := $(O)/port/eterna-port
PORT_ASAN := $(O)/port/eterna-port-asan

$(O)/port/plain/%.o: tools/port/%.c
	$(call say,CC port,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(PORT_CFLAGS) -O2 -c -o $@ $<

$(O)/port/asan/%.o: tools/port/%.c
	$(call say,CC asan,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(PORT_CFLAGS) $(PORT_SANITIZE) -c -o $@ $<

$(O)/port/fuzz/%.o: tools/port/%.c
	$(call say,CC fuzz,$<)
	$(Q)mkdir -p $(@D)
	$(Q)clang $(PORT_CFLAGS) $(PORT_SANITIZE) -fsanitize=fuzzer-no-link -c -o $@ $<

# The grammar is not ours: no warnings, no sanitizers.
$(O)/port/plain/grammar_%.o: $(GRAMMAR_READY)
	$(call say,CC port,$*.c of the grammar)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O1 -w -I$(GRAMMAR) -c -o $@ $(GRAMMAR)/$*.c

$(O)/port/asan/grammar_%.o $(O)/port/fuzz/grammar_%.o: $(O)/port/plain/grammar_%.o
	$(Q)mkdir -p $(@D)
	$(Q)cp $< $@

$(O)/port/%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)ar rcs $@ $^
$(O)/port/plain.a: $(call PORT_OBJECTS,plain)
$(O)/port/asan.a: $(call PORT_OBJECTS,asan)
$(O)/port/fuzz.a: $(call PORT_OBJECTS,fuzz)

$(PORT): $(O)/port/plain/main.o $(O)/port/plain.a
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(PORT_LIBS)

$(PORT_ASAN): $(O)/port/asan/main.o $(O)/port/asan.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(PORT_SANITIZE) -o $@ $^ $(PORT_LIBS)

port: packages-port
	$(Q)$(MAKE) --no-print-directory $(PORT)

# The table as a document; lint-port-map says when it is stale and that every file it names is there.
port-map: port
	$(Q)$(PORT) map --markdown --tree . >docs/port-map.md

# --- tests -----------------------------------------------------------------------------------------------------------
PORT_UNITS := $(patsubst tests/port/unit/%.c,$(O)/port/unit/%,$(sort $(wildcard tests/port/unit/*_test.c)))

$(O)/port/unit/%: tests/port/unit/%.c $(O)/port/asan.a
	$(call say,CC unit,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(PORT_CFLAGS) $(PORT_SANITIZE) -o $@ $< $(O)/port/asan.a -lcmocka $(PORT_LIBS)

port-unit: $(PORT_UNITS)
	$(Q)tools/test/run-units $(PORT_UNITS)

# Ports that are run: their results are those that rustc's release build gives.
PORTED := $(O)/port/ported
PORTED_FILES := src/arith.rs src/debug/gdb.rs src/cpu/psci.rs src/devices/uart/pl011.rs

$(O)/port/ported_test: tests/port/ported_test.c $(PORT_ASAN) $(PORTED_FILES:%=tests/port/corpus/%)
	$(call say,PORT,$(PORTED_FILES))
	$(Q)$(PORT_ASAN) port --source tests/port/corpus --out $(PORTED) $(PORTED_FILES) >$(PORTED).log 2>&1
	$(Q)$(CC) $(STD) -w -g $(PORT_SANITIZE) -Isrc -Iinclude -I$(PORTED) -o $@ $< -lcmocka

port-run: $(O)/port/ported_test
	$(Q)tools/test/run-units $<

# docs/port-map.md is what the table says, and every file that the table names is there.
port-map-check: $(PORT)
	$(Q)$(PORT) map --markdown --tree . | diff -u docs/port-map.md - && echo '1 passed, 0 failed'

# Analyses and ports of tests/port/corpus and of the guide's snippets, as they were looked at and kept.
port-golden: $(PORT_ASAN)
	$(Q)tests/port/run-golden $(PORT_ASAN)

port-golden-update: $(PORT_ASAN)
	$(Q)tests/port/run-golden $(PORT_ASAN) --update

# The service over HTTP: safety, restarts, 1,000 requests at once, a stand-in for a model.
port-server: $(PORT_ASAN)
	$(Q)tests/port/server_test $(PORT_ASAN)

# --- fuzz targets: tests/port/fuzz/<name>_fuzz.c, corpus in fuzz/corpus/<name> ----------------------------------------
PORT_FUZZERS := $(patsubst tests/port/fuzz/%.c,$(O)/port/fuzzers/%,$(sort $(wildcard tests/port/fuzz/*_fuzz.c)))

$(O)/port/fuzzers/%: tests/port/fuzz/%.c $(O)/port/fuzz.a
	$(call say,CC fuzz,$<)
	$(Q)mkdir -p $(@D)
	$(Q)clang $(PORT_CFLAGS) $(PORT_SANITIZE) -fsanitize=fuzzer -o $@ $< $(O)/port/fuzz.a $(PORT_LIBS)

port-fuzz: $(PORT_FUZZERS)
	$(Q)tools/test/run-fuzzers --time $(TIME) $(PORT_FUZZERS)

port-fuzz-replay: $(PORT_FUZZERS)
	$(Q)tools/test/run-fuzzers --replay $(PORT_FUZZERS)

PORT_TESTS := port-unit port-run port-map-check port-golden port-server port-fuzz-replay
port-test: packages-port packages-test
	$(Q)tools/test/summary --log $(O)/port/log $(foreach t,$(PORT_TESTS),$(t)=$(t):-j2)

-include $(wildcard $(O)/port/*/*.d)
.PHONY: port port-map port-unit port-run port-map-check port-golden port-golden-update port-server port-fuzz port-fuzz-replay \
	port-test
