/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_host.h"

#include <assert.h>
#include <stdlib.h>

enum { COUNTERS_MAX = 16 };

struct weir_counter {
    const char *name;
    int64_t value;
};

struct weir_host {
    struct weir_counter counters[COUNTERS_MAX];
    size_t counter_count;
    unsigned messages[WEIR_ERROR + 1];
    const char *last_message;
};

struct weir_host *fake_host_new(void)
{
    struct weir_host *host = calloc(1, sizeof(*host));
    assert(host);
    host->last_message = "";
    return host;
}

void fake_host_free(struct weir_host *host)
{
    free(host);
}

int64_t fake_host_counter(const struct weir_host *host, const char *name)
{
    for (size_t i = 0; i < host->counter_count; i++)
        if (strcmp(host->counters[i].name, name) == 0)
            return host->counters[i].value;
    return -1;
}

unsigned fake_host_messages(const struct weir_host *host, enum weir_level level)
{
    return host->messages[level];
}

const char *fake_host_last_message(const struct weir_host *host)
{
    return host->last_message;
}

const char *weir_host_pipeline(const struct weir_host *host)
{
    (void)host;
    return "test";
}

const char *weir_host_id(const struct weir_host *host)
{
    (void)host;
    return "fake";
}

const struct weir_identity *weir_host_identity(const struct weir_host *host)
{
    static const struct weir_identity identity = {
        .host_name = "web-1",
        .host_id = "0123456789abcdef0123456789abcdef",
        .boot_id = "",
        .host_arch = "amd64",
        .os_id = "debian",
        .os_version = "",
        .os_name = "Debian GNU/Linux \"12\"",
        .agent_version = "0.1.0",
        .agent_id = "2f1e6f3c-93b4-4d8e-8f0a-0d6d3b6f5a11",
    };
    (void)host;
    return &identity;
}

void weir_message(struct weir_host *host, enum weir_level level, const char *text,
                  const struct weir_kv *kvs, size_t count)
{
    for (size_t i = 0; i < count; i++) /* all of it must be there to be read */
        assert(kvs[i].key && (kvs[i].type == WEIR_KV_INT || kvs[i].str.ptr || !kvs[i].str.len));
    host->messages[level]++;
    host->last_message = text;
}

struct weir_counter *weir_counter_new(struct weir_host *host, const char *name, const char *help)
{
    assert(host->counter_count < COUNTERS_MAX && help && help[0]);
    struct weir_counter *counter = &host->counters[host->counter_count++];
    counter->name = name;
    return counter;
}

struct weir_counter *weir_counter_labelled(struct weir_host *host, const char *name,
                                           const char *help, const char *label, const char *value)
{
    assert(label[0] && value[0]);
    return weir_counter_new(host, name, help);
}

void weir_counter_add(struct weir_counter *counter, int64_t n)
{
    counter->value += n;
}

void weir_counter_set(struct weir_counter *counter, int64_t n)
{
    counter->value = n;
}
