/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of the emulator, and which of them carries out each mnemonic. */
#ifndef ETERNA_EMUL_OPS_H
#define ETERNA_EMUL_OPS_H

#include "emul/exec.h"

/* clang-format off */
/* Every operation: op_NAME is its function. By file: move, alu, shift, bit, muldiv, atomic, string, io, stack, jump,
 * flag, segment, system, syscall, vector. */
#define OPS_LIST(F)                                                                                                    \
	F(mov) F(movsx) F(movbe) F(bswap) F(lea) F(cmov) F(set) F(convert) F(xlat)                                     \
	F(alu) F(cmp) F(test) F(unary)                                                                                 \
	F(shift) F(shift_double)                                                                                       \
	F(bit_test) F(bit_scan) F(bit_count)                                                                           \
	F(mul) F(imul) F(div)                                                                                          \
	F(xchg) F(xadd) F(cmpxchg) F(cmpxchg_pair)                                                                     \
	F(movs) F(stos) F(lods) F(scas) F(cmps)                                                                        \
	F(in) F(out) F(ins) F(outs)                                                                                    \
	F(push) F(pop) F(pushf) F(popf) F(leave)                                                                       \
	F(jmp) F(call) F(ret) F(jcc) F(jcxz) F(loop) F(enter) F(pusha) F(popa) \
	F(load_far) F(load_system) F(store_system) F(lmsw)                                                                           \
	F(syscall) F(sysret) F(sysenter) F(sysexit)                                                                    \
	F(flag) F(sahf) F(lahf)                                                                                        \
	F(nop) F(clflush) F(undefined)                                                                                              \
	F(vector_full) F(vector_part)

#define OP_DECLARE(name) err_t op_##name(struct exec *x) MUST_CHECK;
OPS_LIST(OP_DECLARE)
#undef OP_DECLARE

/* MOV from and to control and debug registers. */
err_t op_mov_system(struct exec *x) MUST_CHECK;

/* What JMP, CALL and RET are in their far forms. */
err_t op_jmp_far(struct exec *x) MUST_CHECK;
err_t op_call_far(struct exec *x) MUST_CHECK;
err_t op_ret_far(struct exec *x) MUST_CHECK;

