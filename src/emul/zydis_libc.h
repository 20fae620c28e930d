/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forced into every Zydis source (-include). Zydis without libc clears and copies its structs by volatile byte loops,
 * 2,700 instructions for each one it decodes; with the compiler's own there are some hundred.
 */
#ifndef ETERNA_EMUL_ZYDIS_LIBC_H
#define ETERNA_EMUL_ZYDIS_LIBC_H

#include <Zycore/LibC.h>

#define ZYAN_MEMSET __builtin_memset
#define ZYAN_MEMCPY __builtin_memcpy

#endif
