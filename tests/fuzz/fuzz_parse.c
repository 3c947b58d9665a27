/* SPDX-License-Identifier: Apache-2.0 */
/* Any lines through the filter `parse`, in each of its formats, as plain lines and as records that are open
 * already. The first byte chooses; what comes out must be what a record promises, which show_record() checks. */
#include <assert.h>
#include <stdlib.h>

#include "support/make_batch.h"
#include "support/make_filter.h"
#include "support/show_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct weir_plugin weir_plugin_filter_parse;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const options[] = {
        "{format: json, severity: level, time: {field: ts}}",
        "{format: json, severity: a.b, time: {field: ts, format: unix, keep: false}, keep_original: true}",
        "{format: logfmt, types: {n: int, f: float}, severity: level, time: {field: ts, keep: false}}",
        "{format: apache_combined, on_error: drop}",
        "{format: regex, pattern: '(?<a>\\w+)(?:=(?<b>[^ ]*))? ?(?<c>\"(?:[^\"]|\\\\.)*\")?', types: {b: bool}}",
    };
    const size_t count = sizeof(options) / sizeof(options[0]);
    if (size < 2)
        return 0;
    struct made_filter filter = make_filter(&weir_plugin_filter_parse, options[data[0] % count]);
    struct batch *batch =
        make_batch_of((struct weir_str){ (const char *)data + 1, size - 1 }, WEIR_RUN_TRUNCATED);
    if (data[0] / count % 2) {
        int r = weir_batch_open_records(&batch->pub);
        assert(r == 0);
    }
    made_filter_apply(&filter, &batch->pub);
    for (uint32_t i = 0; i < batch->pub.count; i++)
        free(show_record(&batch->pub, i));
    assert(fake_host_messages(filter.host, WEIR_ERROR) == 0);
    made_batch_free(batch);
    made_filter_free(&filter);
    return 0;
}
