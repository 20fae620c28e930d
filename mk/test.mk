# SPDX-License-Identifier: Apache-2.0
# make test: every suite, and one closing line for all of them.
test: unit

.PHONY: test
