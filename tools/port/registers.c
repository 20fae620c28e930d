// SPDX-License-Identifier: Apache-2.0
// System registers outside asm!: REG.get() and REG.set(v) of the register crates, read_sysreg!(REG), read_reg().
#include <ctype.h>
#include <string.h>

#include "port.h"
#include "port_map.h"

static void note(struct port *p, TSNode n, const struct map_row *row, const char *name)
{
	if (row->fit == MAP_NEAR)
		todo_put(p, n, arena_print(p->arena, "%s: %s; bits or moment differ", name, row->counterpart));
}

static struct expr read_row(struct port *p, TSNode n, const struct map_row *row, const char *name)
{
	if (!*row->read)
		port_fail(p, "%s: %s (%s)", name, row->counterpart, row->file);
	note(p, n, row, name);
	return expr_of(row->read, &type_u64, strchr("(", row->read[0]) ? LEVEL_UNARY : LEVEL_PRIMARY);
}

static struct expr write_row(struct port *p, TSNode n, const struct map_row *row, const char *name, TSNode value)
{
	struct expr e = expr_checked(p, port_expr(p, value, &type_u64));
	const char *at = strchr(row->write, '$');

	if (!*row->write)
		port_fail(p, "%s: %s (%s)", name, row->counterpart, row->file);
	if (!type_is_scalar(e.type))
		port_fail(p, "%s is written with what is no number", name);
	note(p, n, row, name);
	return expr_of(at ? arena_print(p->arena, "%.*s%s%s", (int)(at - row->write), row->write, e.text, at + 1)
			  : row->write,
		       &type_unit, LEVEL_PRIMARY);
}

static bool is_register(const struct map_row *row)
{
	return row && !map_is_instruction(row) && row->kind != MAP_PSCI && row->kind != MAP_SMCCC &&
	       row->kind != MAP_STAGE2 && row->kind != MAP_PL011;
}

/* A name that is a register and nothing that the file declares. */
static const struct map_row *register_named(struct port *p, TSNode n)
{
	const char *name = node_last_name(p->s, n);
	const struct map_row *row;

	if (!node_is(n, "identifier") && !node_is(n, "scoped_identifier"))
		return NULL;
	row = map_find(name);
	return is_register(row) && !variable_find(p, name) && !symbol_find_value(p, NULL, name) ? row : NULL;
}

bool register_method(struct port *p, TSNode call, TSNode receiver, const char *name, const struct nodes *args,
		     struct expr *e)
{
	const struct map_row *row = register_named(p, receiver);

	if (!row)
		return false;
	if (text_equal(name, "get") && !args->count)
		*e = read_row(p, call, row, row->name);
	else if (text_equal(name, "set") && args->count == 1)
		*e = write_row(p, call, row, row->name, args->at[0]);
	else
		port_fail(p, "%s.%s(): fields differ; %s (%s)", row->name, name, row->counterpart, row->file);
	return true;
}

bool register_macro(struct port *p, TSNode macro, const char *name, const struct nodes *args, struct expr *e)
{
	static const char *const reads[] = {"read_sysreg", "mrs", "sysreg_read", "read_system_reg", NULL};
	static const char *const writes[] = {"write_sysreg", "msr", "sysreg_write", "write_system_reg", NULL};
	bool is_read = text_is_one_of(name, reads) && args->count == 1;
	const struct map_row *row;

	if (!is_read && !(text_is_one_of(name, writes) && args->count == 2))
		return false;
	row = register_named(p, args->at[0]);
	if (!row)
		port_fail(p, "%s!: the register is not in the table", name);
	*e = is_read ? read_row(p, macro, row, row->name) : write_row(p, macro, row, row->name, args->at[1]);
	return true;
}

/* read_hcr_el2(), set_vttbr_el2(v) that are declared nowhere in reach. */
bool register_function(struct port *p, TSNode call, const char *name, const struct nodes *args, struct expr *e)
{
	const char *rest = strchr(name, '_');
	bool is_read = text_starts(name, "read_") || text_starts(name, "get_");
	bool is_write = text_starts(name, "write_") || text_starts(name, "set_");
	const struct map_row *row = rest && (is_read || is_write) ? map_find(rest + 1) : NULL;

	if (!is_register(row) || args->count != (is_read ? 0 : 1))
		return false;
	*e = is_read ? read_row(p, call, row, row->name) : write_row(p, call, row, row->name, args->at[0]);
	return true;
}