/* M(mnemonic of Zydis, operation) */
#define MNEMONICS_LIST(M)                                                                                              \
	M(MOV, mov) M(MOVNTI, mov) M(MOVZX, mov) M(MOVSX, movsx) M(MOVSXD, movsx) M(MOVBE, movbe)                      \
	M(BSWAP, bswap) M(LEA, lea) M(XLAT, xlat)                                                                      \
	M(CBW, convert) M(CWDE, convert) M(CDQE, convert) M(CWD, convert) M(CDQ, convert) M(CQO, convert)              \
	M(CMOVO, cmov) M(CMOVNO, cmov) M(CMOVB, cmov) M(CMOVNB, cmov) M(CMOVZ, cmov) M(CMOVNZ, cmov)                   \
	M(CMOVBE, cmov) M(CMOVNBE, cmov) M(CMOVS, cmov) M(CMOVNS, cmov) M(CMOVP, cmov) M(CMOVNP, cmov)                 \
	M(CMOVL, cmov) M(CMOVNL, cmov) M(CMOVLE, cmov) M(CMOVNLE, cmov)                                                \
	M(SETO, set) M(SETNO, set) M(SETB, set) M(SETNB, set) M(SETZ, set) M(SETNZ, set) M(SETBE, set)                 \
	M(SETNBE, set) M(SETS, set) M(SETNS, set) M(SETP, set) M(SETNP, set) M(SETL, set) M(SETNL, set)                \
	M(SETLE, set) M(SETNLE, set)                                                                                   \
	M(ADD, alu) M(ADC, alu) M(SUB, alu) M(SBB, alu) M(AND, alu) M(OR, alu) M(XOR, alu)                             \
	M(CMP, cmp) M(TEST, test) M(NOT, unary) M(NEG, unary) M(INC, unary) M(DEC, unary)                              \
	M(SHL, shift) M(SHR, shift) M(SAR, shift) M(ROL, shift) M(ROR, shift) M(RCL, shift) M(RCR, shift)              \
	M(SHLD, shift_double) M(SHRD, shift_double)                                                                    \
	M(BT, bit_test) M(BTS, bit_test) M(BTR, bit_test) M(BTC, bit_test)                                             \
	M(BSF, bit_scan) M(BSR, bit_scan) M(TZCNT, bit_count) M(LZCNT, bit_count) M(POPCNT, bit_count)                 \
	M(MUL, mul) M(IMUL, imul) M(DIV, div) M(IDIV, div)                                                             \
	M(XCHG, xchg) M(XADD, xadd) M(CMPXCHG, cmpxchg) M(CMPXCHG8B, cmpxchg_pair) M(CMPXCHG16B, cmpxchg_pair)         \
	M(MOVSB, movs) M(MOVSW, movs) M(MOVSD, movs) M(MOVSQ, movs)                                                    \
	M(STOSB, stos) M(STOSW, stos) M(STOSD, stos) M(STOSQ, stos)                                                    \
	M(LODSB, lods) M(LODSW, lods) M(LODSD, lods) M(LODSQ, lods)                                                    \
	M(SCASB, scas) M(SCASW, scas) M(SCASD, scas) M(SCASQ, scas)                                                    \
	M(CMPSB, cmps) M(CMPSW, cmps) M(CMPSD, cmps) M(CMPSQ, cmps)                                                    \
	M(IN, in) M(OUT, out)                                                                                          \
	M(INSB, ins) M(INSW, ins) M(INSD, ins) M(OUTSB, outs) M(OUTSW, outs) M(OUTSD, outs)                            \
	M(PUSH, push) M(POP, pop) M(LEAVE, leave) M(ENTER, enter)                                                                \
	M(PUSHF, pushf) M(PUSHFD, pushf) M(PUSHFQ, pushf) M(POPF, popf) M(POPFD, popf) M(POPFQ, popf)                  \
	M(PUSHA, pusha) M(PUSHAD, pusha) M(POPA, popa) M(POPAD, popa)                                                  \
	M(LOOP, loop) M(LOOPE, loop) M(LOOPNE, loop)                                                                   \
	M(JMP, jmp) M(CALL, call) M(RET, ret) M(JCXZ, jcxz) M(JECXZ, jcxz) M(JRCXZ, jcxz)                              \
	M(JO, jcc) M(JNO, jcc) M(JB, jcc) M(JNB, jcc) M(JZ, jcc) M(JNZ, jcc) M(JBE, jcc) M(JNBE, jcc)                  \
	M(JS, jcc) M(JNS, jcc) M(JP, jcc) M(JNP, jcc) M(JL, jcc) M(JNL, jcc) M(JLE, jcc) M(JNLE, jcc)                  \
	M(LDS, load_far) M(LES, load_far) M(LSS, load_far) M(LFS, load_far) M(LGS, load_far)                           \
	M(LLDT, load_system) M(LTR, load_system) M(SLDT, store_system) M(STR, store_system)                            \
	M(SMSW, store_system) M(LMSW, lmsw)                                                                            \
	M(SYSCALL, syscall) M(SYSRET, sysret) M(SYSENTER, sysenter) M(SYSEXIT, sysexit)                                \
	M(CLC, flag) M(STC, flag) M(CMC, flag) M(CLD, flag) M(STD, flag) M(CLI, flag) M(STI, flag)                     \
	M(SAHF, sahf) M(LAHF, lahf)                                                                                    \
	M(NOP, nop) M(PREFETCH, nop) M(PREFETCHW, nop) M(PREFETCHWT1, nop) M(PREFETCHNTA, nop)                         \
	M(ENDBR32, nop) M(ENDBR64, nop)                                                                                \
	M(PREFETCHT0, nop) M(PREFETCHT1, nop) M(PREFETCHT2, nop) M(CLDEMOTE, nop) M(PAUSE, nop)                        \
	M(LFENCE, nop) M(SFENCE, nop) M(MFENCE, nop)                                                                   \
	M(UD0, undefined) M(UD1, undefined) M(UD2, undefined)                                                          \
	M(CLFLUSH, clflush) M(CLFLUSHOPT, clflush) M(CLWB, clflush)                                                    \
	M(MOVUPS, vector_full) M(MOVUPD, vector_full) M(MOVAPS, vector_full) M(MOVAPD, vector_full)                    \
	M(MOVDQA, vector_full) M(MOVDQU, vector_full) M(LDDQU, vector_full) M(MOVNTDQ, vector_full)                    \
	M(MOVNTDQA, vector_full) M(MOVNTPS, vector_full) M(MOVNTPD, vector_full)                                       \
	M(VMOVUPS, vector_full) M(VMOVUPD, vector_full) M(VMOVAPS, vector_full) M(VMOVAPD, vector_full)                \
	M(VMOVDQA, vector_full) M(VMOVDQU, vector_full) M(VLDDQU, vector_full) M(VMOVNTDQ, vector_full)                \
	M(VMOVNTDQA, vector_full) M(VMOVNTPS, vector_full) M(VMOVNTPD, vector_full)                                    \
	M(MOVD, vector_part) M(MOVQ, vector_part) M(MOVSS, vector_part)                                                \
	M(MOVLPS, vector_part) M(MOVLPD, vector_part) M(MOVHPS, vector_part) M(MOVHPD, vector_part)

/* clang-format on */

#endif
