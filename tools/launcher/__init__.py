# SPDX-License-Identifier: Apache-2.0
# The parts of tools/eterna-run. main.py ties them together; read it first.
