// SPDX-License-Identifier: Apache-2.0
// The words for each error code.
#include "base/err.h"

#define ERR_NAME(code, text) [code] = text,
static const char *const texts[] = {ERR_LIST(ERR_NAME)};

const char *err_text(err_t err)
{
	return (unsigned)err < ERR_COUNT ? texts[err] : "unknown error";
}
