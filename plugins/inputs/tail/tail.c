/* SPDX-License-Identifier: Apache-2.0 */
/* The tail input: follows files as they are written, renamed, truncated and deleted.
 *
 * This file has its options and its wiring; tail.h says what is where. */
#include "tail.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "file.h"
#include "hold.h"
#include "listing.h"
#include "memory.h"
#include "names.h"
#include "reader.h"
#include "scan.h"
#include "succession.h"
#include "watch.h"

static const char *const read_from_choices[] = { "beginning", "end", NULL };

static const struct weir_option options[] = {
    { .name = "paths",
      .type = WEIR_TEXT_LIST,
      .offset = offsetof(struct tail, paths),
      .required = true,
      .help =
          "Patterns of the files to read: `*`, `?`, `[a-z]`, and `**` for any number of "
          "directories. A name that begins with a dot is matched only by a pattern that does." },
    { .name = "exclude",
      .type = WEIR_TEXT_LIST,
      .offset = offsetof(struct tail, exclude),
      .help =
          "Patterns of files to leave out; one without a `/` is matched against the name alone." },
    { .name = "read_from",
      .type = WEIR_ENUM,
      .offset = offsetof(struct tail, read_from),
      .def = "beginning",
      .choices = read_from_choices,
      .help = "Where to begin with files that are there at the very first start. Files that appear "
              "later are read from their beginning." },
    { .name = "max_line",
      .type = WEIR_SIZE,
      .offset = offsetof(struct tail, max_line),
      .def = "1MiB",
      .min = "16B",
      .max = "64MiB",
      .help = "A longer line is cut there, at a character's begin, and marked; the rest of it is "
              "skipped and counted." },
    { .name = "strip_cr",
      .type = WEIR_BOOL,
      .offset = offsetof(struct tail, strip_cr),
      .def = "true",
      .help = "Takes a carriage return before the newline for a part of the line's end." },
    { .name = "ignore_older",
      .type = WEIR_DURATION,
      .offset = offsetof(struct tail, ignore_older),
      .def = "0s",
      .min = "0s",
      .max = "87600h",
      .help =
          "Leaves files alone that were not written to for that long, and that nothing was read "
          "of yet, until they are written to again. 0s reads all." },
    { .name = "partial_timeout",
      .type = WEIR_DURATION,
      .offset = offsetof(struct tail, partial_timeout),
      .def = "0s",
      .min = "0s",
      .max = "24h",
      .help =
          "Emits an unfinished last line after it has not grown for that long. 0s waits until it "
          "is finished, or its file is rotated or deleted." },
    { .name = "rotate_wait",
      .type = WEIR_DURATION,
      .offset = offsetof(struct tail, rotate_wait),
      .def = "60s",
      .min = "10ms",
      .max = "24h",
      .help = "A file that was renamed or deleted is held until nothing was written to it for that "
              "long." },
    { .name = "poll_interval",
      .type = WEIR_DURATION,
      .offset = offsetof(struct tail, poll_interval),
      .def = "1m",
      .min = "10ms",
      .max = "24h",
      .help =
          "How often to look at all directories and files, as a net under inotify. Where inotify "
          "does not work, once a second at least." },
    { .name = "max_open",
      .type = WEIR_INT,
      .offset = offsetof(struct tail, max_open),
      .def = "512",
      .min = "1",
      .max = "1000000",
      .unit = "files",
      .help = "Files open at a time. When there are more with news, the one that was read least "
              "recently is closed and opened again later." },
    { .name = "held_bytes",
      .type = WEIR_SIZE,
      .offset = offsetof(struct tail, held_bytes),
      .def = "1GiB",
      .help =
          "What deleted files may hold on the disk because they were not read to their end. Beyond "
          "it the oldest is let go, and what it held is counted as lost." },
    { .name = "fingerprint",
      .type = WEIR_SIZE,
      .offset = offsetof(struct tail, fingerprint),
      .def = "1KiB",
      .min = "64B",
      .max = "1KiB",
      .help = "How much of a file's begin is remembered to know it again." },
    { 0 },
};

/* ---- options ------------------------------------------------------------------------------------------ */

