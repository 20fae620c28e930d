# SPDX-License-Identifier: Apache-2.0
# What tests/emu/run-matrix is made of: the rows, the machines that run them, and how a boot of Linux is judged.
