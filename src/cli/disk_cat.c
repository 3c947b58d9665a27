/* SPDX-License-Identifier: Apache-2.0 */
/* `cat`: records as a codec prints them, a line each, in the order of the store.
 *
 * A dead letter is more than its record, so that as JSON it is an object around it:
 *
 *     {"output":"es","reason":"rejected","answer":"...","attempts":1,"first":"...","last":"...","record":{...}}
 *
 * which is its note (pipeline/dead_letters.c) with one member more. Other codecs print the record alone, so that
 * it can be fed to something.
 *
 * What cannot be read is said on stderr, what comes after it is printed, and the answer is 1. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/clock.h"
#include "cli/codec_option.h"
#include "cli/disk_actions.h"
#include "cli/disk_select.h"
#include "cli/disk_walk.h"
#include "cli/document.h"
#include "cli/terminal.h"

#define WRITE_BYTES ((size_t)256 * 1024)

static const char json_codec[] =
    "{type: json, record_id_key: record_id, observed_time_key: observed_time, source: true}";

struct cat {
    const struct disk_job *job;
    struct weir_encoder *encoder;
    bool wraps; /* dead letters as JSON: with their notes */
    struct weir_bytes out;
    bool failed;
};

/* ---- records ------------------------------------------------------------------------------------------ */

static int write_out(struct cat *cat)
{
    fwrite(cat->out.data, 1, cat->out.len, stdout);
    cat->out.len = 0;
    return ferror(stdout) ? -EIO : 0; /* main() says it */
}

/* The note up to its last member, as text that another member can follow; "{" where it is no object. */
static struct weir_str open_note(struct weir_str note)
{
    while (note.len && (note.ptr[note.len - 1] == ' ' || note.ptr[note.len - 1] == '\n'))
        note.len--;
    if (note.len > 2 && note.ptr[0] == '{' && note.ptr[note.len - 1] == '}')
        return (struct weir_str){ note.ptr, note.len - 1 };
    return WEIR_STR("{");
}

/* Writes note, record, brace; the record is encoded by itself, since its newline must go. */
static int wrap_records(struct cat *cat, const struct disk_seen *seen)
{
    const struct weir_str note = open_note(seen->batch->note);
    const struct weir_slice all = { &seen->batch->pub, seen->chosen, 0, seen->batch->pub.count };
    for (uint32_t i = weir_slice_next(&all, 0); i < all.count; i = weir_slice_next(&all, i + 1)) {
        const struct weir_slice one = { all.batch, all.mask, i, 1 };
        cat->out.len = 0;
        if (weir_encode(cat->encoder, &one, i, &cat->out, 1) == i)
            return -ENOMEM;
        printf("%.*s%s\"record\":%.*s}\n", (int)note.len, note.ptr, note.len > 1 ? "," : "",
               (int)(cat->out.len - 1), cat->out.data);
        if (ferror(stdout))
            return -EIO;
    }
    cat->out.len = 0;
    return 0;
}

/* A codec that does not take every record: the others are printed. */
static void say_refused(struct cat *cat, uint32_t record)
{
    fprintf(stderr, "record %u of a frame cannot be printed: %.*s\n", record,
            (int)cat->out.refused.len, cat->out.refused.ptr);
    cat->failed = true;
}

static int cat_records(void *arg, const struct disk_seen *seen)
{
    struct cat *cat = arg;
    if (seen->wrong) {
        disk_walk_say_wrong(cat->job, seen);
        cat->failed = true;
        return 0;
    }
    if (cat->wraps)
        return wrap_records(cat, seen);
    const struct weir_slice slice = { &seen->batch->pub, seen->chosen, 0, seen->batch->pub.count };
    for (uint32_t at = weir_slice_next(&slice, 0); at < slice.count;) {
        uint32_t next = weir_encode(cat->encoder, &slice, at, &cat->out, WRITE_BYTES);
        int r = write_out(cat);
        if (r < 0)
            return r;
        if (next == at && !cat->out.refused.len)
            return -ENOMEM;
        if (next == at) {
            say_refused(cat, at);
            next = weir_slice_next(&slice, at + 1);
        }
        at = next;
    }
    return 0;
}

/* ---- frames ------------------------------------------------------------------------------------------- */

static const char *codec_name(unsigned codec)
{
    static const char *const names[] = {
        [FRAME_PLAIN] = "none", [FRAME_LZ4] = "lz4", [FRAME_ZSTD] = "zstd"
    };
    return codec < sizeof(names) / sizeof(names[0]) ? names[codec] : "?";
}

