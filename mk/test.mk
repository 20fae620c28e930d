# SPDX-License-Identifier: Apache-2.0
# make test: every suite, and one closing line for all of them.
#
#   make test                every suite below: lint, four builds, hosted tests, proofs, eterna-port, guests, Linux, errors
#   make test-all            the same, with the long rows of tests/emu/matrix.cfg, and three guests at once many times
#   make test SUITES="unit linux-boot"       some of them, by name
#
# A suite is NAME=TARGET[:WORD...] of tools/test/summary, which runs them in order and goes on after one that failed.
TEST_JOBS := -j2
TEST_BUILDS := image-gcc=image:$(TEST_JOBS) image-clang=image:$(TEST_JOBS):CC=clang:O=$(O)/clang \
	image-gcc-debug=image:$(TEST_JOBS):BUILD=debug:O=$(O)/debug \
	image-clang-debug=image:$(TEST_JOBS):BUILD=debug:CC=clang:O=$(O)/clang-debug
TEST_HOSTED := unit=unit:$(TEST_JOBS) fuzz-replay=fuzz-replay:$(TEST_JOBS) proof=proof port=port-test
TEST_MACHINES = launcher=launcher-test guests=guests:$(TEST_JOBS) matrix=matrix-test guest-self=guest-self-test$(1) \
	guest=guest-test$(1) debug=debug-test errors=errors-test gdb=gdb-test life=life-test$(2) isolation=isolation-test numa=numa-test backends=backends-test bench=bench-check linux-boot=linux-boot$(1)
# Three Debian guests at once on two CPUs, again and again.
TEST_MANY := linux-many-qemu=linux-many:MANY_ON=qemu:MANY_ROUNDS=50 linux-many-bochs=linux-many:MANY_ON=bochs:MANY_ROUNDS=50
# Debian's kernel with its symbols: they are a download of 430 MB. make test has it where that was done before.
TEST_SYMBOLS := gdb-symbols=gdb-symbols-test
# With :MATRIX=... for the runs of the matrix, or nothing.
TEST_SUITES = lint=lint $(TEST_BUILDS) $(TEST_HOSTED) $(TEST_MACHINES)
SUITES ?= all
test_selected = $(if $(filter all,$(SUITES)),$(1),$(foreach s,$(SUITES),$(filter $(s)=%,$(1))))

test: packages-build packages-test packages-analysis
	$(Q)tools/test/summary --log $(O)/test $(call test_selected,$(call TEST_SUITES) $(if $(filter all,$(SUITES)),$(if $(wildcard $(SYMBOLS_READY)),$(TEST_SYMBOLS)),$(TEST_SYMBOLS)))

test-all: packages-build packages-test packages-analysis
	$(Q)tools/test/summary --log $(O)/test $(call test_selected,$(call TEST_SUITES,:MATRIX=--part=all,:ROUNDS=1000) $(TEST_SYMBOLS) $(TEST_MANY))

LIFE_TEST = tests/emu/life_test --image $(IMAGE) --guests $(O)/guest

# The debug image, which checks the order of its locks: several CPUs, IPIs, a Linux, VMs that come, go and move.
DEBUG_LIVES := --only float,life,limits,crash,rounds --rounds 20
DEBUG_ROWS := smp-bochs-bios-4@2-128M smp-qemu-direct-2@2-128M ipi_chase-bochs-bios-4@4-128M linux-cloud-qemu-direct-2-256M
debug-test: private IMAGE = $(O)/debug/eterna.elf
debug-test: $(EMULATORS_READY) $(GUESTS_READY) $(O)/guest/smp.elf $(O)/guest/ipi_chase.elf $(O)/guest/life.elf $(O)/guest/triple_fault.elf
	$(Q)$(MAKE) --no-print-directory image BUILD=debug O=$(O)/debug
	$(Q)for row in $(DEBUG_ROWS); do \
		tests/emu/run-matrix --only $$row --image $(IMAGE) --guests $(O)/guest --out $(O)/debug || exit 1; done
	$(Q)$(LIFE_TEST) $(DEBUG_LIVES)
	$(Q)$(LIFE_TEST) --machine bochs $(DEBUG_LIVES)

