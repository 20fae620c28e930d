# SPDX-License-Identifier: Apache-2.0
# What tests/emu/gdb_test is made of: sessions, a client of the raw protocol, and the parts that need more than a table.
