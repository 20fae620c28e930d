// SPDX-License-Identifier: Apache-2.0
// The 16550A as the PC16550D datasheet has it; bytes leave as fast as the host side takes them, not at the baud rate.
#include "dev/uart.h"

#include "base/bits.h"

/* Register offsets. */
#define REG_DATA 0 /* RBR, THR; with DLAB the divisor's low byte */
#define REG_IER 1  /* with DLAB the divisor's high byte */
#define REG_IIR 2  /* written: FCR */
#define REG_LCR 3
#define REG_MCR 4
#define REG_LSR 5
#define REG_MSR 6
#define REG_SCRATCH 7

#define IER_RX 0x01
#define IER_THRE 0x02
#define IER_LINE 0x04
#define IER_MODEM 0x08
#define IER_ALL 0x0f

#define IIR_NONE 0x01
#define IIR_MODEM 0x00
#define IIR_THRE 0x02
#define IIR_RX 0x04
#define IIR_LINE 0x06
#define IIR_TIMEOUT 0x0c
#define IIR_FIFOS 0xc0

#define FCR_ENABLE 0x01
#define FCR_CLEAR_RX 0x02
#define FCR_CLEAR_TX 0x04
#define FCR_DMA_MODE 0x08
#define FCR_TRIGGER 0xc0ull
#define FCR_KEPT ((u8)(FCR_ENABLE | FCR_DMA_MODE | FCR_TRIGGER))

#define LCR_LENGTH 0x03ull
#define LCR_STOP 0x04
#define LCR_PARITY 0x08
#define LCR_BREAK 0x40
#define LCR_DLAB 0x80

#define MCR_DTR 0x01
#define MCR_RTS 0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10
#define MCR_ALL 0x1f

#define LSR_DR 0x01
#define LSR_OE 0x02
#define LSR_PE 0x04
#define LSR_FE 0x08
#define LSR_BI 0x10
#define LSR_THRE 0x20
#define LSR_TEMT 0x40
#define LSR_FIFO_ERROR 0x80
#define LSR_BYTE_ERRORS (LSR_PE | LSR_FE | LSR_BI)
#define LSR_ERRORS (LSR_OE | LSR_BYTE_ERRORS)

#define MSR_DCTS 0x01
#define MSR_DDSR 0x02
#define MSR_TERI 0x04
#define MSR_DDCD 0x08
#define MSR_CTS 0x10
#define MSR_DSR 0x20
#define MSR_RI 0x40
#define MSR_DCD 0x80

#define FIFO_MASK (UART_FIFO_BYTES - 1)

#define DESC_STRUCT struct uart
DESC_DEFINE(uart, UART_FIELDS, 1);
#undef DESC_STRUCT

void uart_reset(struct uart *u)
{
	/* 9600 baud of the 1.8432 MHz clock: the datasheet leaves the latch undefined. */
	*u = (struct uart){.divisor = 12};
}

static bool fifos_on(const struct uart *u)
{
	return u->fcr & FCR_ENABLE;
}

static unsigned fifo_bytes(const struct uart *u)
{
	return fifos_on(u) ? UART_FIFO_BYTES : 1;
}

static bool rx_errors_valid(const struct uart *u)
{
	for (unsigned i = 0; i < UART_FIFO_BYTES; i++) {
		if (u->rx_error[i] & ~LSR_BYTE_ERRORS)
			return false;
	}
	return true;
}

bool uart_valid(const struct uart *u)
{
	return rx_errors_valid(u) && u->ier <= IER_ALL && u->mcr <= MCR_ALL && !(u->fcr & ~FCR_KEPT) &&
	       !(u->line_errors & ~LSR_ERRORS) && u->modem_deltas <= 0x0f && u->rx_tail < UART_FIFO_BYTES &&
	       u->tx_tail < UART_FIFO_BYTES && u->rx_count <= fifo_bytes(u) && u->tx_count <= fifo_bytes(u) &&
	       (u->tx_shift_full || !u->tx_count) && (!u->thre_pending || !u->tx_count);
}

/* Four character times of the programmed format: the receive timeout. "FIFO Interrupt Mode Operation". */
static u64 rx_timeout_ns(const struct uart *u)
{
	u64 parity_bits = u->lcr & LCR_PARITY ? 1 : 0;
	u64 stop_bits = u->lcr & LCR_STOP ? 2 : 1;
	u64 bits = 1 + 5 + GET(LCR_LENGTH, u->lcr) + parity_bits + stop_bits;
	u64 divisor = u->divisor ? u->divisor : 1;

	/* a bit lasts 16 * divisor / 1.8432 MHz = divisor * 78125 / 9 ns */
	return 4 * bits * divisor * 78125 / 9;
}

/* Received bytes at which the data interrupt comes. */
static unsigned rx_trigger(const struct uart *u)
{
	static const u8 level[4] = {1, 4, 8, 14};

	return fifos_on(u) ? level[GET(FCR_TRIGGER, u->fcr)] : 1;
}

static bool rx_timed_out(const struct uart *u, u64 now_ns)
{
	return fifos_on(u) && u->rx_count && now_ns >= u->rx_active_ns + rx_timeout_ns(u);
}