static int check_patterns(const struct weir_texts *texts, const char *option,
                          struct weir_error *err)
{
    for (size_t i = 0; i < texts->count; i++) {
        const char *why;
        struct tail_glob *glob = tail_glob_new(texts->items[i], &why);
        if (!glob)
            return weir_error_option(err, option, "\"%s\" is not a pattern for files: %s",
                                     texts->items[i], why);
        tail_glob_free(glob);
    }
    return 0;
}

static int in_tail_check(void *state, struct weir_error *err)
{
    const struct tail *tail = state;
    if (tail->paths.count == 0)
        return weir_error_option(err, "paths", "the list is empty: name the files to read");
    int r = check_patterns(&tail->paths, "paths", err);
    return r < 0 ? r : check_patterns(&tail->exclude, "exclude", err);
}

static void in_tail_explain(const void *state, struct weir_bytes *out)
{
    static const char always[] =
        "A file that is renamed or deleted is held until it has been read and answered; deleted "
        "ones together up to held_bytes; with a disk tier, deleted ones are read into it without waiting "
        "for outputs. What a truncation takes away unread is counted as lost.\n";
    static const char from_end[] =
        "What files hold at the very first start is left out (read_from: end).\n";
    static const char older[] =
        "Files that nobody has written to for ignore_older are left out until somebody does.\n";
    const struct tail *tail = state;
    (void)!weir_bytes_add(out, always, sizeof(always) - 1);
    if (tail->read_from == TAIL_END)
        (void)!weir_bytes_add(out, from_end, sizeof(from_end) - 1);
    if (tail->ignore_older > 0)
        (void)!weir_bytes_add(out, older, sizeof(older) - 1);
}

/* Whether one of the patterns, as they are written, is one of that path. One without a '/' means, among
 * `paths`, a file of the working directory, which is not known here. */
static bool any_matches(const struct weir_texts *texts, struct weir_str path, bool names)
{
    bool matches = false;
    for (size_t i = 0; i < texts->count && !matches; i++) {
        const char *why;
        struct tail_glob *glob = tail_glob_new(texts->items[i], &why);
        matches = glob && (names || !tail_glob_is_name(glob)) && tail_glob_matches(glob, path);
        tail_glob_free(glob);
    }
    return matches;
}

static bool in_tail_reads(const void *state, struct weir_str path)
{
    const struct tail *tail = state;
    return any_matches(&tail->paths, path, false) && !any_matches(&tail->exclude, path, true);
}

static struct tail_glob **compile(const struct weir_texts *texts)
{
    struct tail_glob **globs = calloc(texts->count + 1, sizeof(globs[0]));
    for (size_t i = 0; globs && i < texts->count; i++) {
        const char *why;
        globs[i] = tail_glob_new(texts->items[i], &why);
        if (!globs[i])
            return globs; /* out of memory: open() finds the hole */
    }
    return globs;
}

static bool is_complete(struct tail_glob *const *globs, const struct weir_texts *texts)
{
    size_t count = 0;
    while (globs && globs[count])
        count++;
    return count == texts->count;
}

/* ---- opening and closing ------------------------------------------------------------------------------- */

static void poll_now(void *state);
static void alarm_now(void *state);
static void rescan_now(void *state);
static void hunger_now(void *state);

static void make_counters(struct tail *tail)
{
    struct weir_host *host = tail->host;
    tail->counters = (struct tail_counters){
        .files = weir_counter_new(host, "tail_files", "Files that are known."),
        .open = weir_counter_new(host, "tail_open_files", "Files that are open."),
        .rotated = weir_counter_new(host, "tail_rotated_files_total",
                                    "Files that lost a name and were held."),
        .deleted = weir_counter_new(host, "tail_deleted_files_total",
                                    "Files that were deleted while they were open."),
        .truncated =
            weir_counter_new(host, "tail_truncated_files_total", "Truncations that were found."),
        .copies = weir_counter_new(host, "tail_copies_total",
                                   "Truncated files that were read on in their copy."),
        .long_lines =
            weir_counter_new(host, "tail_truncated_lines_total", "Lines cut at max_line."),
        .nul_bytes = weir_counter_new(host, "tail_skipped_nul_bytes_total",
                                      "Bytes of holes in files, skipped."),
        .read_errors = weir_counter_new(host, "tail_read_errors_total", "Reads that failed."),
        .overflows = weir_counter_new(host, "tail_event_overflows_total",
                                      "Times that inotify lost events, so that all was scanned."),
        .scans = weir_counter_new(host, "tail_scans_total", "Scans of all directories."),
        .watches =
            weir_counter_new(host, "tail_watched_directories", "Directories that are watched."),
        .dangling = weir_counter_new(host, "tail_dangling_links",
                                     "Symbolic links whose target is not there."),
    };
}

