// SPDX-License-Identifier: Apache-2.0
// A session: registers, memory, threads, going on and stopping, as gdb's manual says.
#include "gdb/gdb.h"

#include "talk.h"

static void test_supported(void **state)
{
	(void)state;
	ask("qSupported:multiprocess+;swbreak+;hwbreak+;qRelocInsn+");
	assert_non_null(strstr(heard, "PacketSize=3000"));
	assert_non_null(strstr(heard, "QStartNoAckMode+"));
	assert_non_null(strstr(heard, "ConditionalBreakpoints+"));
	assert_non_null(strstr(heard, "qXfer:features:read+"));
	assert_true(session.tells_breaks);
	ask("qSupported:swbreakx+;xhwbreak+");
	assert_false(session.tells_breaks);
}

static void test_why(void **state)
{
	(void)state;
	ask("?");
	assert_memory_equal(heard, "T05thread:1;", 12);
	/* rip is register 16 = 0x10, 8 bytes little-endian. */
	assert_non_null(strstr(heard, "10:101316191c1f2225;"));
	fake.count = 0;
	assert_string_equal(ask("?"), "W00");
}

static void test_open_stops(void **state)
{
	(void)state;
	gdb_open(&session, NULL);
	assert_int_equal(fake.stops, 1);
}

static void test_registers(void **state)
{
	static char all[2 * GDB_PACKET_BYTES];
	u32 bytes = 0;

	(void)state;
	for (u32 i = 0; i < GDB_REGISTER_COUNT; i++)
		bytes += gdb_register_bytes((enum gdb_register)i);
	ask("g");
	assert_int_equal(heard_length, 2 * bytes);
	assert_memory_equal(heard, "000306090c0f1215", 16);
	all[0] = 'G';
	memcpy(all + 1, heard, heard_length + 1);
	memcpy(all + 1, "1122334455667788", 16);
	assert_string_equal(ask(all), "OK");
	assert_memory_equal(fake.registers[0][GDB_rax], "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
	assert_string_equal(ask("G11"), "E07");
	assert_string_equal(ask("g0"), "E07");
}

static void test_register_groups(void **state)
{
	size_t all;
	char text[16];

	(void)state;
	ask("g");
	all = heard_length;
	fake.target.has_group[GDB_GROUP_AVX512] = false;
	ask("g");
	/* k0-7, the upper halves of 16 ZMM, 16 more whole ones. */
	assert_int_equal(heard_length, all - 2 * (8 * 8 + 16 * 32 + 16 * 64));
	snprintf(text, sizeof(text), "p%x", GDB_k0);
	assert_string_equal(ask(text), "E05");
}

static void test_one_register(void **state)
{
	char text[64];

	(void)state;
	assert_string_equal(ask("p11"), "1114171a"); /* eflags: 4 bytes */
	assert_string_equal(ask("P10=efcdab8967452301"), "OK");
	assert_string_equal(ask("p10"), "efcdab8967452301");
	assert_string_equal(ask("P10=efcd"), "E07");
	assert_string_equal(ask("P10=efcdab896745230100"), "E07");
	assert_string_equal(ask("P10"), "E07");
	assert_string_equal(ask("p1000"), "E05");
	assert_string_equal(ask("P1000=00"), "E05");
	assert_string_equal(ask("pxyz"), "E07");
	fake.unknown = GDB_xmm3;
	snprintf(text, sizeof(text), "p%x", GDB_xmm3);
	assert_string_equal(ask(text), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	snprintf(text, sizeof(text), "P%x=%032x", GDB_xmm3, 0);
	assert_string_equal(ask(text), "E09");
}

static void test_unknown_is_left_alone(void **state)
{
	(void)state;
	assert_string_equal(ask("Gxxxxxxxxxxxxxxxx0102030405060708"), "OK");
	assert_memory_equal(fake.registers[0][GDB_rax], "\x00\x03\x06\x09\x0c\x0f\x12\x15", 8);
	assert_memory_equal(fake.registers[0][GDB_rbx], "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
}

static void test_memory(void **state)
{
	(void)state;
	assert_string_equal(ask("m10000,4"), "00070e15");
	assert_string_equal(ask("m1fffe,10"), "f1f8"); /* as far as it goes */
	assert_string_equal(ask("m20000,4"), "E0d");
	assert_string_equal(ask("m10000,0"), "");
	assert_string_equal(ask("M10002,2:aabb"), "OK");
	assert_string_equal(ask("m10000,5"), "0007aabb1c");
	assert_string_equal(ask("M10002,2:aab"), "E07");
	assert_string_equal(ask("M10002,2:aabg"), "E07");
	assert_string_equal(ask("M1ffff,2:aabb"), "E0d");
	assert_string_equal(ask("m10000"), "E07");
	assert_string_equal(ask("mffffffffffffffff1,1"), "E07");
	ask("m10000,ffffff");
	assert_int_equal(heard_length, GDB_PACKET_BYTES);
}

static void test_memory_binary(void **state)
{
	static const char packet[] = "X10010,4:\x7d\x03\x7d\x04\x7d\x5d\x7d\x0a";

	(void)state;
	say_bytes(packet, sizeof(packet) - 1);
	assert_string_equal(hear(), "OK");
	assert_memory_equal(fake.memory + 16, "#$}*", 4);
	ask("x10010,4");
	assert_int_equal(heard_length, 9);
	assert_memory_equal(heard, "b\x7d\x03\x7d\x04\x7d\x5d\x7d\x0a", 9);
	assert_string_equal(ask("X10010,0:"), "OK"); /* gdb asks whether X is known */
	assert_string_equal(ask("X10010,1:"), "E07");
	assert_string_equal(ask("x90000,1"), "E0d");
	say_bytes("X90000,1:a", 10);
	assert_string_equal(hear(), "E0d");
}

static void test_physical_mode(void **state)
{
	(void)state;
	assert_string_equal(ask("qqemu.PhyMemMode"), "0");
	assert_string_equal(ask("Qqemu.PhyMemMode:1"), "OK");
	assert_string_equal(ask("qqemu.PhyMemMode"), "1");
	assert_string_equal(ask("m0,4"), "00070e15");
	assert_string_equal(ask("Qqemu.PhyMemMode:2"), "E07");
	assert_string_equal(ask("Qqemu.PhyMemMode:0"), "OK");
	assert_string_equal(ask("m0,4"), "E0d");
}

static void test_search(void **state)
{
	(void)state;
	memcpy(fake.memory + 0x3210, "needle", 6);
	assert_string_equal(ask("qSearch:memory:10000;10000;needle"), "1,13210");
	assert_string_equal(ask("qSearch:memory:10000;3215;needle"), "0");
	assert_string_equal(ask("qSearch:memory:10000;3216;needle"), "1,13210");
	assert_string_equal(ask("qSearch:memory:10000;100000;nowhere!"), "0");
	assert_string_equal(ask("qSearch:memory:10000;10;"), "E01");
	assert_string_equal(ask("qSearch:memory:10000"), "E07");
}

static void test_crc(void **state)
{
	(void)state;
	/* The check value of this CRC (CRC-32/MPEG-2) over "123456789". */
	memcpy(fake.memory, "123456789", 9);
	assert_string_equal(ask("qCRC:10000,9"), "C0376e6e7");
	assert_string_equal(ask("qCRC:1fffe,9"), "E0d");
}

static void test_threads(void **state)
{
	(void)state;
	assert_string_equal(ask("qC"), "QC1");
	assert_string_equal(ask("qfThreadInfo"), "m1,2,3,4");
	assert_string_equal(ask("qsThreadInfo"), "l");
	assert_string_equal(ask("T4"), "OK");
	assert_string_equal(ask("T5"), "E05");
	assert_string_equal(ask("T-1"), "E05");
	assert_string_equal(ask("Hg3"), "OK");
	assert_string_equal(ask("qC"), "QC3");
	assert_string_equal(ask("p0"), "202326292c2f3235");
	assert_string_equal(ask("Hg0"), "OK");
	assert_string_equal(ask("qC"), "QC3");
	assert_string_equal(ask("Hg9"), "E05");
	assert_string_equal(ask("Hx1"), "E07");
	assert_string_equal(ask("Hc-1"), "OK");
	assert_string_equal(ask("qThreadExtraInfo,2"), "766370752031203c72756e733e");
	assert_string_equal(ask("qThreadExtraInfo,9"), "E05");
	fake.count = 40;
	ask("qfThreadInfo");
	assert_non_null(strstr(heard, ",20"));
	assert_string_equal(ask("qsThreadInfo"), "m21,22,23,24,25,26,27,28");
	assert_string_equal(ask("qsThreadInfo"), "l");
}

static void test_threads_xml(void **state)
{
	(void)state;
	ask("qXfer:threads:read::0,1000");
	assert_int_equal(heard[0], 'l');
	assert_non_null(strstr(heard, "<thread id=\"4\" core=\"3\" name=\"vcpu 3\">vcpu 3 &}\x03"
				      "60;runs&}\x03"
				      "62;</thread>"));
}

/* Read in pieces of any size it is the same text. */
static void test_xml_in_pieces(void **state)
{
	static char whole[65536], joined[65536];
	char packet[64];

	(void)state;
	for (unsigned piece = 0x2ff0; piece; piece = piece == 100 ? 0 : 100) {
		size_t length = 0;

		do {
			snprintf(packet, sizeof(packet), "qXfer:features:read:target.xml:%zx,%x", length, piece);
			ask(packet);
			assert_true(heard[0] == 'm' || heard[0] == 'l');
			assert_null(strchr(heard, '}')); /* no escapes in it: lengths are the text's */
			memcpy(joined + length, heard + 1, heard_length);
			length += heard_length - 1;
		} while (heard[0] == 'm');
		if (piece > 100)
			memcpy(whole, joined, length + 1);
	}
	assert_string_equal(whole, joined);
	assert_non_null(strstr(whole, "<reg name=\"rip\" bitsize=\"64\" type=\"code_ptr\" regnum=\"16\"/>"));
	assert_non_null(strstr(whole, "org.gnu.gdb.i386.avx512"));
	assert_non_null(strstr(whole, "</target>\n"));
	assert_string_equal(ask("qXfer:features:read:target.xml:fffff,10"), "E01");
	assert_string_equal(ask("qXfer:features:read:other.xml:0,10"), "");
	assert_string_equal(ask("qXfer:features:read:target.xml:0"), "E07");
}

static void test_continue(void **state)
{
	(void)state;
	assert_null(ask("c"));
	assert_int_equal(fake.resumes, 1);
	for (int i = 0; i < 4; i++)
		assert_int_equal(fake.how[i], GDB_RUN);
	/* Only Ctrl-C is heard while it runs. */
	assert_null(ask("g"));
	say_raw("\x03", 1);
	assert_int_equal(fake.stops, 1);
	stop(GDB_STOP_ASKED, 2, 0);
	assert_memory_equal(heard, "T02thread:3;10:", 15);
	assert_string_equal(ask("qC"), "QC3");
	say_raw("\x03", 1);
	assert_int_equal(fake.stops, 1);
}

static void test_continue_at(void **state)
{
	(void)state;
	assert_null(ask("c1234"));
	assert_memory_equal(fake.registers[0][GDB_rip], "\x34\x12\0\0\0\0\0\0", 8);
	stop(GDB_STOP_STEP, 0, 0);
	assert_null(ask("C05;4321"));
	assert_memory_equal(fake.registers[0][GDB_rip], "\x21\x43\0\0\0\0\0\0", 8);
	stop(GDB_STOP_STEP, 0, 0);
	assert_string_equal(ask("cxyz"), "E07");
	assert_string_equal(ask("Cxyz"), "E07");
	fake.count = 0;
	assert_string_equal(ask("c"), "E0b");
	assert_string_equal(ask("vCont;c"), "E0b");
}

static void test_step(void **state)
{
	(void)state;
	assert_null(ask("s"));
	assert_int_equal(fake.how[0], GDB_STEP);
	assert_int_equal(fake.how[1], GDB_RUN);
	stop(GDB_STOP_STEP, 0, 0);
	assert_memory_equal(heard, "T05thread:1;", 12);
	assert_string_equal(ask("Hc2"), "OK");
	assert_null(ask("S05"));
	assert_int_equal(fake.how[0], GDB_RUN);
	assert_int_equal(fake.how[1], GDB_STEP);
}

static void test_vcont(void **state)
{
	(void)state;
	assert_string_equal(ask("vCont?"), "vCont;c;C;s;S;t;r");
	assert_null(ask("vCont;s:2;c"));
	assert_int_equal(fake.how[0], GDB_RUN);
	assert_int_equal(fake.how[1], GDB_STEP);
	stop(GDB_STOP_STEP, 1, 0);
	assert_null(ask("vCont;c:1"));
	assert_int_equal(fake.how[0], GDB_RUN);
	assert_int_equal(fake.how[1], GDB_HOLD);
	stop(GDB_STOP_STEP, 0, 0);
	assert_null(ask("vCont;C05:3;S05:-1"));
	assert_int_equal(fake.how[2], GDB_RUN);
	assert_int_equal(fake.how[3], GDB_STEP);
	stop(GDB_STOP_STEP, 0, 0);
	assert_string_equal(ask("vCont;t:1"), "E07");
	assert_string_equal(ask("vCont;c:9"), "E05");
	assert_string_equal(ask("vCont;q"), "E07");
	assert_string_equal(ask("vCont;c:1x"), "E07");
	assert_string_equal(ask("vCont"), "E07");
	assert_int_equal(fake.resumes, 3);
}

static void test_range_step(void **state)
{
	struct gdb_stop step = {.kind = GDB_STOP_STEP};

	(void)state;
	assert_null(ask("vCont;r1000,1010:1;c"));
	fake.registers[0][GDB_rip][0] = 0x05;
	fake.registers[0][GDB_rip][1] = 0x10;
	memset(fake.registers[0][GDB_rip] + 2, 0, 6);
	assert_false(gdb_stopped(&session, &step));
	assert_int_equal(gdb_how(&session, 0), GDB_STEP);
	fake.registers[0][GDB_rip][0] = 0x10;
	assert_true(gdb_stopped(&session, &step));
	hear();
	assert_memory_equal(heard, "T05", 3);
}

static void test_stop_reasons(void **state)
{
	(void)state;
	ask("qSupported:swbreak+;hwbreak+");
	assert_null(ask("c"));
	assert_non_null(strstr(stop(GDB_STOP_SOFT, 1, 0x1000), "T05thread:2;swbreak:;"));
	assert_null(ask("c"));
	assert_non_null(strstr(stop(GDB_STOP_HARD, 1, 0x1000), "hwbreak:;"));
	assert_null(ask("c"));
	assert_non_null(strstr(stop(GDB_STOP_WRITE, 1, 0xffff800012345678), "watch:ffff800012345678;"));
	assert_null(ask("c"));
	assert_non_null(strstr(stop(GDB_STOP_READ, 1, 0x1000), ";rwatch:1000;"));
	assert_null(ask("c"));
	assert_non_null(strstr(stop(GDB_STOP_ACCESS, 1, 0x1000), ";awatch:1000;"));
	assert_null(ask("c"));
	assert_memory_equal(stop(GDB_STOP_FAULT, 1, 0), "T06", 3);
	assert_null(ask("c"));
	assert_string_equal(stop(GDB_STOP_EXITED, 0, 0), "W00");
}

static void test_swbreak_only_when_known(void **state)
{
	(void)state;
	assert_null(ask("c"));
	assert_null(strstr(stop(GDB_STOP_SOFT, 1, 0x1000), "swbreak"));
}

static void test_pass_signals(void **state)
{
	struct gdb_stop watch = {.kind = GDB_STOP_FAULT};

	(void)state;
	assert_string_equal(ask("QPassSignals:6;e"), "OK");
	assert_null(ask("c"));
	assert_false(gdb_stopped(&session, &watch));
	stop(GDB_STOP_ASKED, 0, 0);
	assert_string_equal(ask("QPassSignals:"), "OK");
	assert_null(ask("c"));
	assert_true(gdb_stopped(&session, &watch));
	hear();
	assert_string_equal(ask("QPassSignals:z"), "E07");
}

static void test_modes(void **state)
{
	(void)state;
	assert_string_equal(ask("QNonStop:0"), "OK");
	assert_memory_equal(ask("QNonStop:1"), "E.", 2);
	assert_string_equal(ask("!"), "OK");
	assert_memory_equal(ask("vAttach;1"), "E.vAttach", 9);
	assert_memory_equal(ask("vRun;;"), "E.vRun", 6);
	assert_string_equal(ask("qSymbol::"), "OK");
}

static void test_command(void **state)
{
	(void)state;
	/* "hi" */
	assert_string_equal(ask("qRcmd,6869"), "74687265616420303a2068690a");
	assert_string_equal(fake.line, "hi");
	assert_string_equal(ask("qRcmd,7175696574"), "OK");
	ask("qRcmd,6d756368"); /* "much" */
	assert_true(heard_length > GDB_PACKET_BYTES - 4 && heard_length % 2 == 0);
	assert_string_equal(ask("qRcmd,6"), "E07");
	assert_string_equal(ask("qRcmd,zz"), "E07");
}

static void test_ends(void **state)
{
	(void)state;
	assert_string_equal(ask("D"), "OK");
	assert_int_equal(fake.end, GDB_END_DETACH);
	assert_false(session.is_open);
	setup(NULL);
	assert_null(ask("k"));
	assert_int_equal(fake.end, GDB_END_KILL);
	setup(NULL);
	assert_string_equal(ask("vKill;1"), "OK");
	assert_int_equal(fake.end, GDB_END_KILL);
	setup(NULL);
	assert_null(ask("R00"));
	assert_int_equal(fake.end, GDB_END_RESET);
}

static void test_closed(void **state)
{
	struct gdb_stop step = {.kind = GDB_STOP_STEP};

	(void)state;
	gdb_close(&session);
	assert_null(ask("?"));
	assert_false(gdb_stopped(&session, &step));
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_supported),
		TEST(test_why),
		TEST(test_open_stops),
		TEST(test_registers),
		TEST(test_one_register),
		TEST(test_unknown_is_left_alone),
		TEST(test_register_groups),
		TEST(test_memory),
		TEST(test_memory_binary),
		TEST(test_physical_mode),
		TEST(test_search),
		TEST(test_crc),
		TEST(test_threads),
		TEST(test_threads_xml),
		TEST(test_xml_in_pieces),
		TEST(test_continue),
		TEST(test_continue_at),
		TEST(test_step),
		TEST(test_vcont),
		TEST(test_range_step),
		TEST(test_stop_reasons),
		TEST(test_pass_signals),
		TEST(test_modes),
		TEST(test_command),
		TEST(test_ends),
		TEST(test_closed),
		TEST(test_swbreak_only_when_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