/* What the IIR shows of the pending interrupts, in the datasheet's order of priority. */
static u8 interrupt_id(const struct uart *u, u64 now_ns)
{
	if ((u->ier & IER_LINE) && u->line_errors)
		return IIR_LINE;
	if ((u->ier & IER_RX) && u->rx_count >= rx_trigger(u))
		return IIR_RX;
	if ((u->ier & IER_RX) && rx_timed_out(u, now_ns))
		return IIR_TIMEOUT;
	if ((u->ier & IER_THRE) && u->thre_pending)
		return IIR_THRE;
	if ((u->ier & IER_MODEM) && u->modem_deltas)
		return IIR_MODEM;
	return IIR_NONE;
}

bool uart_irq(const struct uart *u, u64 now_ns)
{
	return (u->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2 && interrupt_id(u, now_ns) != IIR_NONE;
}

u64 uart_next_event(const struct uart *u, u64 now_ns)
{
	if (!fifos_on(u) || !u->rx_count || !(u->ier & IER_RX) || rx_timed_out(u, now_ns))
		return NEVER;
	return u->rx_active_ns + rx_timeout_ns(u);
}

/* --- receiver --- */

/* The errors of the byte that is now at the top become visible in the LSR. */
static void rx_show_errors(struct uart *u)
{
	if (!u->rx_count)
		return;
	u->line_errors |= u->rx_error[u->rx_tail];
	u->rx_error[u->rx_tail] = 0;
}

static void rx_put(struct uart *u, u8 byte, u8 errors, u64 now_ns)
{
	unsigned slot;

	if (u->rx_count == fifo_bytes(u)) {
		u->line_errors |= LSR_OE;
		if (fifos_on(u))
			return;  /* the FIFO stays; the byte in the receiver's shift register is lost */
		u->rx_count = 0; /* the register is overwritten */
	}
	slot = (u->rx_tail + u->rx_count) & FIFO_MASK;
	u->rx_data[slot] = byte;
	u->rx_error[slot] = errors;
	u->rx_count++;
	u->rx_active_ns = now_ns;
	rx_show_errors(u);
}

static u8 rx_get(struct uart *u, u64 now_ns)
{
	u8 byte;

	if (!u->rx_count) /* the register keeps the byte read last */
		return u->rx_data[(u->rx_tail - 1) & FIFO_MASK];
	byte = u->rx_data[u->rx_tail];
	u->rx_tail = (u->rx_tail + 1) & FIFO_MASK;
	u->rx_count--;
	u->rx_active_ns = now_ns;
	rx_show_errors(u);
	return byte;
}

unsigned uart_rx_room(const struct uart *u)
{
	return u->mcr & MCR_LOOP ? 0 : fifo_bytes(u) - u->rx_count;
}

void uart_receive(struct uart *u, u8 byte, u64 now_ns)
{
	if (!(u->mcr & MCR_LOOP)) /* loopback disconnects the wire */
		rx_put(u, byte, 0, now_ns);
}

void uart_receive_break(struct uart *u, u64 now_ns)
{
	if (!(u->mcr & MCR_LOOP))
		rx_put(u, 0, LSR_BI | LSR_FE, now_ns);
}

/* --- transmitter --- */

/* The holding register or FIFO is empty (again): THRE rises. */
static void tx_became_empty(struct uart *u)
{
	u->thre_pending = true;
}

/* Refill the shift register from the FIFO. */
static void tx_shift_next(struct uart *u)
{
	if (u->tx_shift_full || !u->tx_count)
		return;
	u->tx_shift = u->tx_data[u->tx_tail];
	u->tx_shift_full = true;
	u->tx_tail = (u->tx_tail + 1) & FIFO_MASK;
	u->tx_count--;
	if (!u->tx_count)
		tx_became_empty(u);
}

static void tx_put(struct uart *u, u8 byte, u64 now_ns)
{
	if (u->mcr & MCR_LOOP) {
		rx_put(u, byte, 0, now_ns);
		u->thre_pending = !u->tx_count;
		return;
	}
	if (u->tx_count == fifo_bytes(u))
		return;
	u->tx_data[(u->tx_tail + u->tx_count) & FIFO_MASK] = byte;
	u->tx_count++;
	u->thre_pending = false;
	tx_shift_next(u);
}

static void tx_clear(struct uart *u)
{
	if (!u->tx_count)
		return;
	u->tx_count = 0;
	tx_became_empty(u);
}

bool uart_has_tx(const struct uart *u)
{
	return u->tx_shift_full;
}

bool uart_take_tx(struct uart *u, u8 *byte)
{
	if (!u->tx_shift_full)
		return false;
	*byte = u->tx_shift;
	u->tx_shift_full = false;
	tx_shift_next(u);
	return true;
}

unsigned uart_tx_room(const struct uart *u)
{
	return fifo_bytes(u) - u->tx_count;
}

/* --- modem lines --- */

/* MSR bits 7..4: in loopback the modem control outputs, else a terminal that is always ready. */
static u8 modem_lines(u8 mcr)
{
	if (!(mcr & MCR_LOOP))
		return MSR_DCD | MSR_DSR | MSR_CTS;
	return (u8)((mcr & MCR_RTS ? MSR_CTS : 0) | (mcr & MCR_DTR ? MSR_DSR : 0) | (mcr & MCR_OUT1 ? MSR_RI : 0) |
		    (mcr & MCR_OUT2 ? MSR_DCD : 0));
}

static void write_mcr(struct uart *u, u8 value)
{
	u8 old = modem_lines(u->mcr);
	u8 new, changed;

	u->mcr = value & MCR_ALL;
	new = modem_lines(u->mcr);
	changed = old ^ new;
	u->modem_deltas |= (u8)((changed & MSR_CTS ? MSR_DCTS : 0) | (changed & MSR_DSR ? MSR_DDSR : 0) |
				(changed & old & MSR_RI ? MSR_TERI : 0) | (changed & MSR_DCD ? MSR_DDCD : 0));
}

/* --- registers --- */

static void write_fcr(struct uart *u, u8 value)
{
	bool switched = (value ^ u->fcr) & FCR_ENABLE;

	if (switched || (value & FCR_ENABLE && value & FCR_CLEAR_RX))
		u->rx_count = 0;
	if (switched || (value & FCR_ENABLE && value & FCR_CLEAR_TX))
		tx_clear(u);
	/* the other bits are programmed only together with the enable bit */
	u->fcr = value & FCR_ENABLE ? value & FCR_KEPT : 0;
}

/* A rising enable bit asserts the interrupt at once if the transmitter is empty. */
static void write_ier(struct uart *u, u8 value)
{
	if ((value & ~u->ier & IER_THRE) && !u->tx_count)
		u->thre_pending = true;
	u->ier = value & IER_ALL;
}

static void write_lcr(struct uart *u, u8 value, u64 now_ns)
{
	if ((u->mcr & MCR_LOOP) && (value & ~u->lcr & LCR_BREAK))
		rx_put(u, 0, LSR_BI | LSR_FE, now_ns);
	u->lcr = value;
}

static u8 read_iir(struct uart *u, u64 now_ns)
{
	u8 id = interrupt_id(u, now_ns);

	if (id == IIR_THRE)
		u->thre_pending = false;
	return id | (fifos_on(u) ? IIR_FIFOS : 0);
}

static bool fifo_has_error(const struct uart *u)
{
	for (unsigned i = 0; i < u->rx_count; i++) {
		if (u->rx_error[(u->rx_tail + i) & FIFO_MASK])
			return true;
	}
	return u->line_errors & LSR_BYTE_ERRORS;
}

static u8 read_lsr(struct uart *u)
{
	u8 lsr = u->line_errors;

	if (u->rx_count)
		lsr |= LSR_DR;
	if (!u->tx_count)
		lsr |= LSR_THRE;
	if (!u->tx_shift_full)
		lsr |= LSR_TEMT;
	if (fifos_on(u) && fifo_has_error(u))
		lsr |= LSR_FIFO_ERROR;
	u->line_errors = 0;
	return lsr;
}

static u8 read_msr(struct uart *u)
{
	u8 msr = modem_lines(u->mcr) | u->modem_deltas;

	u->modem_deltas = 0;
	return msr;
}

u8 uart_read(struct uart *u, u16 reg, u64 now_ns)
{
	bool dlab = u->lcr & LCR_DLAB;

	switch (reg & 7) {
	case REG_DATA:
		return dlab ? (u8)u->divisor : rx_get(u, now_ns);
	case REG_IER:
		return dlab ? (u8)(u->divisor >> 8) : u->ier;
	case REG_IIR:
		return read_iir(u, now_ns);
	case REG_LCR:
		return u->lcr;
	case REG_MCR:
		return u->mcr;
	case REG_LSR:
		return read_lsr(u);
	case REG_MSR:
		return read_msr(u);
	default:
		return u->scratch;
	}
}

/* The registers that DLAB hides behind the divisor latch. */
static void write_low(struct uart *u, u16 reg, u8 value, u64 now_ns)
{
	if (u->lcr & LCR_DLAB) {
		unsigned shift = reg == REG_DATA ? 0 : 8;

		u->divisor = (u16)((u->divisor & (0xff00u >> shift)) | (unsigned)value << shift);
	} else if (reg == REG_DATA) {
		tx_put(u, value, now_ns);
	} else {
		write_ier(u, value);
	}
}

void uart_write(struct uart *u, u16 reg, u8 value, u64 now_ns)
{
	switch (reg & 7) {
	case REG_DATA:
	case REG_IER:
		write_low(u, reg & 7, value, now_ns);
		break;
	case REG_IIR:
		write_fcr(u, value);
		break;
	case REG_LCR:
		write_lcr(u, value, now_ns);
		break;
	case REG_MCR:
		write_mcr(u, value);
		break;
	case REG_SCRATCH:
		u->scratch = value;
		break;
	default: /* LSR and MSR: writes are for factory tests only */
		break;
	}
}
