/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_HOST_H
#define WEIR_HOST_H

#include <weir/batch.h>
#include <weir/error.h>

/* What the agent offers to a plugin instance. Unless a function says "@thread any", it is called on
 * the instance's own thread (or from `open`, before that thread runs). */
struct weir_host;

/* ---- who am I ------------------------------------------------------------------------------------ */

WEIR_API const char *weir_host_pipeline(const struct weir_host *host);
WEIR_API const char *weir_host_id(const struct weir_host *host); /* "tail", "tail.2", or `id:` */
WEIR_API const char *weir_host_data_dir(const struct weir_host *host);
/* True under `weir run --once`: an input calls weir_input_end() when its source has no more. */
WEIR_API bool weir_host_once(const struct weir_host *host);

/* Which host and agent this is, read once at start; "" where it is not known. */
struct weir_identity {
    const char *host_name;
    const char *host_id;       /* the machine id: 32 lower-case hexadecimal digits */
    const char *boot_id;       /* a UUID as text */
    const char *host_arch;     /* as OpenTelemetry has it: "amd64", "arm64", ... */
    const char *os_id;         /* os-release(5): "debian" */
    const char *os_version;    /* "12" */
    const char *os_name;       /* "Debian GNU/Linux 12 (bookworm)" */
    const char *agent_version; /* "0.1.0" */
    const char *agent_id; /* this installation: a UUID, drawn when its data directory was made */
};
/* Lives as long as the instance. */
WEIR_API const struct weir_identity *weir_host_identity(const struct weir_host *host);

/* ---- messages: what the agent says about itself, on stderr ------------------------------------------ */

enum weir_level { WEIR_DEBUG, WEIR_INFO, WEIR_WARN, WEIR_ERROR };

struct weir_kv {
    const char *key;
    enum { WEIR_KV_STR, WEIR_KV_INT } type;
    struct weir_str str;
    int64_t num;
};

#define weir_kv_str(k, v)                                                                          \
    ((struct weir_kv){ .key = (k), .type = WEIR_KV_STR, .str = weir_str_of(v) })
#define weir_kv_text(k, v) ((struct weir_kv){ .key = (k), .type = WEIR_KV_STR, .str = (v) })
#define weir_kv_int(k, v) ((struct weir_kv){ .key = (k), .type = WEIR_KV_INT, .num = (v) })

/* One message: a constant text, and what varies as keys and values. Repeats are limited by the host.
 * Never blocks. @thread any. */
WEIR_API void weir_message(struct weir_host *host, enum weir_level level, const char *text,
                           const struct weir_kv *kvs, size_t count);

#define weir_msg(host, level, text, ...)                                                           \
    weir_message(host, level, text, (struct weir_kv[]){ __VA_ARGS__ },                             \
                 sizeof((struct weir_kv[]){ __VA_ARGS__ }) / sizeof(struct weir_kv))
#define weir_debug(host, ...) weir_msg(host, WEIR_DEBUG, __VA_ARGS__)
#define weir_info(host, ...) weir_msg(host, WEIR_INFO, __VA_ARGS__)
#define weir_warn(host, ...) weir_msg(host, WEIR_WARN, __VA_ARGS__)
#define weir_error(host, ...) weir_msg(host, WEIR_ERROR, __VA_ARGS__)

/* ---- counters -------------------------------------------------------------------------------------- */

/* A number of the plugin's own on /metrics, as weir_<name>{pipeline,plugin}: declared in `open`, never
 * removed, name and help constant. Counter names end in _total and only grow; others are gauges. NULL
 * only when memory is short, and adding to NULL does nothing. */
struct weir_counter;
WEIR_API struct weir_counter *weir_counter_new(struct weir_host *host, const char *name,
                                               const char *help);
/* The same with a label more, whose values are few and follow from the configuration: weir_<name>{pipeline,plugin,<label>}.
 * Label and value are copied. */
WEIR_API struct weir_counter *weir_counter_labelled(struct weir_host *host, const char *name,
                                                    const char *help, const char *label,
                                                    const char *value);
WEIR_API void weir_counter_add(struct weir_counter *counter, int64_t n); /* @thread any */
WEIR_API void weir_counter_set(struct weir_counter *counter, int64_t n); /* @thread any */

