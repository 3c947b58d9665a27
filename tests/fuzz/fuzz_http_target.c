/* SPDX-License-Identifier: Apache-2.0 */
/* The input is records, plain and then as JSON. Whatever they hold, the url that is made of them begins with its host and
 * has no component that climbs, nor a byte that ends one; and the header is one line. */
#include <assert.h>
#include <errno.h>

#include "plugins/outputs/http/target.h"
#include "support/make_batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BEGIN "https://host/a/"

static size_t count(const char *text, char c)
{
    size_t found = 0;
    for (; *text; text++)
        found += *text == c;
    return found;
}

static void check_url(const char *url)
{
    assert(strncmp(url, BEGIN, sizeof(BEGIN) - 1) == 0);
    assert(count(url, '/') == 5 && count(url, '?') == 1 && count(url, '#') == 0);
    assert(!strstr(url, "/../") && !strstr(url, "/./") && !strstr(url, "/..?") &&
           !strstr(url, "/.?"));
    for (; *url; url++)
        assert(*url > ' ' && *url < 0x7f);
}

static void check_header(const char *line)
{
    assert(strncmp(line, "X-A", 3) == 0 && (line[3] == ':' || strcmp(line + 3, ";") == 0));
    for (; *line; line++)
        assert((unsigned char)*line >= ' ' && *line != 0x7f);
}

static void make_all(struct http_targets *targets, const struct batch *batch)
{
    const char *why, *header;
    for (uint32_t i = 0; i < batch->pub.count; i++) {
        int r = http_targets_make(targets, &batch->pub, i, &why);
        assert(r == 0 || (r == -EINVAL && why[0]));
        if (r < 0)
            continue;
        check_url(http_target_url(targets, targets->text.data, 0));
        assert(http_target_headers(targets, targets->text.data, &header) == 1);
        check_header(header);
        assert(header + strlen(header) + 1 == targets->text.data + targets->text.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char url[] = BEGIN "${message}/${v:-x}${w:-.}?q=${message}", *urls[] = { url };
    struct weir_pair pair = { .name = (char[]){ "X-A" }, .value = (char[]){ "${message} ${v}" } };
    const struct weir_http options = { .url = { urls, 1 }, .headers = { &pair, 1 } };
    struct weir_error err = { 0 };
    struct http_targets targets;
    if (!size)
        return 0;
    int r = http_targets_init(&targets, &options, NULL, WEIR_STR_NONE, &err);
    assert(r == 0 && targets.count == 2);
    struct batch *batch = make_batch_of((struct weir_str){ (const char *)data, size }, 0);
    make_all(&targets, batch);
    made_batch_parse_json(batch);
    make_all(&targets, batch);
    made_batch_free(batch);
    http_targets_deinit(&targets);
    return 0;
}
