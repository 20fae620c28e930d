// SPDX-License-Identifier: Apache-2.0
// The keyboard controller from any valid state: every access leaves one and stays inside the controller's memory.
// cbmc: src/dev/kbc.c --unwind 33
#include "dev/kbc.h"
#include "proof.h"

static struct kbc any_valid_kbc(void)
{
	struct kbc k; /* any value */

	ASSUME(kbc_valid(&k));
	return k;
}

void harness_write(void)
{
	struct kbc k = any_valid_kbc();
	bool is_command = nondet_bool();
	u8 value = nondet_u8(), pending = k.pending;
	enum power_request r = kbc_write(&k, is_command ? KBC_PORT_COMMAND : KBC_PORT_DATA, value);

	PROVE(kbc_valid(&k));
	/* only two writes reset: a pulse of line 0, and line 0 low in the output port */
	PROVE((r != POWER_NONE) == ((is_command ? value >= 0xf0 : pending == 0xd1) && !(value & 1)));
	REACHED();
}

void harness_read(void)
{
	struct kbc k = any_valid_kbc();

	(void)kbc_read(&k, (u16)nondet_u32());
	PROVE(kbc_valid(&k));
	PROVE(!kbc_irq1(&k) || !kbc_irq12(&k));
	REACHED();
}
