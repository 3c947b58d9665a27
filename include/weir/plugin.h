/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PLUGIN_H
#define WEIR_PLUGIN_H

/* The page a plugin author reads first.
 *
 * A plugin is one constant descriptor: what it is, a table of options, a few callbacks. It is built into
 * the agent, into one of the agent's modules (when it needs a library that others should not carry), or
 * as a shared object in `service.plugin_path` that exports the descriptor under the name `weir_plugin`; the
 * source is the same.
 *
 *   step                 thread                 what a plugin does
 *   describe             -                      nothing: the table is data
 *   check, explain,      main                   looks at the options alone: no files, no network, nothing kept
 *     reserve, reads,
 *     writes
 *   inspect              main                   `weir validate` alone: looks whether the world is as the options
 *                                               say
 *   open                 main, once             opens what it needs; never the network (a dead sink must not
 *                                               block the start)
 *   input.start, work,   the instance's own     reads into blocks, finds boundaries, emits; when
 *     resume, committed    loop                   weir_block_new() says NULL it returns
 *   input.stop           the same               no more will be asked for: stop reading
 *   filter.apply         the pipeline's         edits the records of one batch in place
 *                          filter stage
 *   output.deliver,      the instance's own     starts sending; settles each record once, later, from any
 *     drain, reopen        loop                   thread; never sleeps, retries or backs off: the host does
 *   codec.encode         the output's           turns records into bytes
 *   close                main, once             frees; runs even if `open` failed, on zeroed state if it
 *                                               never ran
 *
 * Callbacks of one instance never overlap, so a plugin needs no locks. Only functions marked
 * "@thread any" may be called from a foreign thread. No callback may block for long. */

#include <weir/codec.h>
#include <weir/host.h>
#include <weir/option.h>
#include <weir/severity.h>
#include <weir/template.h>
#include <weir/time.h>

/* Grows when anything in include/weir changes its layout or meaning; the agent refuses a plugin of
 * another number. */
#define WEIR_PLUGIN_ABI 3

/* Begins the definition of a plugin's descriptor:
 *     WEIR_PLUGIN(out_null) = { .abi = WEIR_PLUGIN_ABI, .kind = WEIR_OUTPUT, ... };
 * The symbol is in_, filter_, out_ or codec_ and the name; the agent's modules export it. `pkg-config
 * --cflags weir` defines WEIR_PLUGIN_SHARED for plugins built out of tree. */
#ifdef WEIR_PLUGIN_SHARED
#define WEIR_PLUGIN(symbol)                                                                        \
    WEIR_API extern const struct weir_plugin weir_plugin;                                          \
    const struct weir_plugin weir_plugin
#else
#define WEIR_PLUGIN(symbol)                                                                        \
    WEIR_API extern const struct weir_plugin weir_plugin_##symbol;                                 \
    const struct weir_plugin weir_plugin_##symbol
#endif

enum weir_kind { WEIR_INPUT = 1, WEIR_FILTER, WEIR_OUTPUT, WEIR_CODEC_PLUGIN };

/* What an input's source is. */
enum weir_input_flags {
    WEIR_REPLAYABLE = 1, /* it can be read again from a position: it waits when memory is full */
};

struct weir_plugin {
    uint32_t abi; /* WEIR_PLUGIN_ABI */
    enum weir_kind kind;
    const char *name, *summary;        /* "tail"; one sentence */
    size_t state_size;                 /* the host gives each instance so many zeroed bytes */
    const struct weir_option *options; /* ended by a row without a name; may be NULL */

