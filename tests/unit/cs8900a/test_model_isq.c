/* SPDX-License-Identifier: BSD-3-Clause */
/* Interrupt pin, ISQ, event enables: sections 3, 6; checks 38-40, 57. */
#include "chip.h"

static struct chip *up(void)
{
	struct chip *c = chip_up(NULL);

	wr(c, 0x0022, 0x0000);
	chip_open(c, 0x0D00, 0x0100);
	return c;
}

/* Check 38: TxCFG = 0: no pin, ISQ empty, the event is there for a direct look. */
static void disabled_event(void **state)
{
	struct chip *c = up();

	wr(c, 0x0116, 0x8000);
	chip_send(c, 0x00C9, 60);
	assert_int_equal(cs8900a_model_irq(c->m), -1);
	assert_int_equal(in16(c, 0x8), 0x0000);
	assert_int_equal(rd(c, 0x0128), 0x0108);
	chip_down(c);
}

/* Check 39, section 6: pin, ISQ 0108h, ISQ 0000h, pin low; the event register is cleared by it. */
static void one_event(void **state)
{
	struct chip *c = up();

	wr(c, 0x0106, 0x0100);
	wr(c, 0x0116, 0x8000);
	assert_int_equal(cs8900a_model_irq(c->m), -1);
	chip_send(c, 0x00C9, 60);
	assert_int_equal(cs8900a_model_irq(c->m), 0);
	assert_int_equal(in16(c, 0x8), 0x0108);
	assert_int_equal(cs8900a_model_irq(c->m), 0);
	assert_int_equal(in16(c, 0x8), 0x0000);
	assert_int_equal(cs8900a_model_irq(c->m), -1);
	assert_int_equal(rd(c, 0x0128), 0x0008);
	chip_down(c);
}

/* Check 40: an event during the service is reported by the next read, the pin stays high. */
static void event_during_service(void **state)
{
	struct chip *c = up();

	wr(c, 0x0106, 0x0100);
	wr(c, 0x0116, 0x8000);
	chip_send(c, 0x00C9, 60);
	assert_int_equal(in16(c, 0x8), 0x0108);
	chip_give(c, chip_mac, 60);
	assert_int_equal(cs8900a_model_irq(c->m), 0);
	assert_int_equal(in16(c, 0x8), 0x0504);
	chip_take(c, 60);
	assert_int_equal(in16(c, 0x8), 0x0000);
	assert_int_equal(cs8900a_model_irq(c->m), -1);
	chip_down(c);
}

/* Section 6: after the empty read interrupts stay off for 1.6 us, then they are armed again. */
static void rest_after_empty_read(void **state)
{
	struct chip *c = up();

	wr(c, 0x0116, 0x8000);
	assert_int_equal(in16(c, 0x8), 0x0000);
	wr(c, 0x010A, 0x0040);
	assert_int_equal(cs8900a_model_irq(c->m), -1);
	assert_int_equal(cs8900a_model_next_event(c->m), c->now + 1600);
	chip_wait(c, 1599);
	assert_int_equal(cs8900a_model_irq(c->m), -1);
	chip_wait(c, 1);
	assert_int_equal(cs8900a_model_irq(c->m), 0);
	chip_down(c);
}

/* Check 57: SWint-X makes SWint and a report, once. */
static void software_interrupt(void **state)
{
	struct chip *c = up();

	wr(c, 0x0116, 0x8000);
	wr(c, 0x010A, 0x0040);
	assert_int_equal(cs8900a_model_irq(c->m), 0);
	assert_int_equal(in16(c, 0x8), 0x004C);
	assert_int_equal(in16(c, 0x8), 0x0000);
	assert_int_equal(rd(c, 0x012C), 0x000C);
	chip_down(c);
}

