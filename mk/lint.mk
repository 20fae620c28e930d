# SPDX-License-Identifier: Apache-2.0
# What is checked without running anything.
#
#   make lint      layers, headers alone, format, sizes and names, shell scripts      (a minute)
#   make analyze   clang-tidy and cppcheck over src/                                  (several minutes)
LINT_C := $(shell git ls-files -co --exclude-standard '*.c' '*.h' 2>/dev/null)
LINT_HEADERS := $(filter-out src/config/libc/% %_priv.h,$(filter src/%.h include/%.h,$(LINT_C))) $(filter src/%_priv.h,$(LINT_C))
LINT_SHELL := $(shell git ls-files -co --exclude-standard tools tests .ci 2>/dev/null | xargs grep -lE '^\#!/(bin/sh|usr/bin/env bash|bin/bash)' /dev/null)
LINT_IMAGE_FLAGS = $(filter-out -MMD -MP,$(IMAGE_CFLAGS)) $(LIBRARY_INCLUDES)
CLANG_BUILTINS = $(shell clang -print-file-name=include)
GCC_BUILTINS = $(shell gcc -print-file-name=include)

LINTS := lint-layers lint-sources lint-headers-gcc lint-headers-clang lint-format lint-shell
lint: packages-analysis
	$(Q)tools/test/summary $(foreach l,$(LINTS),$(l)=$(l))

lint-layers:
	$(Q)tools/lint/layers

lint-sources:
	$(Q)tools/lint/sources

lint-headers-gcc: $(OFFSETS) | $(LIBRARY_STAMPS)
	$(Q)tools/lint/headers "gcc $(patsubst -isystem $(CLANG_BUILTINS),-isystem $(GCC_BUILTINS),$(LINT_IMAGE_FLAGS))" $(LINT_HEADERS)

lint-headers-clang: $(OFFSETS) | $(LIBRARY_STAMPS)
	$(Q)tools/lint/headers "clang $(subst $(GCC_BUILTINS),$(CLANG_BUILTINS),$(LINT_IMAGE_FLAGS))" $(LINT_HEADERS)

lint-format:
	$(Q)tools/lint/format $(LINT_C)

lint-shell:
	$(Q)tools/lint/each "shellcheck -x -P SCRIPTDIR" $(LINT_SHELL)

# --- analysis -------------------------------------------------------------------------------------------------------
ANALYZE_SOURCES = $(filter-out src/hvm/asm_offsets.c,$(filter src/%.c,$(LINT_C)))
# The analyzer must not take freestanding functions for the C library's.
TIDY_FLAGS = $(subst $(GCC_BUILTINS),$(CLANG_BUILTINS),$(LINT_IMAGE_FLAGS))

analyze: packages-analysis
	$(Q)tools/test/summary analyze-tidy=analyze-tidy analyze-cppcheck=analyze-cppcheck

analyze-tidy: $(OFFSETS) $(O)/gen/dev/acpi/dsdt.inc $(BACKEND_LIST) | $(LIBRARY_STAMPS)
	$(Q)tools/lint/each "tools/lint/tidy $(TIDY_FLAGS) --" $(ANALYZE_SOURCES)

analyze-cppcheck: $(OFFSETS) $(O)/gen/dev/acpi/dsdt.inc $(BACKEND_LIST)
	$(Q)tools/lint/cppcheck $(O) $(ANALYZE_SOURCES)

.PHONY: lint $(LINTS) analyze analyze-tidy analyze-cppcheck