/* Half of the descriptors that the process may have, at most. */
static void limit_open(struct tail *tail)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        (uint64_t)tail->max_open > limit.rlim_cur / 2)
        tail->max_open = limit.rlim_cur / 2 ? (int64_t)(limit.rlim_cur / 2) : 1;
}

static int in_tail_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct tail *tail = state;
    tail->host = host;
    tail->once = weir_host_once(host);
    tail->inotify = -1;
    tail->block = 1;
    struct tail_list *const lists[] = { &tail->dirs,      &tail->files,   &tail->open,
                                        &tail->ready,     &tail->waiting, &tail->orphans,
                                        &tail->vanishing, &tail->doomed,  &tail->awaited };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        tail_list_init(lists[i]);
    tail->globs = compile(&tail->paths);
    tail->excludes = compile(&tail->exclude);
    tail->scan_path = malloc(PATH_MAX);
    tail->poll = weir_timer_new(host, poll_now);
    tail->alarm = weir_timer_new(host, alarm_now);
    tail->rescan = weir_timer_new(host, rescan_now);
    tail->hunger = weir_timer_new(host, hunger_now);
    if (!is_complete(tail->globs, &tail->paths) || !is_complete(tail->excludes, &tail->exclude) ||
        !tail->scan_path || !tail->poll || !tail->alarm || !tail->rescan || !tail->hunger)
        return weir_error_set(err, -ENOMEM, "out of memory");
    make_counters(tail);
    limit_open(tail);
    return 0;
}

static void free_globs(struct tail_glob **globs)
{
    for (size_t i = 0; globs && globs[i]; i++)
        tail_glob_free(globs[i]);
    free(globs);
}

static void free_names(struct tail *tail)
{
    while (!tail_list_is_empty(&tail->files))
        tail_file_free(tail, tail_of(tail->files.next, struct tail_file, all));
    tail->scan++; /* no directory was seen in this one */
    for (struct tail_list *at = tail->dirs.next, *next; at != &tail->dirs; at = next) {
        struct tail_dir *dir = tail_of(at, struct tail_dir, all);
        next = at->next;
        while (!tail_list_is_empty(&dir->links))
            tail_link_free(tail, tail_of(dir->links.next, struct tail_link, of_dir));
    }
    while (!tail_list_is_empty(&tail->dirs))
        tail_dir_release(tail, tail_of(tail->dirs.next, struct tail_dir, all));
    tail_table_deinit(&tail->files_by_inode);
    tail_table_deinit(&tail->links_by_name);
    tail_table_deinit(&tail->links_by_target);
    tail_table_deinit(&tail->dirs_by_place);
    tail_table_deinit(&tail->dirs_by_watch);
}

static void in_tail_close(void *state)
{
    struct tail *tail = state;
    if (tail->host) {
        tail->block++;
        free_names(tail);
        tail_watch_close(tail);
    }
    free_globs(tail->globs);
    free_globs(tail->excludes);
    free(tail->scan_path);
    tail_listing_deinit(tail);
    weir_timer_free(tail->poll);
    weir_timer_free(tail->alarm);
    weir_timer_free(tail->rescan);
    weir_timer_free(tail->hunger);
}

/* ---- running ---------------------------------------------------------------------------------------------- */

static void poll_now(void *state)
{
    struct tail *tail = state;
    if (tail->stopped)
        return;
    tail_succession_expire(tail);
    tail_hold_limit(tail);
    tail_scan_want(tail);
    tail_scan_settle(tail);
    tail_poll_set(tail);
    tail_reader_run(tail);
}

