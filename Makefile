# SPDX-License-Identifier: Apache-2.0
# ETERNA: what can be made. The rules themselves are in mk/, a file for each purpose.
#
#   make run     boot ETERNA and a Debian guest into a shell     make test    build and run every test
#
# Variables: CC=gcc|clang  BUILD=debug|release  V=1 (show commands)  O=DIR (output, default build)
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
all: image

include mk/toolchain.mk
include mk/deps.mk
include mk/libraries.mk
include mk/image.mk
include mk/hosted.mk
include mk/guests.mk
include mk/lint.mk
include mk/port.mk
include mk/run.mk
include mk/bench.mk
include mk/test.mk

clean:
	rm -rf $(O)

.PHONY: all clean
