// SPDX-License-Identifier: Apache-2.0
// target.xml: the registers in the words that gdb knows them by (gdb's manual, Standard Target Features: i386).
#include "gdb/gdb_priv.h"
#include "gdb/registers.h"

struct flag {
	const char *name;
	u8 bit;
};

static const struct flag eflags[] = {{"CF", 0},  {"", 1},    {"PF", 2},   {"AF", 4},   {"ZF", 6},  {"SF", 7},
				     {"TF", 8},  {"IF", 9},  {"DF", 10},  {"OF", 11},  {"NT", 14}, {"RF", 16},
				     {"VM", 17}, {"AC", 18}, {"VIF", 19}, {"VIP", 20}, {"ID", 21}};
static const struct flag mxcsr[] = {{"IE", 0}, {"DE", 1}, {"ZE", 2}, {"OE", 3},  {"UE", 4},  {"PE", 5},  {"DAZ", 6},
				    {"IM", 7}, {"DM", 8}, {"ZM", 9}, {"OM", 10}, {"UM", 11}, {"PM", 12}, {"FZ", 15}};
static const struct flag cr0[] = {{"PE", 0},  {"MP", 1},  {"EM", 2},  {"TS", 3},  {"ET", 4}, {"NE", 5},
				  {"WP", 16}, {"AM", 18}, {"NW", 29}, {"CD", 30}, {"PG", 31}};
static const struct flag cr4[] = {{"VME", 0},         {"PVI", 1},    {"TSD", 2},      {"DE", 3},    {"PSE", 4},
				  {"PAE", 5},         {"MCE", 6},    {"PGE", 7},      {"PCE", 8},   {"OSFXSR", 9},
				  {"OSXMMEXCPT", 10}, {"UMIP", 11},  {"LA57", 12},    {"VMXE", 13}, {"SMXE", 14},
				  {"FSGSBASE", 16},   {"PCIDE", 17}, {"OSXSAVE", 18}, {"SMEP", 20}, {"SMAP", 21},
				  {"PKE", 22},        {"CET", 23}};
static const struct flag efer[] = {{"SCE", 0}, {"LME", 8}, {"LMA", 10}, {"NXE", 11}, {"SVME", 12}};

static void flags_print(struct fmt_sink *out, const char *id, u32 bytes, const struct flag *flags, u32 count)
{
	fmt_print(out, "<flags id=\"%s\" size=\"%u\">\n", id, bytes);
	for (u32 i = 0; i < count; i++)
		fmt_print(out, "<field name=\"%s\" start=\"%u\" end=\"%u\"/>\n", flags[i].name, flags[i].bit,
			  flags[i].bit);
	fmt_print(out, "</flags>\n");
}

static void vector_print(struct fmt_sink *out)
{
	static const struct {
		const char *id;
		const char *type;
		u32 count;
	} vectors[] = {{"v8bf16", "bfloat16", 8}, {"v4f", "ieee_single", 4}, {"v2d", "ieee_double", 2},
		       {"v16i8", "int8", 16},     {"v8i16", "int16", 8},     {"v4i32", "int32", 4},
		       {"v2i64", "int64", 2}};
	static const char *const fields[][2] = {{"v8_bfloat16", "v8bf16"}, {"v4_float", "v4f"},   {"v2_double", "v2d"},
						{"v16_int8", "v16i8"},     {"v8_int16", "v8i16"}, {"v4_int32", "v4i32"},
						{"v2_int64", "v2i64"},     {"uint128", "uint128"}};

	for (u32 i = 0; i < ARRAY_COUNT(vectors); i++)
		fmt_print(out, "<vector id=\"%s\" type=\"%s\" count=\"%u\"/>\n", vectors[i].id, vectors[i].type,
			  vectors[i].count);
	fmt_print(out, "<union id=\"vec128\">\n");
	for (u32 i = 0; i < ARRAY_COUNT(fields); i++)
		fmt_print(out, "<field name=\"%s\" type=\"%s\"/>\n", fields[i][0], fields[i][1]);
	fmt_print(out, "</union>\n");
	flags_print(out, "i386_mxcsr", 4, mxcsr, ARRAY_COUNT(mxcsr));
}

static void core_print(struct fmt_sink *out)
{
	flags_print(out, "i386_eflags", 4, eflags, ARRAY_COUNT(eflags));
}

static void wide_print(struct fmt_sink *out)
{
	fmt_print(out, "<vector id=\"v2ui128\" type=\"uint128\" count=\"2\"/>\n");
	/* Types are known in their own feature only. */
	vector_print(out);
}

static void system_print(struct fmt_sink *out)
{
	flags_print(out, "cr0_flags", 8, cr0, ARRAY_COUNT(cr0));
	flags_print(out, "cr4_flags", 8, cr4, ARRAY_COUNT(cr4));
	flags_print(out, "efer_flags", 8, efer, ARRAY_COUNT(efer));
}

static void nothing_print(struct fmt_sink *out)
{
	(void)out;
}

static const struct {
	const char *name;
	void (*print_types)(struct fmt_sink *out);
} features[] = {
	[GDB_GROUP_CORE] = {"org.gnu.gdb.i386.core", core_print},
	[GDB_GROUP_SSE] = {"org.gnu.gdb.i386.sse", vector_print},
	[GDB_GROUP_SEGMENTS] = {"org.gnu.gdb.i386.segments", nothing_print},
	[GDB_GROUP_AVX] = {"org.gnu.gdb.i386.avx", nothing_print},
	[GDB_GROUP_AVX512] = {"org.gnu.gdb.i386.avx512", wide_print},
	[GDB_GROUP_SYSTEM] = {"org.eterna.system", system_print},
};

static void register_describe(struct fmt_sink *out, u32 reg)
{
	const struct gdb_register_info *r = &gdb_registers[reg];

	fmt_print(out, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"", r->name, r->bits, r->type, reg);
	if (r->kind)
		fmt_print(out, " group=\"%s\"", r->kind);
	/* A function called from gdb does not bring the machine's own registers back. */
	if (r->group == GDB_GROUP_SYSTEM)
		fmt_print(out, " save-restore=\"no\"");
	fmt_print(out, "/>\n");
}

static void target_print(struct gdb *g, struct fmt_sink *out)
{
	fmt_print(out, "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target>\n"
		       "<architecture>i386:x86-64</architecture>\n");
	for (u32 group = 0; group < ARRAY_COUNT(features); group++) {
		if (!g->target->has_group[group])
			continue;
		fmt_print(out, "<feature name=\"%s\">\n", features[group].name);
		features[group].print_types(out);
		for (u32 reg = 0; reg < GDB_REGISTER_COUNT; reg++)
			if (gdb_registers[reg].group == group)
				register_describe(out, reg);
		fmt_print(out, "</feature>\n");
	}
	fmt_print(out, "</target>\n");
}

enum reply packet_features(struct gdb *g, struct words *w)
{
	return window_reply(g, w, target_print);
}
