/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc32c.h"
#include "base/simd.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/check_main.h"
#include "support/disk_sim.h"

/* What a crc is, bit by bit. */
static uint32_t crc_plainly(uint32_t crc, const uint8_t *data, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
    }
    return ~crc;
}

/* RFC 3720 B.4 has the first four; the fifth is the check value of the algorithm. */
START_TEST(it_is_the_crc_of_the_rfc)
{
    static uint8_t data[5][32];
    static const uint32_t want[] = { 0x8a9136aa, 0x62a8ab43, 0x46dd794e, 0x113fdb5c, 0xe3069283 };
    static const size_t lens[] = { 32, 32, 32, 32, 9 };
    memset(data[1], 0xff, 32);
    for (uint8_t i = 0; i < 32; i++) {
        data[2][i] = i;
        data[3][i] = 31 - i;
    }
    memcpy(data[4], "123456789", 9);
    const struct simd *simd;
    for (size_t i = 0; i < 5; i++) {
        for (size_t v = 0; (simd = simd_list(v)); v++)
            ck_assert_uint_eq(simd->crc32c(0, data[i], lens[i]), want[i]);
        ck_assert_uint_eq(crc32c(0, data[i], lens[i]), want[i]);
    }
    ck_assert_uint_eq(crc32c(0, NULL, 0), 0);
}
END_TEST

START_TEST(every_row_gives_the_same_at_every_length_and_place)
{
    enum { BYTES = 8000 };
    uint8_t *data = malloc(BYTES);
    uint64_t random = 11;
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (uint8_t)sim_random(&random);
    const struct simd *simd;
    for (int round = 0; round < 2000; round++) {
        size_t from = sim_random(&random) % 20;
        size_t len = sim_random(&random) % (round % 2 ? 40 : BYTES - from);
        size_t part = sim_random(&random) % (len + 1);
        uint32_t before = (uint32_t)sim_random(&random);
        uint32_t want = crc_plainly(before, data + from, len);
        for (size_t v = 0; (simd = simd_list(v)); v++) {
            ck_assert_uint_eq(simd->crc32c(before, data + from, len), want);
            uint32_t first = simd->crc32c(before, data + from, part);
            ck_assert_uint_eq(simd->crc32c(first, data + from + part, len - part), want);
        }
    }
    free(data);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("crc32c");
    tcase_add_test(tc, it_is_the_crc_of_the_rfc);
    tcase_add_test(tc, every_row_gives_the_same_at_every_length_and_place);
    Suite *suite = suite_create("base/crc32c");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
