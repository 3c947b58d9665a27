/* SPDX-License-Identifier: Apache-2.0 */
#include <weir/hex.h>

#include <check.h>
#include <stdio.h>

#include "support/check_main.h"

START_TEST(every_byte_at_every_place)
{
    for (size_t count = 0; count <= 9; count++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t bytes[9];
            char got[19], want[19] = "";
            for (size_t i = 0; i < count; i++) {
                bytes[i] = (uint8_t)(value + 37 * i);
                sprintf(want + 2 * i, "%02x", bytes[i]);
            }
            char *end = weir_hex(got, bytes, count);
            ck_assert_ptr_eq(end, got + 2 * count);
            *end = '\0';
            ck_assert_str_eq(got, want);
        }
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("hex");
    tcase_add_test(tc, every_byte_at_every_place);
    Suite *suite = suite_create("base/hex");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