# Debian's kernels under ETERNA.
linux-boot: $(EMULATORS_READY) $(GUESTS_READY) image
	$(Q)$(RUN_MATRIX) --kind linux

MANY_ON ?= qemu
MANY_ROUNDS ?= 1
linux-many: $(EMULATORS_READY) $(GUESTS_READY) image
	$(Q)tests/emu/linux_boot_test --machine $(MANY_ON) --rounds $(MANY_ROUNDS) --image $(IMAGE) --out $(O)/emu

# The reader of the matrix itself.
matrix-test:
	$(Q)tests/emu/matrix_test

# The tree without one backend's folder.
backends-test: $(O)/guest/hlt.elf $(EMULATORS_READY)
	$(Q)tests/emu/backends_test --out $(O)/alone --guests $(O)/guest

errors-test: $(O)/guest/s5.elf $(O)/guest/hlt.elf $(EMULATORS_READY) $(GUESTS_READY) image
	$(Q)tests/emu/errors_test --only "$(ONLY)" --image $(IMAGE) --guests $(O)/guest

# Guests debugged with Debian's gdb and lldb. ONLY=PART: one of its parts.
gdb-test: packages-debuggers $(O)/guest/debuggee.elf $(O)/guest/stepped.elf $(O)/guest/bench.elf $(EMULATORS_READY) $(GUESTS_READY) image
	$(Q)tests/emu/gdb_test --only "$(ONLY)" --image $(IMAGE) --guests $(O)/guest --out $(O)/emu

gdb-symbols-test: packages-debuggers $(EMULATORS_READY) $(GUESTS_READY) $(SYMBOLS_READY) image
	$(Q)tests/emu/gdb_test --only symbols --image $(IMAGE) --guests $(O)/guest --out $(O)/emu

# VMs that come and go at the prompt.
ROUNDS ?= 100
life-test: $(O)/guest/life.elf $(O)/guest/coms.elf $(O)/guest/typed.elf $(O)/guest/smp.elf $(O)/guest/ipi_chase.elf $(O)/guest/triple_fault.elf $(EMULATORS_READY) $(GUESTS_READY) image
	$(Q)$(LIFE_TEST) --only "$(ONLY)" --rounds $(ROUNDS)
	$(Q)$(LIFE_TEST) --machine bochs --only life,crash,limits,console,stray,typed,order,float,rounds --rounds $(ROUNDS)
	$(Q)$(LIFE_TEST) --machine bochs --cpu-model sapphire_rapids --only ipis,rounds --rounds $(ROUNDS)
	$(Q)$(LIFE_TEST) --machine bochs --cpu-model ryzen --only rounds --rounds $(ROUNDS)

# A guest that looks after itself beside guests that rave. ONLY=PART: some of the cases.
ISOLATION_GUESTS := witness hostile noisy s5 reset_cf9 reset_kbc reset_port92 reset_acpi triple_fault jump_unmapped
isolation-test: $(ISOLATION_GUESTS:%=$(O)/guest/%.elf) $(EMULATORS_READY) image
	$(Q)tests/emu/isolation_test --only "$(ONLY)" --image $(IMAGE) --guests $(O)/guest --out $(O)/emu

# Machines with NUMA nodes, and the guest that is told of them and moved among them.
numa-test: $(O)/guest/numa.elf $(EMULATORS_READY) $(GUESTS_READY) image
	$(Q)tests/emu/numa_test --only "$(ONLY)" --image $(IMAGE) --guests $(O)/guest

.PHONY: test test-all debug-test linux-boot linux-many life-test isolation-test numa-test matrix-test backends-test errors-test gdb-test gdb-symbols-test