/* ---- the instance's event loop ----------------------------------------------------------------------- */

typedef void weir_call_f(void *self);

struct weir_watch;
enum weir_watch_flags {
    WEIR_READABLE = 1,
    WEIR_WRITABLE = 2,
    /* Under load, look at this descriptor at intervals of some milliseconds instead of at every event,
     * as network cards moderate interrupts; when it is quiet the first event is handled at once. */
    WEIR_MODERATED = 4,
};

/* Calls `call(self)` whenever `fd` is ready, until the watch is stopped. NULL when memory is short or
 * the descriptor cannot be watched (a regular file): errno says why. The fd stays the caller's; stop
 * the watch before closing it. */
WEIR_API struct weir_watch *weir_watch_start(struct weir_host *host, int fd, unsigned flags,
                                             weir_call_f *call);
WEIR_API struct weir_watch *
weir_watch_stop(struct weir_watch *watch); /* NULL is fine; returns NULL */

struct weir_timer;
WEIR_API struct weir_timer *weir_timer_new(struct weir_host *host, weir_call_f *call);
WEIR_API void weir_timer_set(struct weir_timer *timer, weir_ms after); /* once; again replaces it */
WEIR_API void weir_timer_cancel(struct weir_timer *timer);
WEIR_API struct weir_timer *weir_timer_free(struct weir_timer *timer);

WEIR_API weir_ms weir_now(const struct weir_host *host);      /* monotonic */
WEIR_API int64_t weir_now_wall(const struct weir_host *host); /* nanoseconds since 1970 UTC */

/* ---- inputs: streams ------------------------------------------------------------------------------------ */

/* A stream is one source of ordered positions: a file, a journal, a connection. The host keeps, for
 * each, the largest contiguous acked position in the positions store, with two things of the input's
 * own: a `check` (a 64-bit value that belongs to that very position, such as a hash of the bytes before
 * it; 0 after a person has set the position) and a `note` (what the source is: identity, fingerprint,
 * path; `weir positions` shows the text that it ends with).
 *
 * A stream is opened and closed by its input. Closing it does not forget its position: the stream lives
 * until its last batch has come back, and then stays in the store until weir_stream_forget(). */
#define WEIR_NOTE_MAX 128

struct weir_stream_state {
    uint8_t id[16];
    uint64_t position;
    uint64_t check;
    int64_t updated; /* nanoseconds since 1970 UTC */
    uint16_t note_len;
    unsigned char note[WEIR_NOTE_MAX];
};

/* What the store holds for this input from earlier runs: entry `index` from 0 up, false after the
 * last. For `open` and `start`. */
WEIR_API bool weir_stream_stored(struct weir_host *host, size_t index,
                                 struct weir_stream_state *ret);

/* A stream with the id, position, check and note in `state`: a stored one continued, or a new one. The
 * `id` of a new one is made by weir_stream_id(). `owner` comes back in `committed`. NULL when memory is
 * short or two open streams would have one id. */
WEIR_API struct weir_stream *weir_stream_open(struct weir_host *host,
                                              const struct weir_stream_state *state, void *owner);

/* A 128-bit id from machine id, pipeline and input id, and what identifies the source. */
WEIR_API void weir_stream_id(const struct weir_host *host, const void *identity, size_t len,
                             uint8_t ret_id[16]);

/* Replaces the note; it is stored within some milliseconds, with the position. With `sync`, returns
 * only when it is on stable storage (0, or -errno: then it is stored as soon as that is possible). */
WEIR_API int weir_stream_note(struct weir_stream *stream, const void *note, size_t len, bool sync);

/* The committed position: everything before it has been acked by every output. */
WEIR_API uint64_t weir_stream_committed(const struct weir_stream *stream);
/* True when nothing of this stream is under way. */
WEIR_API bool weir_stream_is_idle(const struct weir_stream *stream);
WEIR_API void *weir_stream_owner(const struct weir_stream *stream);
struct weir_attribute {
    struct weir_str name, value;
};

/* What is known about the source, for codecs that are asked for it (`source: true`): `log.file.path`
 * and the like. Copied; replaces what was said before for batches emitted from now on. `position_name` is the attribute that
 * a record's position goes by ("log.file.offset"), or NULL. */
