// SPDX-License-Identifier: Apache-2.0
// The answer of `analyze`: as JSON, and as text.
#include <stdio.h>

#include "analysis.h"

static json_t *construct_json(const struct construct *c)
{
	const struct map_row *row = c->row;

	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s?, s:s?}", "line", (int)c->line, "kind",
			 row ? map_kind_word(row->kind) : map_kind_word(MAP_SYSREG), "name", c->name, "access",
			 construct_access_word(c->access), "fit", row ? map_fit_word(row->fit) : "unknown", "x86_64",
			 row ? row->counterpart : NULL, "eterna", row ? row->file : NULL);
}

static json_t *list_json(const struct analysis *a)
{
	json_t *list = json_array();

	for (u32 i = 0; i < a->constructs.count; i++)
		json_array_append_new(list, construct_json(&a->constructs.at[i]));
	return list;
}

static json_t *reasons_json(const struct analysis *a)
{
	json_t *list = json_array();

	for (u32 i = 0; i < a->reason_count; i++)
		json_array_append_new(list, json_string(a->reasons[i]));
	return list;
}

static void set_count(json_t *answer, const char *name, u32 count)
{
	json_object_set_new(answer, name, json_integer(count));
}

json_t *analysis_json(const struct analysis *a, const char *path)
{
	json_t *answer = json_pack("{s:s}", "file_path", path);

	set_count(answer, "lines", a->lines);
	set_count(answer, "code_lines", a->code_lines);
	json_object_set_new(answer, "complexity", json_string(complexity_word(a->complexity)));
	json_object_set_new(answer, "complexity_reasons", reasons_json(a));
	set_count(answer, "estimated_time_minutes", a->minutes);
	json_object_set_new(answer, "needs_planner", json_boolean(a->needs_planner));
	set_count(answer, "asm_blocks", a->asm_blocks);
	set_count(answer, "unsafe_blocks", a->unsafe_blocks);
	set_count(answer, "functions", a->functions);
	set_count(answer, "structs", a->structs);
	set_count(answer, "enums", a->enums);
	set_count(answer, "traits", a->traits);
	set_count(answer, "syntax_errors", a->syntax_errors);
	json_object_set_new(answer, "constructs", list_json(a));
	return answer;
}

void analysis_print(const struct analysis *a, const char *path)
{
	printf("%s: %u lines, %u of code; %u functions, %u structs, %u enums, %u traits, %u asm, %u unsafe\n", path,
	       a->lines, a->code_lines, a->functions, a->structs, a->enums, a->traits, a->asm_blocks, a->unsafe_blocks);
	printf("complexity %s:", complexity_word(a->complexity));
	for (u32 i = 0; i < a->reason_count; i++)
		printf("%s %s", i ? "," : "", a->reasons[i]);
	printf("\nestimated %u minutes%s\n", a->minutes, a->needs_planner ? ", worth a plan" : "");
	if (a->syntax_errors)
		printf("%u syntax errors, the first in line %u\n", a->syntax_errors, a->first_error_line);
	for (u32 i = 0; i < a->constructs.count; i++) {
		const struct construct *c = &a->constructs.at[i];

		printf("%5u  %-16s %-24s %-8s %s%s%s\n", c->line, map_kind_word(c->row ? c->row->kind : MAP_SYSREG),
		       c->name, construct_access_word(c->access), c->row ? c->row->counterpart : "not in the table",
		       c->row ? ": " : "", c->row ? c->row->file : "");
	}
}
