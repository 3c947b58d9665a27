/* SPDX-License-Identifier: Apache-2.0 */
/* `weir status` for people: what is wrong first, then each pipeline from its inputs to its outputs.
 *
 *     weir 0.1.0, pid 4711, running for 1 h 3 min; memory 1.2 MiB of 64.0 MiB
 *     not ready: app: progress: no ack for 61 s
 *
 *     pipeline app: read 1,000, delivered 900, filtered 40, dropped 3, dead-lettered 0, held 57
 *       buffer 256.0 KiB of 16.0 MiB
 *       INPUT  TYPE  STATE    RECORDS  ...
 *       tail   tail  reading    1,000  ... */
#include "cli/status_text.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/table.h"
#include "cli/terminal.h"

static int64_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static double real(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static void print_escaped(const char *value, FILE *out)
{
    char *escaped = terminal_escape(weir_str_of(value));
    fputs(escaped ? escaped : "?", out);
    free(escaped);
}

/* The sum of an object of counts: {"grep": 3, "route": 1}. */
static int64_t sum(const json_t *counts)
{
    int64_t total = 0;
    const char *name;
    json_t *count;
    json_object_foreach((json_t *)counts, name, count) total += json_integer_value(count);
    return total;
}

static void print_agent(const json_t *status, FILE *out)
{
    const json_t *agent = json_object_get(status, "agent");
    const json_t *memory = json_object_get(agent, "memory");
    char uptime[TABLE_CELL_MAX], used[TABLE_CELL_MAX], limit[TABLE_CELL_MAX];
    table_format_seconds(uptime, real(agent, "uptime_seconds"));
    table_format_bytes(used, (uint64_t)number(memory, "used_bytes"));
    table_format_bytes(limit, (uint64_t)number(memory, "limit_bytes"));
    fputs("weir ", out);
    print_escaped(text(agent, "version"), out);
    fprintf(out, ", pid %lld, ", (long long)number(agent, "pid"));
    print_escaped(text(agent, "state"), out);
    fprintf(out, " for %s; memory %s of %s\n", uptime, used, limit);
}

static void print_checks(const json_t *status, FILE *out)
{
    size_t i;
    json_t *check;
    json_array_foreach(json_object_get(status, "checks"), i, check)
    {
        const char *const parts[] = { text(check, "pipeline"), text(check, "name"),
                                      text(check, "reason") };
        if (json_is_true(json_object_get(check, "ok")))
            continue;
        fputs("not ready", out);
        for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++) {
            fputs(parts[part][0] ? ": " : "", out);
            print_escaped(parts[part], out);
        }
        fputc('\n', out);
    }
}

static void print_ledger(const json_t *ledger, FILE *out)
{
    const struct {
        const char *name;
        int64_t count;
        bool always;
    } rows[] = {
        { "read", number(ledger, "read"), true },
        { "recovered", number(ledger, "recovered"), false },
        { "replayed", number(ledger, "replayed"), false },
        { "added", number(ledger, "added"), false },
        { "delivered", number(ledger, "delivered"), true },
        { "filtered", sum(json_object_get(ledger, "filtered")), true },
        { "dropped", sum(json_object_get(ledger, "dropped")), true },
        { "dead-lettered", number(ledger, "dead_lettered"), false },
        { "held", number(ledger, "held"), true },
        { "UNACCOUNTED", number(ledger, "residue"), false },
    };
    const char *before = ": ";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char count[TABLE_CELL_MAX];
        if (!rows[i].always && rows[i].count == 0)
            continue;
        table_format_number(count, rows[i].count);
        fprintf(out, "%s%s %s", before, rows[i].name, count);
        before = ", ";
    }
    fputc('\n', out);
}

static int print_inputs(const json_t *inputs, FILE *out)
{
    static const char *const heads[] = { "INPUT",    "TYPE",     "STATE",  ">RECORDS", ">BYTES",
                                         ">WAITING", ">BLOCKED", "REASON", NULL };
    struct table *table = table_new(heads);
    size_t i;
    json_t *input;
    json_array_foreach((json_t *)inputs, i, input)
    {
        table_text(table, text(input, "id"));
        table_text(table, text(input, "type"));
        table_text(table, text(input, "state"));
        table_number(table, number(input, "records"));
        table_bytes(table, (uint64_t)number(input, "bytes"));
        table_bytes(table, (uint64_t)number(input, "lag_bytes"));
        table_seconds(table, real(input, "backpressure_seconds"));
        table_text(table, text(input, "reason"));
    }
    int r = table_print(table, 2, out);
    table_free(table);
    return r;
}