WEIR_API int weir_stream_describe(struct weir_stream *stream,
                                  const struct weir_attribute *attributes, size_t count,
                                  const char *position_name);

/* The input is through with it. After the last batch of it has come back it is freed. */
WEIR_API void weir_stream_close(struct weir_stream *stream);
/* The same, and the position is taken out of the store: the source is gone for good. */
WEIR_API void weir_stream_forget(struct weir_stream *stream);

/* ---- inputs: memory for what is known of sources ------------------------------------------------------------ */

/* Batches have their budget. What grows with the number of sources (files, connections) is charged to another
 * one, which all inputs share: a source that would be one too many is not begun with until there is room.
 *
 * Adds `bytes` to what is in use, or, negative, takes them off: also where there is no room, for what cannot be
 * left. The host does it for streams and positions itself. @thread any. */
WEIR_API void weir_sources_charge(struct weir_host *host, int64_t bytes);
/* Whether a source that takes so many bytes, its position included, may be begun with. Nobody tells when there
 * is room again: ask now and then. @thread any. */
WEIR_API bool weir_sources_room(const struct weir_host *host, size_t bytes);
/* So many sources wait for room: the messages, /readyz and `weir status` tell, until it is 0. */
WEIR_API void weir_sources_waiting(struct weir_host *host, uint64_t count);

/* ---- inputs: blocks -------------------------------------------------------------------------------------- */

/* A block is the memory of a batch to be: read into it, say what was found, hand it over. To get a
 * block is to get admission: NULL means that the pipeline's memory is full; stop reading and return,
 * the host calls `resume` when there is room. */
struct weir_block;

#define WEIR_BLOCK_BYTES (256 * 1024)

/* Room for at least `bytes` bytes (WEIR_BLOCK_BYTES is the size that costs nothing). */
WEIR_API struct weir_block *weir_block_new(struct weir_host *host, size_t bytes);
/* Where the next bytes go, and how many. */
WEIR_API char *weir_block_room(struct weir_block *block, size_t *ret_room);

/* What one weir_block_lines() call took. */
struct weir_lines {
    size_t bytes;   /* taken, up to and including the last newline */
    uint32_t count; /* records added */
};

/* Finds the lines in the next `len` bytes of the block's room, which the caller has just filled from
 * `stream` at `position`, and adds a run of them. Bytes after the last newline are not taken, and the
 * room starts again where the taken ones ended. A block has an index of limited size, so that it may
 * take fewer lines than there are. `check` is called with the taken bytes to make the run's check; NULL:
 * 0. */
typedef uint64_t weir_check_f(const char *data, size_t len);
WEIR_API struct weir_lines weir_block_lines(struct weir_block *block, struct weir_stream *stream,
                                            uint64_t position, size_t len, unsigned run_flags,
                                            weir_check_f *check);

/* Adds one record by hand: the next `len` bytes of the room (without terminator; one byte more must be
 * free, the host puts '\n' there), which covers positions [from, to) of the stream. Returns false when
 * the block's index is full: emit it and take another. */
WEIR_API WEIR_MUST_USE bool weir_block_record(struct weir_block *block, struct weir_stream *stream,
                                              uint64_t from, uint64_t to, uint64_t check,
                                              size_t len, unsigned run_flags);

/* True while nothing has been added. */
WEIR_API bool weir_block_is_empty(const struct weir_block *block);

/* Hands the block over to the pipeline (an empty one is given back). The block is gone. */
WEIR_API void weir_emit(struct weir_host *host, struct weir_block *block);

/* Calls `work` of the input again, after other events have had their turn. */
WEIR_API void weir_input_again(struct weir_host *host);
/* The source has no more, and never will: with --once, the agent stops when every input has said so
 * and everything is settled. */
WEIR_API void weir_input_end(struct weir_host *host);
/* The input cannot go on, or, with --once, could not read all that is there: /readyz and the exit status
 * tell. It counts as ended. `why` goes into the messages. */
WEIR_API void weir_input_fail(struct weir_host *host, struct weir_str why);
/* Lost before it could be read: counted as weir_input_lost_*_total{reason}. `reason` is one of a few
 * constant words. */
