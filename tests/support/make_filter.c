/* SPDX-License-Identifier: Apache-2.0 */
#include "support/make_filter.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/options.h"
#include "config/yaml.h"

/* True when all is well, and *filter made but for the host; else *diag says what is wrong. */
static bool fill(struct made_filter *filter, const char *options, struct diagnostics *diag)
{
    filter->memory = memory_new();
    filter->state = memory_alloc(filter->memory, filter->plugin->state_size);
    const struct options_reader reader = { .memory = filter->memory, .diag = diag };
    const struct options_section section = { .what = filter->plugin->name,
                                             .table = filter->plugin->options,
                                             .state = filter->state };
    const struct config_place place = { "options", 1, 1 };
    const struct node *map = yaml_read(filter->memory, "options", weir_str_of(options), diag);
    return map && options_fill(&reader, &section, map, place) &&
           options_check(&reader, filter->plugin, filter->plugin->name, map, place, filter->state);
}

struct made_filter make_filter(const struct weir_plugin *plugin, const char *options)
{
    struct made_filter filter = { .plugin = plugin, .host = fake_host_new() };
    struct diagnostics *diag = diagnostics_new();
    bool good = fill(&filter, options, diag);
    diagnostics_print(diag, stderr, false);
    diagnostics_free(diag);
    assert(good);
    struct weir_error err = { 0 };
    int r = plugin->open(filter.state, filter.host, &err);
    if (r < 0)
        fprintf(stderr, "%s\n", err.text);
    assert(r == 0);
    return filter;
}

void made_filter_free(struct made_filter *filter)
{
    filter->plugin->close(filter->state);
    memory_free(filter->memory);
    fake_host_free(filter->host);
}

char *make_filter_mistakes(const struct weir_plugin *plugin, const char *options)
{
    struct made_filter filter = { .plugin = plugin };
    struct diagnostics *diag = diagnostics_new();
    char *text = NULL;
    size_t len = 0;
    fill(&filter, options, diag);
    FILE *out = open_memstream(&text, &len);
    assert(out);
    diagnostics_print(diag, out, false);
    fclose(out);
    diagnostics_free(diag);
    memory_free(filter.memory);
    return text;
}
