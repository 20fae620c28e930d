# SPDX-License-Identifier: Apache-2.0
# make test: every suite, and one closing line for all of them.
#
#   make test                every suite below: lint, four builds, hosted tests, proofs, the guests, Linux, errors
#   make test-all            the same, and Linux with 4 GiB and with two processors
#   make test SUITES="unit linux-boot"       some of them, by name
#
# A suite is NAME=TARGET[:WORD...] of tools/test/summary, which runs them in order and goes on after one that failed.
TEST_JOBS := -j2
TEST_BUILDS := image-gcc=image:$(TEST_JOBS) image-clang=image:$(TEST_JOBS):CC=clang:O=$(O)/clang \
	image-gcc-debug=image:$(TEST_JOBS):BUILD=debug:O=$(O)/debug \
	image-clang-debug=image:$(TEST_JOBS):BUILD=debug:CC=clang:O=$(O)/clang-debug
TEST_HOSTED := unit=unit:$(TEST_JOBS) fuzz-replay=fuzz-replay:$(TEST_JOBS) proof=proof
TEST_MACHINES := launcher=launcher-test guests=guests:$(TEST_JOBS) guest-self=guest-self-test guest=guest-test \
	errors=errors-test bench=bench-check
TEST_SUITES := lint=lint $(TEST_BUILDS) $(TEST_HOSTED) $(TEST_MACHINES)
SUITES ?= all
test_selected = $(if $(filter all,$(SUITES)),$(1),$(foreach s,$(SUITES),$(filter $(s)=%,$(1))))

test: packages-build packages-test packages-analysis
	$(Q)tools/test/summary --log $(O)/test $(call test_selected,$(TEST_SUITES) linux-boot=linux-boot)

test-all: packages-build packages-test packages-analysis
	$(Q)tools/test/summary --log $(O)/test $(call test_selected,$(TEST_SUITES) linux-boot=linux-boot:LONG=--long)

# Debian's kernels under ETERNA: LONG=--long for the boots with more memory and processors.
linux-boot: $(BOCHS_READY) $(GUESTS_READY) image
	$(Q)tests/emu/linux_boot_test $(LONG) --only "$(ONLY)" --image $(IMAGE) --out $(O)/emu

errors-test: $(O)/guest/s5.elf $(O)/guest/hlt.elf $(BOCHS_READY) $(GUESTS_READY) image
	$(Q)tests/emu/errors_test --only "$(ONLY)" --image $(IMAGE) --guests $(O)/guest

.PHONY: test test-all linux-boot errors-test
