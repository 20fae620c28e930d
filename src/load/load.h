/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest loaders: from the bytes of a kernel image and its modules to a plan, which is what to copy where in guest
 * memory and the state in which the first CPU starts. A plan only describes; whoever owns the guest carries it out.
 *
 * Each field of an image is checked before it is used. A refusal leaves one line in plan.message that names the field
 * and its value, such as "kernel: setup_sects 97 reaches beyond the image of 4096 bytes".
 */
#ifndef ETERNA_LOAD_LOAD_H
#define ETERNA_LOAD_LOAD_H

#include "base/err.h"
#include "iface/memory_range.h"
#include "x86/cpu_state.h"

#define LOAD_MODULES_MAX 16
#define LOAD_RESERVED_MAX 8
#define LOAD_COPIES_MAX 96
#define LOAD_CLAIMS_MAX 96
#define LOAD_MAP_MAX 32
#define LOAD_BLOB_BYTES (64 * 1024)
#define LOAD_MESSAGE_BYTES 240
#define LOAD_DESCRIPTION_BYTES 160

/* Guest RAM ends below this address at the latest; what is more goes on from 4 GiB. */
#define GUEST_LOW_RAM_MAX (3 * GIB)
#define GUEST_HIGH_RAM_BASE (4 * GIB)

/* A file in the hypervisor's memory; it must stay there until the plan has been carried out. */
struct load_file {
	const void *data;
	u64 bytes;
	const char *name;
	const char *arguments; /* NULL or "": none; Multiboot and PVH pass them with a module */
};

/* What a guest is loaded from, and the memory that it will see. */
struct load_input {
	struct load_file kernel;
	struct load_file modules[LOAD_MODULES_MAX]; /* for Linux: initrds, in this order */
	u32 module_count;
	const char *command_line; /* without the kernel's name; NULL: empty */

	u64 low_ram_bytes;  /* RAM is [0, low_ram_bytes), at least 1 MiB, at most GUEST_LOW_RAM_MAX, whole pages */
	u64 high_ram_bytes; /* and [4 GiB, 4 GiB + high_ram_bytes), whole pages */

	/* Parts of that RAM that hold something already (ACPI tables), with the kind that the guest is told. */
	struct memory_range reserved[LOAD_RESERVED_MAX];
	u32 reserved_count;
	u64 rsdp_gpa; /* ACPI root pointer; 0: none */

	const u8 *rng_seed; /* NULL: none; goes to Linux's entropy pool by its SETUP_RNG_SEED */
	u32 rng_seed_bytes; /* at most 512 */
};

/* Copy `bytes` from `source` to guest-physical [to, to + bytes); zeroes if `source` is NULL. No two copies overlap. */
struct load_copy {
	u64 to;
	u64 bytes;
	const void *source;
};

/* A plan points into itself: don't move it. About 70 KiB: not for the stack. */
struct load_plan {
	char message[LOAD_MESSAGE_BYTES];         /* why it was refused; "" when it was not */
	char description[LOAD_DESCRIPTION_BYTES]; /* one line for the log: what was loaded, where */

	struct load_copy copies[LOAD_COPIES_MAX];
	u32 copy_count;
	struct cpu_state entry;

	/* What the guest was told about its memory, sorted by base, without overlaps. */
	struct memory_range map[LOAD_MAP_MAX];
	u32 map_count;

	/* Private to load/: guest memory spoken for, and room for what is generated. */
	struct memory_range claims[LOAD_CLAIMS_MAX];
	u32 claim_count;
	u32 blob_bytes;
	u8 blob[LOAD_BLOB_BYTES] ALIGNED(8);
};

/* LOAD_NONE: none of these, or for load_kernel(), whichever fits. */
enum load_format { LOAD_NONE, LOAD_LINUX, LOAD_MULTIBOOT, LOAD_PVH };

/*
 * Which loader an image is for, by its look alone: bzImage, then a Multiboot header, then a PVH note.
 * `scratch` is a plan that is not in use; its message is overwritten.
 */
enum load_format load_detect(const struct load_file *kernel, struct load_plan *scratch);

/*
 * Make a plan. All return OK; ERR_FORMAT (the image is malformed or truncated), ERR_UNSUPPORTED (well-formed, but not
 * for this loader), ERR_NOMEM (does not fit guest memory), ERR_SPACE (too many or too long parameters), ERR_RANGE (the
 * description of guest memory is wrong); then plan->message says why and nothing else in the plan is to be used.
 */
err_t load_linux(const struct load_input *input, struct load_plan *plan) MUST_CHECK;
err_t load_multiboot(const struct load_input *input, struct load_plan *plan) MUST_CHECK;
err_t load_pvh(const struct load_input *input, struct load_plan *plan) MUST_CHECK;

/* The one that load_detect() names. */
err_t load_auto(const struct load_input *input, struct load_plan *plan) MUST_CHECK;

/* By the format that is given; LOAD_NONE is load_auto(). */
err_t load_kernel(enum load_format format, const struct load_input *input, struct load_plan *plan) MUST_CHECK;

/* Are all copies inside the RAM of `input`, apart from one another and from its reserved ranges? */
bool load_plan_valid(const struct load_plan *plan, const struct load_input *input);

#endif
