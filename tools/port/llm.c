// SPDX-License-Identifier: Apache-2.0
// Asking a model. Its answer is a proposal: checked here for form, by the compiler for the rest, and always marked.
#include "llm.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define ANSWER_BYTES_MAX ((size_t)256 * 1024)
#define PROPOSAL_BYTES_MAX 16384
#define CONTEXT_BYTES_MAX 12000
#define SECONDS_MAX 60L

static const char instructions[] =
	"You port a Rust hypervisor for ARM64 to a C hypervisor for x86_64. You are given one Rust construct that has "
	"no"
	" mechanical translation, the reason, and the C file so far. Answer with C statements alone that do the same on"
	" x86_64 with what the file declares: no explanation, no preprocessor lines, no assembly.";

bool llm_text_acceptable(const char *text)
{
	static const char *const words[] = {"asm", "__asm__", "_Pragma", "__attribute__", "PORT_TODO", NULL};
	bool at_start = true;
	int depth = 0;

	if (!*text || strlen(text) > PROPOSAL_BYTES_MAX || strstr(text, "%:") || strstr(text, "/*") ||
	    strstr(text, "*/"))
		return false;
	for (const char *const *w = words; *w; w++)
		if (strstr(text, *w))
			return false;
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' && *c != '\n' && *c != '\t')
			return false;
		if (*c == '#' && at_start)
			return false;
		depth += (*c == '{') - (*c == '}');
		if (depth < 0)
			return false;
		at_start = *c == '\n' || (at_start && (*c == ' ' || *c == '\t'));
	}
	return depth == 0;
}

const char *llm_unfenced(struct arena *a, const char *text)
{
	const char *open = strstr(text, "```"), *from, *close;

	if (!open)
		return text;
	from = strchr(open, '\n');
	close = from ? strstr(from, "```") : NULL;
	return close ? arena_copy(a, from + 1, (size_t)(close - from - 1)) : "";
}

static size_t receive(char *bytes, size_t size, size_t count, void *context)
{
	struct text *t = context;

	if (t->length + size * count > ANSWER_BYTES_MAX)
		return 0;
	text_add(t, bytes, size * count);
	return size * count;
}

static char *question(const struct llm *llm, const char *rust, const char *reason, const char *context)
{
	size_t length = strlen(context);
	json_t *user = json_sprintf("Rust:\n%s\n\nWhy it has no translation: %s\n\nThe C file so far:\n%.*s\n", rust,
				    reason, (int)MIN(length, (size_t)CONTEXT_BYTES_MAX), context);
	json_t *body = json_pack("{s:s, s:i, s:[{s:s, s:s}, {s:s, s:o}]}", "model", llm->model, "temperature", 0,
				 "messages", "role", "system", "content", instructions, "role", "user", "content",
				 user ? user : json_string(rust));
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

	json_decref(body);
	return text;
}

static bool post(const struct llm *llm, struct arena *a, const char *body, struct text *answer)
{
	const char *url =
		text_ends(llm->url, "/chat/completions") ? llm->url : arena_print(a, "%s/chat/completions", llm->url);
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	CURL *curl = curl_easy_init();
	long status = 0;

	if (llm->key)
		headers = curl_slist_append(headers, arena_print(a, "Authorization: Bearer %s", llm->key));
	if (curl) {
		curl_easy_setopt(curl, CURLOPT_URL, url);
		curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
		curl_easy_setopt(curl, CURLOPT_TIMEOUT, SECONDS_MAX);
		curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
		if (curl_easy_perform(curl) == CURLE_OK)
			curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	}
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return status == 200;
}

const char *llm_propose(const struct llm *llm, struct arena *a, const char *rust, const char *reason,
			const char *context)
{
	struct text answer = {.arena = a};
	char *body = question(llm, rust, reason, context);
	const char *content = NULL;
	json_t *json;

	if (!body || !post(llm, a, body, &answer)) {
		free(body);
		return NULL;
	}
	free(body);
	json = json_loadb(text_get(&answer), answer.length, 0, NULL);
	if (!json_unpack(json, "{s:[{s:{s:s}}]}", "choices", "message", "content", &content))
		content = llm_unfenced(a, arena_copy(a, content, strlen(content)));
	json_decref(json);
	return content && llm_text_acceptable(content) ? content : NULL;
}
