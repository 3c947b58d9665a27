/* SPDX-License-Identifier: Apache-2.0 */
/* `verify`: every frame of every segment is read, its checksums by the store, its records by being thawed, and
 * its place in the order here. What is wrong is a line each, with file and offset, and the answer is 1.
 *
 * The end of a store that an agent writes may look torn for a moment. So a store whose end is torn is looked at
 * again, some times, before it is called so.
 *
 *     {"version": 1, "pipeline", "kind", "directory", "frames", "records",
 *      "problems": [{"file", "offset", "first", "end", "text"}]}          where it is known; else null */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "cli/disk_actions.h"
#include "cli/disk_walk.h"
#include "cli/document.h"
#include "cli/terminal.h"

#define PROBLEMS_MAX 1000 /* told one by one */
#define LOOKS_MAX 5
#define LOOK_AGAIN_AFTER_NS 100000000

struct verify {
    const struct disk_job *job;
    json_t *problems;
    uint64_t problem_count, frames, records;
    uint64_t next; /* the number that the next record should have; 0 at first */
    bool begun;
};

static void add_problem(struct verify *verify, const struct store_frame *frame, uint64_t first,
                        uint64_t end, const char *text)
{
    if (verify->problem_count++ >= PROBLEMS_MAX)
        return;
    json_t *problem = document_must(json_object());
    char *file = frame ? disk_job_file(verify->job, frame->segment) : NULL;
    document_put(problem, "file", document_text(weir_str_of(file ? file : verify->job->dir)));
    document_put(problem, "offset", frame ? document_number(frame->offset) : json_null());
    document_put(problem, "first", end > first ? document_number(first) : json_null());
    document_put(problem, "end", end > first ? document_number(end) : json_null());
    document_put(problem, "text", document_text(weir_str_of(text)));
    document_add(verify->problems, problem);
    free(file);
}

static int check_frame(void *arg, const struct disk_seen *seen)
{
    struct verify *verify = arg;
    const struct store_frame *frame = seen->frame;
    const uint64_t first = frame->head.sequence, end = frame->end;
    if (verify->begun && first > verify->next)
        add_problem(verify, frame, verify->next, first, "records before this frame are missing");
    if (verify->begun && first < verify->next)
        add_problem(verify, frame, first, end, "this frame has numbers that another has");
    if (seen->wrong)
        add_problem(verify, frame, first, end, seen->wrong);
    else if (seen->batch->pub.count != frame->head.records || end - first != frame->head.records)
        add_problem(verify, frame, first, end,
                    "this frame holds another number of records than it says");
    verify->frames += !seen->wrong;
    verify->records += seen->wrong ? 0 : end - first;
    verify->next = end > verify->next || !verify->begun ? end : verify->next;
    verify->begun = true;
    return 0;
}

static enum command_status check_store(struct verify *verify, struct disk_job *job)
{
    const struct replay_request all = REPLAY_ALL;
    const struct timespec pause = { .tv_nsec = LOOK_AGAIN_AFTER_NS };
    enum command_status status = disk_job_open(job);
    for (int look = 1; status == COMMAND_DONE && job->found.torn_bytes && look < LOOKS_MAX;
         look++) {
        nanosleep(&pause, NULL);
        disk_job_close(job);
        status = disk_job_open(job);
    }
    if (status != COMMAND_DONE)
        return status;
    int r = disk_walk(job, &all, check_frame, verify);
    if (r < 0) {
        command_error(job->line->command, "%s cannot be read to its end: %s", job->dir,
                      strerror(-r));
        return COMMAND_FAILED;
    }
    if (job->found.torn_bytes)
        add_problem(
            verify, NULL, 0, 0,
            "its end is no frame: a write that was cut short, which the next start cuts off");
    if (job->found.cursors_lost)
        add_problem(verify, NULL, 0, 0,
                    "the cursors cannot be read: all that is here will be delivered again");
    return COMMAND_DONE;
}

static void print_escaped(const char *value)
{
    char *escaped = terminal_escape(weir_str_of(value));
    fputs(escaped ? escaped : "?", stdout);
    free(escaped);
}

static void print_text(const struct verify *verify)
{
    size_t i;
    json_t *problem;
    json_array_foreach(verify->problems, i, problem)
    {
        const json_t *offset = json_object_get(problem, "offset");
        const json_t *first = json_object_get(problem, "first");
        print_escaped(json_string_value(json_object_get(problem, "file")));
        if (json_is_integer(offset))
            printf(": offset %" PRId64, (int64_t)json_integer_value(offset));
        printf(": %s", json_string_value(json_object_get(problem, "text")));
        if (json_is_integer(first))
            printf("; records %" PRId64 " to %" PRId64, (int64_t)json_integer_value(first),
                   (int64_t)json_integer_value(json_object_get(problem, "end")) - 1);
        putchar('\n');
    }
    if (verify->problem_count > PROBLEMS_MAX)
        printf("and %" PRIu64 " more\n", verify->problem_count - PROBLEMS_MAX);
    print_escaped(verify->job->dir);
    printf(": %" PRIu64 " frames, %" PRIu64 " records: ", verify->frames, verify->records);
    if (verify->problem_count)
        printf("%" PRIu64 " thing%s wrong\n", verify->problem_count,
               verify->problem_count == 1 ? " is" : "s are");
    else
        puts("nothing is wrong");
}

static void print_json(const struct verify *verify)
{
    json_t *document = document_must(json_object());
    const struct disk_job *job = verify->job;
    document_put(document, "version", json_integer(1));
    document_put(document, "pipeline", document_text(weir_str_of(job->name)));
    document_put(document, "kind",
                 json_string(job->kind == STORE_BUFFER ? "buffer" : "dead_letters"));
    document_put(document, "directory", document_text(weir_str_of(job->dir)));
    document_put(document, "frames", document_number(verify->frames));
    document_put(document, "records", document_number(verify->records));
    document_put(document, "problems", json_incref(verify->problems));
    document_print(document);
    json_decref(document);
}

enum command_status disk_action_verify(struct disk_job *job)
{
    struct verify verify = { .job = job, .problems = document_must(json_array()) };
    enum command_status status = check_store(&verify, job);
    if (status == COMMAND_DONE) {
        if (command_has(job->line, OPTION_JSON))
            print_json(&verify);
        else
            print_text(&verify);
        status = verify.problem_count ? COMMAND_FAILED : COMMAND_DONE;
    }
    json_decref(verify.problems);
    return status;
}