static void frame_json(const struct cat *cat, const struct disk_seen *seen)
{
    const struct store_frame *frame = seen->frame;
    json_t *object = document_must(json_object()), *outputs = document_must(json_array());
    for (unsigned i = 0; i < cat->job->output_count; i++)
        if (frame->head.readers >> i & 1)
            document_add(outputs, document_text(weir_str_of(cat->job->outputs[i])));
    document_put(object, "sequence", document_number(frame->head.sequence));
    document_put(object, "end", document_number(frame->end));
    document_put(object, "chosen", document_number(seen->count));
    document_put(object, "file",
                 document_sentence("%016llx.seg", (unsigned long long)frame->segment));
    document_put(object, "offset", document_number(frame->offset));
    document_put(object, "bytes", document_number(frame_bytes(&frame->head)));
    document_put(object, "compression", json_string(codec_name(frame->head.codec)));
    document_put(object, "replayed", json_boolean(frame->head.flags & FRAME_REPLAYED));
    document_put(object, "observed", document_time(frame->head.observed));
    document_put(object, "written", document_time(frame->head.written));
    document_put(object, "outputs", outputs);
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}

static void frame_text(const struct cat *cat, const struct disk_seen *seen)
{
    const struct store_frame *frame = seen->frame;
    char observed[CIVIL_RFC3339_MAX];
    civil_put_rfc3339(frame->head.observed, observed);
    printf("%" PRIu64 "-%" PRIu64 "  %016llx.seg  offset %" PRIu64 "  %" PRIu64
           " bytes  %s  %.19sZ%s ",
           frame->head.sequence, frame->end - 1, (unsigned long long)frame->segment, frame->offset,
           frame_bytes(&frame->head), codec_name(frame->head.codec), observed,
           frame->head.flags & FRAME_REPLAYED ? "  replayed" : "");
    for (unsigned i = 0; i < cat->job->output_count; i++) {
        char *escaped = frame->head.readers >> i & 1
                            ? terminal_escape(weir_str_of(cat->job->outputs[i]))
                            : NULL;
        if (escaped)
            printf(" %s", escaped);
        free(escaped);
    }
    putchar('\n');
}

static int cat_frames(void *arg, const struct disk_seen *seen)
{
    struct cat *cat = arg;
    if (seen->wrong) {
        disk_walk_say_wrong(cat->job, seen);
        cat->failed = true;
    } else if (seen->count && command_has(cat->job->line, OPTION_JSON)) {
        frame_json(cat, seen);
    } else if (seen->count) {
        frame_text(cat, seen);
    }
    return ferror(stdout) ? -EIO : 0;
}

/* ---- the action --------------------------------------------------------------------------------------- */

static enum command_status cat_chosen(struct cat *cat, const struct replay_request *request)
{
    const struct disk_job *job = cat->job;
    const bool frames = command_has(job->line, OPTION_FRAMES);
    int output;
    if (request->output && disk_job_output(job, request->output, &output) != COMMAND_DONE)
        return COMMAND_FAILED;
    int r = disk_walk(job, request, frames ? cat_frames : cat_records, cat);
    if (r < 0 && !ferror(stdout))
        command_error(job->line->command, "%s cannot be read to its end: %s", job->dir,
                      strerror(-r));
    return r < 0 || cat->failed ? COMMAND_FAILED : COMMAND_DONE;
}

enum command_status disk_action_cat(struct disk_job *job)
{
    const char *codec = job->line->values[OPTION_CODEC];
    struct disk_select select;
    if (codec && command_has(job->line, OPTION_FRAMES))
        return command_misused(job->line->command, "--frames prints no records: leave out --codec");
    struct cat cat = { .job = job,
                       .wraps = !codec && job->kind == STORE_DEAD_LETTERS,
                       .out.max = SIZE_MAX };
    struct memory *memory = memory_new();
    enum command_status status = disk_select_read(job->line, clock_wall(), &select);
    cat.encoder = codec_option_read(&job->load, memory, codec ? codec : json_codec);
    if (status == COMMAND_DONE && !cat.encoder)
        status = COMMAND_MISUSED;
    if (status == COMMAND_DONE)
        status = disk_job_open(job);
    if (status == COMMAND_DONE)
        status = cat_chosen(&cat, &select.request);
    weir_bytes_free(&cat.out);
    memory_free(memory);
    disk_select_free(&select);
    return status;
}