/* Section 2 and 6: pin by 0022h, none at 4 and above; EnableIRQ off lets none go high. */
static void pins(void **state)
{
	struct chip *c = up();

	wr(c, 0x010A, 0x0040);
	assert_int_equal(cs8900a_model_irq(c->m), -1);
	wr(c, 0x0116, 0x8000);
	for (uint16_t pin = 0; pin < 8; pin++) {
		wr(c, 0x0022, pin);
		assert_int_equal(cs8900a_model_irq(c->m), pin < 4 ? pin : -1);
	}
	wr(c, 0x0022, 1);
	assert_int_equal(cs8900a_model_irq(c->m), 1);
	wr(c, 0x0116, 0x0000);
	assert_int_equal(cs8900a_model_irq(c->m), -1);
	chip_down(c);
}

/* Section 6: by the ISQ as the data sheet's figure lists them: Rx, Tx, Buf, RxMISS. */
static void order(void **state)
{
	struct chip *c = up();

	wr(c, 0x0106, 0x0100);
	wr(c, 0x010A, 0x2400);
	for (unsigned i = 0; i < 3; i++)
		chip_give(c, chip_mac, 1350);
	for (unsigned i = 0; i < 512; i++)
		chip_give(c, chip_mac, 300);
	wr(c, 0x0102, 0x0000);
	rd(c, 0x0124);
	wr(c, 0x0102, 0x0140); /* the first frame makes room for a transmission */
	chip_send(c, 0x00C9, 60);
	assert_int_equal(in16(c, 0x8), 0x0504);
	chip_take(c, 1350);
	assert_int_equal(in16(c, 0x8), 0x0504);
	chip_take(c, 1350);
	assert_int_equal(in16(c, 0x8), 0x0108);
	assert_int_equal(in16(c, 0x8), 0x040C);
	assert_int_equal(in16(c, 0x8), 0x8010);
	assert_int_equal(in16(c, 0x8), 0x0000);
	chip_down(c);
}

/* Section 6: bits that are not enabled ride along in the word of one that is. */
static void bits_ride_along(void **state)
{
	char err[100];
	struct chip *c = up();

	assert_int_equal(cs8900a_model_fault(c->m, "collisions 2", err, sizeof(err)), 0);
	wr(c, 0x0106, 0x0100);
	chip_bid(c, 0x00C9, 60);
	chip_fill(c, 0, 60);
	chip_us(c, 2000);
	assert_int_equal(in16(c, 0x8), 0x1108); /* two collisions, TxOK */
	chip_down(c);
}

/* Section 3: AnycolliE reports a frame with a collision though TxOKiE is 0. */
static void any_collision(void **state)
{
	char err[100];
	struct chip *c = up();

	wr(c, 0x0106, 0x0800);
	chip_send(c, 0x00C9, 60);
	assert_int_equal(in16(c, 0x8), 0x0000);
	assert_int_equal(cs8900a_model_fault(c->m, "collisions 1", err, sizeof(err)), 0);
	chip_bid(c, 0x00C9, 60);
	chip_fill(c, 0, 60);
	chip_us(c, 2000);
	assert_int_equal(in16(c, 0x8), 0x0908);
	chip_down(c);
}

/* Section 2: the ISQ is at 0120h, too, and by bytes. */
static void by_address(void **state)
{
	struct chip *c = up();

	chip_give(c, chip_mac, 60);
	assert_int_equal(rd(c, 0x0120), 0x0504);
	chip_give(c, chip_mac, 60);
	assert_int_equal(cs8900a_model_io_read8(c->m, 0x8), 0x04);
	assert_int_equal(cs8900a_model_io_read8(c->m, 0x9), 0x05);
	assert_int_equal(in16(c, 0x8), 0x0000);
	chip_down(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disabled_event), cmocka_unit_test(one_event),
		cmocka_unit_test(event_during_service), cmocka_unit_test(rest_after_empty_read),
		cmocka_unit_test(software_interrupt), cmocka_unit_test(pins),
		cmocka_unit_test(order), cmocka_unit_test(bits_ride_along),
		cmocka_unit_test(any_collision), cmocka_unit_test(by_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
