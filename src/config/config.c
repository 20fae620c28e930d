// SPDX-License-Identifier: Apache-2.0
// From the text of eterna.conf to struct config: sections and keys as inih finds them, every error reported.
#include "config/config.h"

#include <ini.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/keys.h"
#include "config/report.h"

/* inih cuts the name of a section to this many characters. */
#define SECTION_CUT 49
#define SECTION_VM_PREFIX "vm "

/* What the reader feeds to inih, and what the handler made of it. */
struct parse {
	struct config_report report;
	struct config *config;
	const char *text;
	size_t left;

	u32 line;           /* of the piece last handed out */
	bool line_is_open;  /* that piece did not reach the line's end */
	char line_start;    /* the first character of a text that must reach the handler; 0: there is none */
	bool line_was_used; /* it did */
	bool line_is_bad;   /* reported already: what the handler gets of it is not to be believed */

	enum config_section section;
	void *object; /* struct host_config or vm_config that the section's keys go to */
	u32 *lines;   /* its lines[] */
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The first character of the line's text; 0 if there are only blanks or a comment. */
static char text_start(const char *line)
{
	if ((u8)line[0] == 0xef && (u8)line[1] == 0xbb && (u8)line[2] == 0xbf)
		line += 3; /* a byte order mark: inih skips it, too */
	while (is_blank(*line))
		line++;
	return *line == '#' || *line == ';' ? '\0' : *line;
}

static void line_refuse(struct parse *p, const char *why)
{
	if (!p->line_is_bad)
		config_report(&p->report, p->line, "%s", why);
	p->line_is_bad = true;
}

/* The line before is over: a text in it that inih did not hand on is no section and no key. */
static void line_finish(struct parse *p)
{
	if (p->line_start && !p->line_was_used)
		line_refuse(p, p->line_start == '[' ? "a section's head without its \"]\""
						    : "neither a [section] nor a \"key = value\"");
	if (p->line_start == '[' && p->line_is_bad)
		p->section = SECTION_UNKNOWN; /* what follows belongs to it, not to the section before */
	p->line_start = '\0';
}

/* Copy the next piece of a line, at most `room` characters; inih must not meet a NUL. */
static void piece_copy(struct parse *p, char *dst, size_t room)
{
	size_t n = 0;

	while (n < room && p->left) {
		char c = *p->text++;

		p->left--;
		if (!c) {
			line_refuse(p, "a NUL byte in the text");
			c = ' ';
		}
		dst[n++] = c;
		if (c == '\n')
			break;
	}
	dst[n] = '\0';
	p->line_is_open = n && dst[n - 1] != '\n';
}

/* inih's reader, with the contract of fgets. */
static char *read_line(char *str, int size, void *stream)
{
	struct parse *p = stream;
	bool is_rest = p->line_is_open;

	if (!p->left || size < 2)
		return NULL;
	if (is_rest) {
		line_refuse(p, "the line is too long");
	} else {
		line_finish(p);
		p->line++;
		p->line_was_used = false;
		p->line_is_bad = false;
	}
	piece_copy(p, str, (size_t)size - 1);
	if (!is_rest)
		p->line_start = text_start(str);
	return str;
}

static void enter_host(struct parse *p)
{
	struct host_config *host = &p->config->host;

	p->section = SECTION_HOST;
	p->object = host;
	p->lines = host->lines;
	if (host->line)
		config_report(&p->report, p->line, "[host] again: it began on line %u", host->line);
	else
		host->line = p->line;
}

static bool name_is_sound(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
		      (name[i] >= '0' && name[i] <= '9') || strchr("-_.", name[i])))
			return false;
	return length > 0 && length < CONFIG_VM_NAME_BYTES;
}

static const struct vm_config *vm_find(const struct config *config, const char *name)
{
	for (u32 i = 0; i < config->vm_count; i++)
		if (strcmp(config->vms[i].name, name) == 0)
			return &config->vms[i];
	return NULL;
}

/* A refused VM's keys are read all the same, into the scratch one, so that their errors are listed, too. */
static bool vm_is_welcome(struct parse *p, const char *name)
{
	const struct vm_config *same = vm_find(p->config, name);

	if (!name_is_sound(name))
		config_report(&p->report, p->line,
			      "\"%s\" is no name for a VM: 1 to %u letters, digits, '-', '_' or '.'", name,
			      CONFIG_VM_NAME_BYTES - 1);
	else if (same)
		config_report(&p->report, p->line, "[vm %s] again: the first is on line %u", name, same->line);
	else if (p->config->vm_count == CONFIG_VMS_MAX)
		config_report(&p->report, p->line, "[vm %s] is one too many: at most %u VMs", name, CONFIG_VMS_MAX);
	else
		return true;
	return false;
}

static void enter_vm(struct parse *p, const char *name)
{
	bool is_welcome = vm_is_welcome(p, name);
	struct vm_config *vm = is_welcome ? &p->config->vms[p->config->vm_count++] : &p->config->scratch;

	memset(vm, 0, sizeof(*vm));
	config_values_default(SECTION_VM, vm);
	if (is_welcome)
		memcpy(vm->name, name, strlen(name));
	vm->line = p->line;
	p->section = SECTION_VM;
	p->object = vm;
	p->lines = vm->lines;
}

