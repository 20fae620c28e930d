// SPDX-License-Identifier: Apache-2.0
// An instruction in words, for the record of a VM that stopped at it.
#include <Zydis/Decoder.h>
#include <Zydis/Formatter.h>

#include "base/fmt.h"
#include "emul/emul.h"

static bool decoder_init(ZydisDecoder *decoder, u8 code_bits)
{
	if (code_bits == 64)
		return ZYAN_SUCCESS(ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64));
	if (code_bits == 32)
		return ZYAN_SUCCESS(ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32));
	return ZYAN_SUCCESS(ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16));
}

static bool text_format(const struct emul_result *result, u64 rip, char *buf, size_t size)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction z;
	ZydisFormatter formatter;
	ZydisDecoder decoder;

	return result->insn_bytes && decoder_init(&decoder, result->code_bits) &&
	       ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, result->insn, result->insn_bytes, &z, operands)) &&
	       ZYAN_SUCCESS(ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL)) &&
	       ZYAN_SUCCESS(ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE, ZYAN_TRUE)) &&
	       ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &z, operands, z.operand_count_visible, buf,
							    size, rip, NULL));
}

void emul_text(const struct emul_result *result, u64 rip, char *buf, size_t size)
{
	if (!text_format(result, rip, buf, size))
		fmt_string(buf, size, "(unknown)");
}