WEIR_API void weir_input_lost(struct weir_host *host, const char *reason, uint64_t records,
                              uint64_t bytes);
/* The source of a replayable input is about to vanish (a file that was deleted), or no longer is: while `on`,
 * what it reads does not wait for outputs but goes to the disk tier, where there is one. */
WEIR_API void weir_input_rescue(struct weir_host *host, bool on);
/* Bytes known to wait in the source, for weir_input_lag_bytes. */
WEIR_API void weir_input_lag(struct weir_host *host, uint64_t bytes);

/* ---- outputs: deliveries ------------------------------------------------------------------------------------- */

/* A delivery is one batch on its way to one output: what is to be sent of it now. It is the plugin's
 * from `deliver` until its last record has been settled; then it is gone. */
struct weir_delivery;

enum weir_outcome {
    WEIR_DELIVERED, /* the sink has it, as safely as this output promises */
    WEIR_RETRY,     /* not now: the host delivers it again, after a pause that grows */
    WEIR_REJECTED,  /* the sink will never take it: it goes to the dead letters */
    /* The same, but there is nothing to park: it is dropped, and counted under the reason "rejected". Of records that a
     * sink has rejected without saying which they are, any of those that it may mean, as many as it says: so they
     * count as lost, once each, and nobody knows which they were. */
    WEIR_DROPPED,
};

WEIR_API const struct weir_slice *weir_delivery_slice(const struct weir_delivery *delivery);

/* The outcome of the records of the slice among [first, first + count), each given once. `why` goes
 * into the messages. @thread any. */
WEIR_API void weir_settle(struct weir_delivery *delivery, uint32_t first, uint32_t count,
                          enum weir_outcome outcome, struct weir_str why);
/* The same for all of it. @thread any. */
WEIR_API void weir_settle_all(struct weir_delivery *delivery, enum weir_outcome outcome,
                              struct weir_str why);

/* The sink will take nothing for at least that long (credentials, a missing table, Retry-After): hold
 * every delivery, and say so. `why` shows in /readyz and `weir status`. @thread any. */
WEIR_API void weir_pause(struct weir_host *host, weir_ms at_least, struct weir_str why);

/* An output that tries again by itself, because it has several requests under way and one that fails
 * concerns no other, says so here: it is counted in weir_retries_total, and `why` shows in `weir status`
 * until something is delivered. Settling as WEIR_RETRY is for outputs that leave it to the host. @thread any. */
WEIR_API void weir_retried(struct weir_host *host, struct weir_str why);

/* Small durable state of an output (the committed size of a file, say): kept in the positions store
 * under `key`, written as positions are. */
WEIR_API bool weir_state_get(struct weir_host *host, const void *key, size_t key_len,
                             struct weir_stream_state *ret);
WEIR_API void weir_state_put(struct weir_host *host, const void *key, size_t key_len,
                             uint64_t value, const void *note, size_t note_len);

/* Bytes written to the sink, for weir_output_bytes_total. @thread any. */
WEIR_API void weir_output_bytes(struct weir_host *host, uint64_t bytes);

/* ---- `weir validate`: see `inspect` in plugin.h ------------------------------------------------------------------ */

struct weir_inspection;

/* Whether the network may be asked. */
WEIR_API bool weir_inspection_online(const struct weir_inspection *inspection);
WEIR_API const char *weir_inspection_pipeline(const struct weir_inspection *inspection);
WEIR_API const char *weir_inspection_id(const struct weir_inspection *inspection);
WEIR_API const char *weir_inspection_data_dir(const struct weir_inspection *inspection);
/* What was found: that something is as it should be; that it is not, which makes the configuration wrong; that it could not be
 * found out. `option` is the one that it is about ("schema.version"), whose place is printed; "" for none. */
WEIR_API void weir_inspection_good(struct weir_inspection *inspection, const char *option,
                                   const char *format, ...) WEIR_PRINTF(3, 4);
WEIR_API void weir_inspection_wrong(struct weir_inspection *inspection, const char *option,
                                    const char *format, ...) WEIR_PRINTF(3, 4);
WEIR_API void weir_inspection_doubt(struct weir_inspection *inspection, const char *option,
                                    const char *format, ...) WEIR_PRINTF(3, 4);

#endif
