# SPDX-License-Identifier: Apache-2.0
# make bench: what ETERNA costs, counted in instructions on Bochs and on QEMU, beside KVM's figures and the budget.
#
#   make bench         the table of exits, one boot of Debian in figures, and the comparison with the budget
#   make bench-check   the same, for make test: fails when a figure is over budget
BENCH_MACHINES ?= bochs,qemu
COMMA := ,
# What AVIC does without exits is for these two.
BENCH_AVIC := $(BENCH_MACHINES)$(if $(findstring bochs,$(BENCH_MACHINES)),$(COMMA)avic)
BENCH_GUEST := $(O)/guest/bench.elf
BENCH_LINUX := $(ETERNA_CACHE)/linux-cloud/.manifest $(ETERNA_CACHE)/initrd/.manifest

# The packages first, and the rest in a second make, which then finds the compiler.
bench:
	$(Q)tools/deps/packages build run </dev/null
	$(Q)tools/deps/packages bochs qemu </dev/null
	$(Q)$(MAKE) --no-print-directory bench-check </dev/null

bench-exits: image $(BENCH_GUEST) $(EMULATORS_READY)
	$(Q)bench/exits --machines $(BENCH_AVIC) --image $(IMAGE) --guest $(BENCH_GUEST) --out $(O)/bench

bench-steady: image $(O)/guest/steady.elf $(EMULATORS_READY)
	$(Q)bench/steady --machines $(BENCH_AVIC) --image $(IMAGE) --guest $(O)/guest/steady.elf --out $(O)/bench

bench-idle: image $(EMULATORS_READY) $(BENCH_LINUX)
	$(Q)bench/idle --machines $(BENCH_MACHINES) --image $(IMAGE) --out $(O)/bench

bench-load: image $(EMULATORS_READY) $(BENCH_LINUX)
	$(Q)bench/load --machines $(BENCH_MACHINES) --image $(IMAGE) --out $(O)/bench

bench-boot: image $(EMULATORS_READY) $(BENCH_LINUX)
	$(Q)echo
	$(Q)bench/boot --machines $(BENCH_MACHINES) --image $(IMAGE) --out $(O)/bench
	$(Q)echo

bench-check: bench-exits bench-steady bench-idle bench-load bench-boot
	$(Q)bench/check $(O)/bench/exits.figures $(O)/bench/steady.figures \
		$(O)/bench/idle.figures $(O)/bench/load.figures $(O)/bench/boot.figures

.PHONY: bench bench-exits bench-steady bench-idle bench-load bench-boot bench-check