static void enter_section(struct parse *p, const char *section)
{
	if (strlen(section) == SECTION_CUT) {
		p->section = SECTION_UNKNOWN;
		config_report(&p->report, p->line, "the section's name is too long");
	} else if (strcmp(section, "host") == 0) {
		enter_host(p);
	} else if (str_starts_with(section, SECTION_VM_PREFIX)) {
		for (section += strlen(SECTION_VM_PREFIX); *section == ' '; section++)
			;
		enter_vm(p, section);
	} else {
		p->section = SECTION_UNKNOWN;
		config_report(&p->report, p->line, "unknown section [%s]: there are [host] and [vm NAME]", section);
	}
}

/* "[host]" or "[vm NAME]" as it is written, for messages. */
static const char *section_text(const char *section)
{
	return *section ? section : "no section";
}

static void report_unknown_key(struct parse *p, const char *section, const char *name)
{
	enum config_section other = p->section == SECTION_VM ? SECTION_HOST : SECTION_VM;
	const char *near = config_key_suggest(p->section, name);

	if (near)
		config_report(&p->report, p->line, "unknown key \"%s\" in [%s] (did you mean \"%s\"?)", name, section,
			      near);
	else if (config_key_find(other, name) < config_key_count)
		config_report(&p->report, p->line, "unknown key \"%s\" in [%s]: it belongs to [%s]", name, section,
			      other == SECTION_VM ? "vm NAME" : "host");
	else
		config_report(&p->report, p->line, "unknown key \"%s\" in [%s]", name, section);
}

static void take_key(struct parse *p, const char *section, const char *name, const char *value)
{
	char why[CONFIG_LINE_BYTES];
	u32 index;

	if (p->section == SECTION_UNKNOWN)
		return; /* the section's head has been reported */
	if (p->section == SECTION_NONE) {
		config_report(&p->report, p->line, "\"%s\" stands before any section", name);
		return;
	}
	index = config_key_find(p->section, name);
	if (index == config_key_count) {
		report_unknown_key(p, section_text(section), name);
		return;
	}
	if (p->lines[index]) {
		config_report(&p->report, p->line, "\"%s\" again in [%s]: the first is on line %u", name, section,
			      p->lines[index]);
		return;
	}
	p->lines[index] = p->line;
	if (config_value_read(&config_keys[index], value, p->object, why, sizeof(why)))
		config_report(&p->report, p->line, "%s: %s", name, why);
}

/* inih's handler: a section's head has no name. Returns non-zero: inih's own count of errors is not used. */
static int take(void *user, const char *section, const char *name, const char *value, int line)
{
	struct parse *p = user;

	(void)line;
	p->line_was_used = true;
	if (p->line_is_bad)
		return 1;
	if (!name)
		enter_section(p, section);
	else
		take_key(p, section, name, value);
	return 1;
}

/* Keys without a default must be given. */
static void check_required(struct parse *p, const struct vm_config *vm)
{
	for (u32 i = 0; i < config_key_count; i++)
		if (config_keys[i].section == SECTION_VM && !config_keys[i].fallback && !vm->lines[i])
			config_report(&p->report, vm->line, "[vm %s] has no \"%s\"", vm->name, config_keys[i].name);
}

static void config_clear(struct config *config)
{
	memset(config, 0, sizeof(*config));
	config_values_default(SECTION_HOST, &config->host);
}

err_t config_parse(const char *text, size_t bytes, struct config *config, struct config_sink *sink)
{
	struct parse p = {.report = {sink, config}, .config = config, .text = text, .left = bytes};

	config_clear(config);
	(void)ini_parse_stream(read_line, &p, take, &p);
	line_finish(&p);
	for (u32 i = 0; i < config->vm_count; i++)
		check_required(&p, &config->vms[i]);
	if (!config->vm_count && !config->error_count)
		config_report(&p.report, 0, "no [vm NAME] section: there is nothing to start");
	return config->error_count ? ERR_FORMAT : OK;
}

static err_t default_initrds(const struct config_module *modules, u32 count, struct config_names *names)
{
	if (count > CONFIG_INITRDS_MAX)
		return ERR_SPACE;
	for (u32 i = 0; i < count; i++)
		if (str_copy(names->name[i], sizeof(names->name[i]), modules[i].name))
			return ERR_SPACE;
	names->count = count;
	return OK;
}

err_t config_default(const struct config_module *modules, u32 module_count, struct config *config,
		     struct config_sink *sink)
{
	struct config_report report = {sink, config};
	struct vm_config *vm = &config->vms[0];

	config_clear(config);
	if (!module_count) {
		config_report(&report, 0, "there is none, and no other boot module that could be a kernel");
		return ERR_NOENT;
	}
	config_values_default(SECTION_VM, vm);
	memcpy(vm->name, "guest", sizeof("guest"));
	if (str_copy(vm->kernel, sizeof(vm->kernel), modules[0].name) ||
	    str_copy(vm->cmdline, sizeof(vm->cmdline), modules[0].arguments) ||
	    default_initrds(modules + 1, module_count - 1, &vm->initrd)) {
		config_report(&report, 0, "there is none, and the boot modules are too many or their texts too long");
		return ERR_SPACE;
	}
	config->vm_count = 1;
	return OK;
}
