# SPDX-License-Identifier: Apache-2.0
# The two ways in which the launcher gives up; each carries one line for the user and an exit status.


class Failure(Exception):
    """The machine could not be started, or ended without telling an exit status."""

    exit_status = 3


class BadArguments(Failure):
    """The command line asks for something that is wrong or not there."""

    exit_status = 2
