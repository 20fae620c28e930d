# SPDX-License-Identifier: Apache-2.0
# What the build and the tests take from Debian's archive (the porting tool's grammar: from npm): where it lies and how it gets there.
#
# Everything is in a cache outside the tree, so a clean checkout or a second one builds nothing twice. Each *_READY
# target checks its entry every time and repairs it when it is missing or damaged, but is newer than what depends on
# it only when it changed. Name the sources inside an entry, don't $(wildcard) them: on a fresh system the entry comes
# to be after the makefiles were read.

ETERNA_CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/eterna

ZYDIS_DIR  := $(ETERNA_CACHE)/zydis
ZYCORE_INC := $(ETERNA_CACHE)/zycore/include
INIH_DIR   := $(ETERNA_CACHE)/inih
BOCHS      := $(ETERNA_CACHE)/bochs-mended7/bochs
CBMC       := $(ETERNA_CACHE)/cbmc/cbmc
GRAMMAR    := $(ETERNA_CACHE)/grammar

ZYDIS_READY  := $(ZYDIS_DIR)/.manifest
ZYCORE_READY := $(ETERNA_CACHE)/zycore/.manifest
INIH_READY   := $(INIH_DIR)/.manifest
BOCHS_READY  := $(ETERNA_CACHE)/bochs-mended7/.manifest
QEMU_READY   := $(ETERNA_CACHE)/qemu-mended2/.manifest
EMULATORS_READY := $(BOCHS_READY) $(QEMU_READY)
CBMC_READY   := $(ETERNA_CACHE)/cbmc/.manifest
GRAMMAR_READY := $(GRAMMAR)/.manifest

# The demo guests: Debian's kernels, unmodified, and a busybox initrd.
GUEST_CLOUD_KERNEL := $(ETERNA_CACHE)/linux-cloud/vmlinuz
GUEST_FULL_KERNEL  := $(ETERNA_CACHE)/linux-full/vmlinuz
GUEST_INITRD       := $(ETERNA_CACHE)/initrd/initrd.cpio.gz
GUESTS_READY       := $(addprefix $(ETERNA_CACHE)/,linux-cloud/.manifest linux-full/.manifest initrd/.manifest)
# For a debugger of the cloud kernel: its vmlinux, Linux's scripts for gdb, a module. make gdb, and a suite of its own.
SYMBOLS_DIR        := $(ETERNA_CACHE)/linux-symbols
SYMBOLS_READY      := $(SYMBOLS_DIR)/.manifest

$(ZYDIS_READY) $(ZYCORE_READY) $(INIH_READY): $(ETERNA_CACHE)/%/.manifest: FORCE
	@tools/deps/library $* </dev/null

$(BOCHS_READY): FORCE
	@tools/deps/bochs </dev/null >/dev/null

$(QEMU_READY): FORCE
	@tools/deps/qemu </dev/null >/dev/null

$(CBMC_READY): FORCE
	@tools/deps/cbmc </dev/null >/dev/null

$(GRAMMAR_READY): FORCE
	@tools/deps/grammar </dev/null

$(GUESTS_READY) $(SYMBOLS_READY): $(ETERNA_CACHE)/%/.manifest: FORCE
	@tools/deps/guest $* </dev/null

# The packages for a purpose: packages-build, packages-run, packages-port, packages-test,
# packages-debuggers, packages-analysis.
packages-%: FORCE
	@tools/deps/packages $* </dev/null

.PHONY: FORCE deps
FORCE:

deps: packages-build packages-run $(ZYDIS_READY) $(ZYCORE_READY) $(INIH_READY) $(BOCHS_READY) $(GUESTS_READY)
