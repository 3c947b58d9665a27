/* SPDX-License-Identifier: Apache-2.0 */
/* The first line of the input is a format, the rest a time. What is read and printed as RFC 3339 must be
 * read as the same moment again. */
#include <weir/time.h>

#include <assert.h>
#include <stdlib.h>

#include "base/civil.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_moment(int64_t ns)
{
    struct weir_time_format *rfc3339 = weir_time_format_new("rfc3339", "UTC", NULL);
    char text[CIVIL_RFC3339_MAX];
    int64_t again = 0;
    bool is_time =
        weir_time_parse(rfc3339, (struct weir_str){ text, civil_put_rfc3339(ns, text) }, 0, &again);
    assert(is_time && again == ns);
    weir_time_format_free(rfc3339);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t nows[] = { 0, INT64_MIN, INT64_MAX, 1772323200000000000 };
    const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
    if (!newline)
        return 0;
    char *format_text = strndup((const char *)data, (size_t)(newline - data));
    struct weir_str text = { (const char *)newline + 1, size - (size_t)(newline - data) - 1 };
    struct weir_error err = { 0 };
    struct weir_time_format *format = weir_time_format_new(format_text, "-03:30", &err);
    assert(format || (err.code < 0 && err.text[0]));
    for (size_t i = 0; format && i < sizeof(nows) / sizeof(nows[0]); i++) {
        int64_t ns;
        if (weir_time_parse(format, text, nows[i], &ns))
            check_moment(ns);
    }
    weir_time_format_free(format);
    free(format_text);
    return 0;
}
