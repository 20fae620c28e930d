// SPDX-License-Identifier: Apache-2.0
// eterna-port --help.
#include <stdio.h>

#include "cli.h"

static const char help[] =
	"eterna-port - tell how ETERNA's ARM64 Rust sources map to this x86_64 C tree\n"
	"\n"
	"USAGE\n"
	"  eterna-port analyze [--source DIR] [--json] FILE...\n"
	"  eterna-port map [--markdown] [--tree DIR]\n"
	"  eterna-port help\n"
	"\n"
	"COMMANDS\n"
	"  analyze   Parse each FILE and say what it holds: lines, functions, asm and unsafe blocks, every ARM64\n"
	"            construct with its line, its x86_64 counterpart and the file of ETERNA that does its work, how\n"
	"            hard the port is and why.\n"
	"  map       Check that every file the table of counterparts names is in the tree; --markdown prints the\n"
	"            table as docs/port-map.md has it.\n"
	"\n"
	"OPTIONS\n"
	"  --source DIR   The Rust tree; FILE is then a path inside it.\n"
	"  --tree DIR     This project's tree (default: where eterna-port was built).\n"
	"  --json         Print JSON.\n"
	"\n"
	"EXIT STATUS\n"
	"  0  done    1  a file could not be read or did not pass    2  wrong usage\n";

void cli_help(void)
{
	fputs(help, stdout);
}
