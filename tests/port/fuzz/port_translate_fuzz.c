// SPDX-License-Identifier: Apache-2.0
// Any bytes as a Rust file: parsed, analyzed and translated. The compiler is left out; the marks must lead back.
#include "analysis.h"
#include "source.h"
#include "translate.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct syntax syntax;
	struct analysis analysis;
	struct translation t;
	const char *text = arena_copy(&arena, (const char *)data, size);
	u32 lines = 1;

	if (source_text_valid(text, size) && syntax_parse(&syntax, &arena, text, size)) {
		analysis_make(&analysis, &syntax);
		json_decref(analysis_json(&analysis, "fuzz.rs"));
		if (analysis.code_lines > analysis.lines)
			abort();
		t = translate(&arena, &syntax, "fuzz.rs", NULL, NULL, NULL);
		for (const char *c = t.text; *c; c++)
			lines += *c == '\n';
		if (strchr(t.text, 1) || strchr(t.text, 2))
			abort();
		for (u32 i = 1; i < t.mark_count; i++)
			if (t.marks[i].last > lines || t.marks[i].outer >= i)
				abort();
		syntax_fini(&syntax);
	}
	arena_fini(&arena);
	return 0;
}
