/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern, a newline, and the text that it meets: neither may do more than take its bounded time. */
#include <assert.h>
#include <weir/regex.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    const char *newline = size ? memchr(bytes, '\n', size) : NULL;
    if (!newline)
        return 0;
    struct weir_str pattern = { bytes, (size_t)(newline - bytes) };
    struct weir_str text = { newline + 1, size - pattern.len - 1 };
    struct weir_error err;
    size_t offset;
    struct weir_regex *regex = weir_regex_new(pattern, &err, &offset);
    if (!regex) {
        assert(offset <= pattern.len);
        return 0;
    }
    if (weir_regex_match(regex, text) == WEIR_REGEX_YES) {
        const size_t *spans = weir_regex_spans(regex);
        for (uint32_t group = 0; group <= weir_regex_group_count(regex); group++) {
            size_t from = spans[2 * group], to = spans[2 * group + 1];
            assert((from == SIZE_MAX) == (to == SIZE_MAX));
            assert(from == SIZE_MAX || (from <= text.len && to <= text.len));
        }
    }
    for (uint32_t group = 1; group <= weir_regex_group_count(regex); group++)
        assert(weir_regex_group_name(regex, group).len < 128);
    weir_regex_free(regex);
    return 0;
}
