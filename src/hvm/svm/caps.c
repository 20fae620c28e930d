// SPDX-License-Identifier: Apache-2.0
// SVM features: read, chosen, told.
#include "hvm/svm/caps.h"

#include "host/log.h"
#include "hvm/feature_list.h"
#include "x86/insn.h"

#define CPUID_SVM 0x8000000a
#define CPUID_SVM_REVISION BITS(7, 0)

/* ASID 0 is the host's. */
#define ASID_FIRST 1

struct svm_caps svm_caps __attribute__((section(".data.init_only")));

enum use { OFF, USE, NEED };

static const struct {
	u32 bit;
	u8 use; /* enum use */
	const char *name;
} features[] = {
#define X(bit, use, name) {(u32)(bit), use, name},
#include "hvm/svm/features.def"
#undef X
};

/* The names of the features in `set` that are of that use; nothing when there is none. */
static void names_tell(const char *title, u32 set)
{
	struct feature_list list = {.title = title};

	for (unsigned i = 0; i < ARRAY_COUNT(features); i++)
		if (set & features[i].bit)
			feature_list_add(&list, features[i].name);
	feature_list_end(&list);
}

err_t svm_caps_read(void)
{
	struct cpuid_regs r = cpuid(CPUID_SVM, 0);
	u32 known = 0;
	err_t err = OK;

	svm_caps.revision = (u32)GET(CPUID_SVM_REVISION, r.eax);
	svm_caps.offered = r.edx;
	for (unsigned i = 0; i < ARRAY_COUNT(features); i++) {
		known |= features[i].bit;
		if (features[i].use != OFF)
			svm_caps.used |= features[i].bit & r.edx;
		if (features[i].use == NEED && !(features[i].bit & r.edx)) {
			log_error("SVM lacks: %s", features[i].name);
			err = ERR_UNSUPPORTED;
		}
	}
	if (r.ebx <= ASID_FIRST) {
		log_error("SVM lacks: address space identifiers (%u)", r.ebx);
		err = ERR_UNSUPPORTED;
	}
	svm_caps.tags = (struct tag_caps){.first = ASID_FIRST,
					  .count = r.ebx - ASID_FIRST,
					  .flush_by_tag = svm_uses(SVM_CPUID_FLUSH_BY_ASID),
					  .second_level_by_tag = true};
	log_info("SVM revision %u, %u address space identifiers", svm_caps.revision, r.ebx);
	names_tell("SVM uses", svm_caps.used);
	names_tell("SVM has, not used", svm_caps.offered & known & ~svm_caps.used);
	names_tell("SVM has not", known & ~svm_caps.offered);
	return err;
}
