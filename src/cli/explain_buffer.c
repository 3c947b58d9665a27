/* SPDX-License-Identifier: Apache-2.0 */
/* A buffer in sentences: what is full first, what happens then, what is kept. They stand in the order in which
 * things happen as an output stays away. */
#include "base/units.h"
#include "cli/document.h"
#include "cli/explain_parts.h"

#define NAMES_MAX 400

/* The ids of the inputs that can be asked again, or of those that cannot: "tail, tail.2 and stdin"; "" when there
 * are none. Many are cut short. */
static size_t name_inputs(const struct config_pipeline *pipeline, bool replayable,
                          char ret[NAMES_MAX])
{
    size_t count = 0, total = 0, len = 0;
    for (size_t i = 0; i < pipeline->input_count; i++)
        total += explain_is_replayable(&pipeline->inputs[i]) == replayable;
    ret[0] = '\0';
    for (size_t i = 0; i < pipeline->input_count && len < NAMES_MAX; i++) {
        if (explain_is_replayable(&pipeline->inputs[i]) != replayable)
            continue;
        const char *between = count == 0 ? "" : count + 1 == total ? " and " : ", ";
        len +=
            (size_t)snprintf(ret + len, NAMES_MAX - len, "%s%s", between, pipeline->inputs[i].id);
        count++;
    }
    return total;
}

static void add_pushed(json_t *notes, const struct config_pipeline *pipeline)
{
    const struct config_buffer *buffer = &pipeline->buffer;
    char names[NAMES_MAX], memory[UNITS_TEXT_MAX], disk[UNITS_TEXT_MAX], every[UNITS_TEXT_MAX];
    size_t count = name_inputs(pipeline, false, names);
    units_print_size(buffer->memory, memory);
    units_print_size(buffer->disk, disk);
    if (count == 0 && buffer->durable)
        document_add(notes, document_sentence("Every input can be read again: \"durable\" "
                                              "changes nothing."));
    if (count == 0)
        return;
    if (!buffer->durable) {
        document_add(notes,
                     document_sentence("When %s of memory are full, what comes from %s goes to the "
                                       "disk tier, up to %s.",
                                       memory, names, disk));
        return;
    }
    units_print_duration(buffer->fsync_every, every);
    document_add(notes, document_sentence(
                            "What comes from %s goes to the disk tier, up to %s, and counts as "
                            "taken when it is on stable storage%s%s.",
                            names, disk, buffer->fsync_every ? ", which is seen to every " : "",
                            buffer->fsync_every ? every : ""));
}

static void add_replayable(json_t *notes, const struct config_pipeline *pipeline)
{
    char names[NAMES_MAX], memory[UNITS_TEXT_MAX];
    size_t count = name_inputs(pipeline, true, names);
    units_print_size(pipeline->buffer.memory, memory);
    if (count == 0)
        return;
    document_add(
        notes,
        document_sentence(
            "When %s of memory are full, %s wait%s, since what %s can be read again. %s records go "
            "to the disk tier only %swhen their source is about to go away.",
            memory, names, count == 1 ? "s" : "", count == 1 ? "it reads" : "they read",
            count == 1 ? "Its" : "Their",
            pipeline->output_count > 1 ? "while one output keeps up and another does not, or "
                                       : ""));
}

static void add_full(json_t *notes, const struct config_buffer *buffer)
{
    switch ((enum config_when_full)buffer->when_full) {
    case WHEN_FULL_BLOCK:
        document_add(notes, document_sentence("When the disk tier is full too, all inputs wait."));
        return;
    case WHEN_FULL_DROP_OLDEST:
        document_add(
            notes,
            document_sentence("When the disk tier is full too, what has waited longest is dropped, "
                              "for all outputs, and counted: reason \"drop_oldest\"."));
        return;
    case WHEN_FULL_DROP_NEWEST:
        document_add(notes, document_sentence("When the disk tier is full too, what comes in is "
                                              "dropped, and counted: reason \"drop_newest\"."));
        return;
    }
}

static void add_shed(json_t *notes, const struct config_buffer *buffer)
{
    const struct {
        int64_t percent;
        const char *what;
    } steps[] = { { buffer->shed_debug, "debug" },
                  { buffer->shed_info, "info" },
                  { buffer->shed_warn, "warn" } };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (steps[i].percent)
            document_add(notes, document_sentence(
                                    "From %d%% of the disk tier on, records of severity %s and "
                                    "below are dropped, and counted: reason \"shed\".",
                                    (int)steps[i].percent, steps[i].what));
}

static void add_retention(json_t *notes, const struct config_buffer *buffer)
{
    char size[UNITS_TEXT_MAX], time[UNITS_TEXT_MAX];
    if (!buffer->retention)
        return;
    units_print_size(buffer->retention_bytes, size);
    units_print_duration(buffer->retention, time);
    document_add(notes, document_sentence(
                            "What is in the disk tier and every output has answered is kept for "
                            "%s%s%s, unless room is needed: `weir buffer replay` sends it again.",
                            time, buffer->retention_bytes ? ", at most " : "",
                            buffer->retention_bytes ? size : ""));
}

static void add_dead_letters(json_t *notes, const struct config_buffer *buffer)
{
    char size[UNITS_TEXT_MAX];
    if (!buffer->dead_letter_bytes)
        return;
    units_print_size(buffer->dead_letter_bytes, size);
    document_add(notes,
                 document_sentence(
                     "What a sink refuses for good goes to the dead letters, up to %s; then the "
                     "oldest of them go, and are counted as dropped: reason "
                     "\"dead_letter_full\".",
                     size));
}

json_t *explain_buffer(const struct config_pipeline *pipeline)
{
    const struct config_buffer *buffer = &pipeline->buffer;
    json_t *notes = document_must(json_array());
    char memory[UNITS_TEXT_MAX];
    units_print_size(buffer->memory, memory);
    if (buffer->disk) {
        add_pushed(notes, pipeline);
        add_replayable(notes, pipeline);
        add_full(notes, buffer);
        add_shed(notes, buffer);
        add_retention(notes, buffer);
    } else {
        document_add(notes,
                     document_sentence("When %s of memory are full, all inputs wait.", memory));
    }
    add_dead_letters(notes, buffer);
    return notes;
}