static int print_filters(const json_t *filters, FILE *out)
{
    static const char *const heads[] = {
        "FILTER", "TYPE", ">RECORDS", ">FILTERED", ">ADDED", NULL
    };
    struct table *table = table_new(heads);
    size_t i;
    json_t *filter;
    json_array_foreach((json_t *)filters, i, filter)
    {
        table_text(table, text(filter, "id"));
        table_text(table, text(filter, "type"));
        table_number(table, number(filter, "records"));
        table_number(table, number(filter, "filtered"));
        table_number(table, number(filter, "added"));
    }
    int r = table_print(table, 2, out);
    table_free(table);
    return r;
}

static int print_outputs(const json_t *outputs, FILE *out)
{
    static const char *const heads[] = { "OUTPUT", "TYPE",      "STATE",    ">RECORDS",
                                         ">BYTES", ">REJECTED", ">RETRIES", ">PENDING",
                                         ">LAG",   "REASON",    NULL };
    struct table *table = table_new(heads);
    size_t i;
    json_t *output;
    json_array_foreach((json_t *)outputs, i, output)
    {
        table_text(table, text(output, "id"));
        table_text(table, text(output, "type"));
        table_text(table, text(output, "state"));
        table_number(table, number(output, "records"));
        table_bytes(table, (uint64_t)number(output, "bytes"));
        table_number(table, number(output, "rejected"));
        table_number(table, number(output, "retries"));
        table_number(table, number(output, "pending_records"));
        table_seconds(table, real(output, "lag_seconds"));
        table_text(table, text(output, "reason"));
    }
    int r = table_print(table, 2, out);
    table_free(table);
    return r;
}

/* When there are any, or there should be. */
static void print_dead_letters(const json_t *letters, FILE *out)
{
    char records[TABLE_CELL_MAX], used[TABLE_CELL_MAX], bound[TABLE_CELL_MAX];
    const char *reason = text(letters, "reason");
    if (number(letters, "records") == 0 && !reason[0])
        return;
    table_format_number(records, number(letters, "records"));
    table_format_bytes(used, (uint64_t)number(letters, "bytes"));
    table_format_bytes(bound, (uint64_t)number(letters, "bytes_max"));
    fprintf(out, "  dead letters %s, %s of %s", records, used, bound);
    if (reason[0]) {
        fputs("; cannot be written: ", out);
        print_escaped(reason, out);
    }
    fputc('\n', out);
}

static int print_pipeline(const json_t *pipeline, FILE *out)
{
    const json_t *buffer = json_object_get(pipeline, "buffer");
    const json_t *filters = json_object_get(pipeline, "filters");
    char used[TABLE_CELL_MAX], bound[TABLE_CELL_MAX];
    fputs("\npipeline ", out);
    print_escaped(text(pipeline, "name"), out);
    print_ledger(json_object_get(pipeline, "ledger"), out);
    table_format_bytes(used, (uint64_t)number(buffer, "memory_used_bytes"));
    table_format_bytes(bound, (uint64_t)number(buffer, "memory_bytes"));
    fprintf(out, "  buffer %s of %s\n", used, bound);
    print_dead_letters(json_object_get(pipeline, "dead_letters"), out);
    int r = print_inputs(json_object_get(pipeline, "inputs"), out);
    if (r == 0 && json_array_size(filters) > 0)
        r = print_filters(filters, out);
    if (r == 0)
        r = print_outputs(json_object_get(pipeline, "outputs"), out);
    return r;
}

int status_text_print(const json_t *status, FILE *out)
{
    const json_t *pipelines = json_object_get(status, "pipelines");
    if (!json_is_object(json_object_get(status, "agent")) || !json_is_array(pipelines))
        return -EPROTO;
    print_agent(status, out);
    print_checks(status, out);
    size_t i;
    json_t *pipeline;
    int r = 0;
    json_array_foreach((json_t *)pipelines, i, pipeline)
    {
        if (r == 0)
            r = print_pipeline(pipeline, out);
    }
    return r;
}