static void alarm_now(void *state)
{
    struct tail *tail = state;
    tail_hold_alarm(tail);
    tail_scan_settle(tail);
    tail_reader_run(tail);
}

static void rescan_now(void *state)
{
    struct tail *tail = state;
    if (tail->stopped)
        return;
    tail_scan_settle(tail);
    tail_poll_set(tail);
    tail_reader_run(tail);
}

static void hunger_now(void *state)
{
    struct tail *tail = state;
    if (!tail->stopped && tail_memory_look(tail))
        rescan_now(tail);
}

/* A file of an earlier run, as the store has it. */
static void remember(struct tail *tail, const struct weir_stream_state *state)
{
    struct tail_note note;
    if (!tail_note_decode(state->note, state->note_len, &note)) {
        weir_warn(tail->host, "a stored position is not one of a file, leaves it alone",
                  weir_kv_int("position", (int64_t)state->position));
        return;
    }
    struct tail_file *file =
        note.mark ? NULL : tail_file_new(tail, &note.identity, note.generation);
    if (!file)
        return;
    memcpy(file->id, state->id, sizeof(file->id));
    file->has_id = true;
    tail_memory_stored(tail, file);
    file->position = file->scanned = file->size = state->position;
    file->marker = state->check;
    file->modified = state->updated;
    file->remembered = true;
    file->head = note.head;
    file->noted = strndup(note.path.ptr, note.path.len);
    tail_file_unplace(tail, file);
}

/* So that the next start is not taken for the first. */
static void leave_mark(struct tail *tail)
{
    static const char name[] = "started";
    struct weir_stream_state state = { 0 };
    const struct tail_note note = { .mark = true };
    weir_stream_id(tail->host, name, sizeof(name), state.id);
    state.note_len = (uint16_t)tail_note_encode(&note, state.note);
    struct weir_stream *stream = weir_stream_open(tail->host, &state, NULL);
    if (stream)
        weir_stream_close(stream);
}

static int in_tail_start(void *state)
{
    struct tail *tail = state;
    struct weir_stream_state stored;
    size_t count = 0;
    while (weir_stream_stored(tail->host, count, &stored)) {
        remember(tail, &stored);
        if (stored.updated > tail->ran_until)
            tail->ran_until = stored.updated;
        count++;
    }
    tail->first_start = count == 0;
    tail_watch_open(tail);
    tail_scan(tail);
    tail_succession_start(tail);
    if (tail->first_start && tail->read_from == TAIL_END)
        leave_mark(tail);
    tail->first_start = false;
    tail->started = true;
    tail_scan_settle(tail);
    tail_poll_set(tail);
    weir_input_again(tail->host);
    return 0;
}

static void in_tail_work(void *state)
{
    tail_reader_run(state);
}

static void in_tail_committed(void *state, struct weir_stream *stream, uint64_t position)
{
    struct tail *tail = state;
    struct tail_file *file = weir_stream_owner(stream);
    (void)position;
    if (file && file->stream == stream)
        tail_hold_acked(tail, file);
}

static void in_tail_stop(void *state)
{
    struct tail *tail = state;
    tail->stopped = true;
    tail_hold_stop(tail);
    weir_timer_cancel(tail->poll);
    weir_timer_cancel(tail->alarm);
    weir_timer_cancel(tail->rescan);
    weir_timer_cancel(tail->hunger);
    tail_watch_close(tail);
}

WEIR_PLUGIN(in_tail) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_INPUT,
    .name = "tail",
    .summary = "Follows files as they are written, renamed, truncated and deleted.",
    .state_size = sizeof(struct tail),
    .options = options,
    .check = in_tail_check,
    .explain = in_tail_explain,
    .open = in_tail_open,
    .close = in_tail_close,
    .input = {
        .flags = WEIR_REPLAYABLE,
        .start = in_tail_start,
        .work = in_tail_work,
        .resume = in_tail_work,
        .committed = in_tail_committed,
        .stop = in_tail_stop,
        .reads = in_tail_reads,
    },
};
