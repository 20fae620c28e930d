# SPDX-License-Identifier: Apache-2.0
# Compilers, warnings, output folder, and how commands are shown.
CC := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
BUILD ?= release
O ?= build
V ?= 0
# Each recipe says one line of what it does; V=1 shows the commands instead.
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' '$(1)' '$(2)')

WARNINGS := -Wall -Wextra -Wconversion -Werror -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wshadow -Wundef
STD := -std=gnu17

# Pure: no asm, no changing globals, no clock, no memory of their own. Built twice, into the image and hosted.
PURE_FOLDERS := base iface x86 mem dev emul load config policy sched state gdb ctl net boot/info
# Pure files in folders that are not pure as a whole.
PURE_FILES := src/hvm/tags.c src/hvm/finding.c src/host/lock_rank.c src/host/lock_word.c src/host/tsc_bounds.c $(wildcard src/hvm/svm/entry_check*.c src/hvm/svm/avic_table*.c src/hvm/vmx/entry_check*.c)
PURE_SOURCES := $(foreach f,$(PURE_FOLDERS),$(shell find src/$(f) -name '*.c' 2>/dev/null)) $(PURE_FILES)