    /* Looks at the filled-in options: ranges across options, patterns that must compile. Pure; the one
     * thing besides the table that `weir validate` runs. 0, or a negative errno and *err set. Optional. */
    int (*check)(void *self, struct weir_error *err);
    /* What these options mean for what can be lost, repeated or delayed, and for an output, when it says
     * that a record is delivered: sentences, each ended by a newline, for `weir explain`. Pure, as `check`
     * is. Optional. */
    void (*explain)(const void *self, struct weir_bytes *out);
    /* The bytes that an instance with these options may use, at most, beside the batches that it is given:
     * libraries and their threads, what is kept for each record under way. They count against
     * service.memory_limit, and keeping within them is the plugin's business. Pure, as `check` is, and called
     * after it. Optional: without it, what the instance uses is too little to count. */
    uint64_t (*reserve)(const void *self);
    /* Whether the world is as the options say, for `weir validate`: reads files that they name, and, with --online, asks
     * the network and waits for its answers, some seconds. Says what it finds by weir_inspection_good() and its like. Changes
     * nothing; the instance is not open, and is not opened after. Optional. */
    void (*inspect)(void *self, struct weir_inspection *inspection);
    /* 0, or a negative errno and *err set. Optional. */
    int (*open)(void *self, struct weir_host *host, struct weir_error *err);
    void (*close)(void *self);

    union {
        struct {
            unsigned flags; /* enum weir_input_flags */
            /* Registers descriptors and timers, opens streams. 0, or a negative errno: the input then
             * has failed, which is told and shown. */
            int (*start)(void *self);
            /* Reads for a while, a block or so, and asks to be called again with weir_input_again(). */
            void (*work)(void *self);
            /* The pipeline has room again after weir_block_new() said NULL. */
            void (*resume)(void *self);
            /* Everything before `position` of the stream is safe: let go of it. Optional. */
            void (*committed)(void *self, struct weir_stream *stream, uint64_t position);
            /* Stop reading: nothing is emitted after this returns. Optional. */
            void (*stop)(void *self);
            /* Whether the file at `path`, an absolute one, would be read: an agent that reads what it
             * writes would never come to an end. Pure, as `check` is. Optional. */
            bool (*reads)(const void *self, struct weir_str path);
        } input;
        struct {
            /* Edits the batch: fields, severity, times, ids; drops records. */
            void (*apply)(void *self, struct weir_batch *batch);
        } filter;
        struct {
            /* How many bytes of batches are worth having under way for this sink; 0: as many as the
             * buffer holds. A local file is fastest with few, a distant service with many. */
            size_t window;
            /* Starts delivering; settles later or at once. At most one delivery is under way unless
             * `parallel` says more. */
            void (*deliver)(void *self, struct weir_delivery *delivery);
            unsigned parallel; /* 0 counts as 1 */
            /* The deadline of the agent's stop, in milliseconds from now: let go of every delivery by
             * then, settled as WEIR_RETRY where nothing better is known. Optional. */
            void (*drain)(void *self, weir_ms deadline);
            /* USR1: files were moved away. Optional. */
            void (*reopen)(void *self);
            /* The one file that is written, by its absolute path, which lives as long as the options;
             * empty when it depends on the records. Pure, as `check` is. Optional. */
            struct weir_str (*writes)(const void *self);
            /* Its library frees buffers of up to 1 MiB or so all the time and takes new ones: freed memory then stays with
             * the process, up to 4 MiB, which `reserve` has in it, for the kernel would have to clear each page again. */
            bool reuses_freed;
        } output;
        struct {
            unsigned flags; /* enum weir_codec_flags */
            /* See weir_encode() and weir_encode_view(); `view` is optional. A codec refuses the record at
             * `at` by setting out->refused, when nothing was added by this call. */
            uint32_t (*encode)(void *self, const struct weir_slice *slice, uint32_t at,
                               struct weir_bytes *out, size_t want);
            uint32_t (*view)(void *self, const struct weir_slice *slice, uint32_t at,
                             struct weir_str *ret_bytes);
            /* See weir_encoder_set_schema(); of codecs with WEIR_CODEC_SCHEMA. */
            int (*set_schema)(void *self, const struct weir_schema *schema, struct weir_error *err);
            /* See weir_encoder_left_out(). Optional. */
            uint64_t (*left_out)(const void *self);
        } codec;
    };
};

#endif
