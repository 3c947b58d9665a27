/* SPDX-License-Identifier: Apache-2.0 */
/* Options that are more than one row of a table can say. */
#include "options.h"

#include <stdlib.h>

#define INTERVAL_MIN_MS 10
#define INTERVAL_MAX_MS 3600000

/* The milliseconds of one unit; 0: there is none of that name. */
static weir_ms unit_ms(const char *unit)
{
    static const struct {
        const char *name;
        weir_ms ms;
    } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(unit, units[i].name) == 0)
            return units[i].ms;
    return 0;
}

int file_fsync_parse(const char *text, struct fsync_policy *ret, struct weir_error *err)
{
    struct fsync_policy policy = { .when = FSYNC_NEVER };
    size_t digits = strspn(text, "0123456789");
    if (strcmp(text, "batch") == 0) {
        policy.when = FSYNC_BATCH;
    } else if (strcmp(text, "never") != 0) {
        weir_ms unit = unit_ms(text + digits);
        /* So few digits cannot overflow, and no more fit the range. */
        weir_ms count = digits > 0 && digits <= 7 ? strtoll(text, NULL, 10) : 0;
        policy.when = FSYNC_INTERVAL;
        policy.interval = count * unit;
        if (policy.interval < INTERVAL_MIN_MS || policy.interval > INTERVAL_MAX_MS)
            return weir_error_option(
                err, "fsync", "\"%s\" is not one of never, batch, or a duration from 10ms to 1h",
                text);
    }
    *ret = policy;
    return 0;
}

int file_mode_parse(const char *text, mode_t *ret, struct weir_error *err)
{
    size_t digits = strspn(text, "01234567");
    unsigned long mode = digits > 0 && digits <= 4 ? strtoul(text, NULL, 8) : 0;
    if (text[digits] != '\0' || mode > 0777 || !(mode & 0200))
        return weir_error_option(
            err, "mode",
            "\"%s\" is no file mode: write octal digits such as \"0640\", with "
            "write permission for the owner",
            text);
    *ret = (mode_t)mode;
    return 0;
}

mode_t file_directory_mode(mode_t file_mode)
{
    return file_mode | (file_mode & 0444) >> 2 | 0700;
}
