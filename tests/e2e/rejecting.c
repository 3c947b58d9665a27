/* SPDX-License-Identifier: Apache-2.0 */
/* An output that rejects by content, as services do: `{type: rejecting, path: FILE, reject: bad, mercy: FILE}` takes lines
 * without the text `reject` into `path`, and answers the others with words of its own. Once the file `mercy` is there it
 * takes everything. `each: true`: other words for each record. `delay`: it answers so much later. */
#include <weir/plugin.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct out_rejecting {
    char *path, *reject, *mercy;
    bool each;
    weir_ms delay;
    struct weir_timer *timer;
    struct weir_delivery *delivery;
    FILE *file;
};

static const struct weir_option options[] = {
    { .name = "path",
      .type = WEIR_TEXT,
      .offset = offsetof(struct out_rejecting, path),
      .required = true,
      .help = "Where lines go." },
    { .name = "reject",
      .type = WEIR_TEXT,
      .offset = offsetof(struct out_rejecting, reject),
      .required = true,
      .help = "Text of lines that are rejected." },
    { .name = "mercy",
      .type = WEIR_TEXT,
      .offset = offsetof(struct out_rejecting, mercy),
      .def = "/nowhere",
      .help = "A file; while it is there nothing is rejected." },
    { .name = "each",
      .type = WEIR_BOOL,
      .offset = offsetof(struct out_rejecting, each),
      .def = "false",
      .help = "Other words for each record." },
    { .name = "delay",
      .type = WEIR_DURATION,
      .offset = offsetof(struct out_rejecting, delay),
      .def = "0s",
      .help = "How long an answer takes." },
    { 0 },
};

static bool is_bad(const struct out_rejecting *self, struct weir_str line)
{
    return memmem(line.ptr, line.len, self->reject, strlen(self->reject)) != NULL;
}

static void answer(void *state)
{
    struct out_rejecting *self = state;
    struct weir_delivery *delivery = self->delivery;
    const struct weir_slice *slice = weir_delivery_slice(delivery);
    const struct weir_batch *batch = slice->batch;
    const uint32_t end = slice->first + slice->count;
    const bool merciful = access(self->mercy, F_OK) == 0;
    uint32_t *list = malloc(slice->count * sizeof(*list)), count = 0;
    bool *bad = malloc(slice->count * sizeof(*bad));
    if (!list || !bad)
        abort();
    for (uint32_t i = weir_slice_next(slice, slice->first); i < end;
         i = weir_slice_next(slice, i + 1)) {
        struct weir_str line = weir_batch_line(batch, i);
        bad[count] = !merciful && is_bad(self, line);
        if (!bad[count])
            fprintf(self->file, "%.*s\n", (int)line.len, line.ptr);
        list[count++] = i;
    }
    fflush(self->file);
    self->delivery = NULL;
    for (uint32_t k = 0; k < count; k++) { /* with the last answer the delivery is gone */
        char words[200];
        struct weir_str line = weir_batch_line(batch, list[k]);
        int len = self->each ? snprintf(words, sizeof(words), "cannot parse \"%.*s\"",
                                        (int)(line.len < 100 ? line.len : 100), line.ptr)
                             : snprintf(words, sizeof(words), "400: %s", self->reject);
        weir_settle(delivery, list[k], 1, bad[k] ? WEIR_REJECTED : WEIR_DELIVERED,
                    (struct weir_str){ words, (size_t)len });
    }
    free(list);
    free(bad);
}

static void rejecting_deliver(void *state, struct weir_delivery *delivery)
{
    struct out_rejecting *self = state;
    self->delivery = delivery;
    if (self->delay)
        weir_timer_set(self->timer, self->delay);
    else
        answer(self);
}

static void rejecting_drain(void *state, weir_ms deadline)
{
    (void)state;
    (void)deadline;
}

static int rejecting_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct out_rejecting *self = state;
    self->file = fopen(self->path, "ae");
    self->timer = weir_timer_new(host, answer);
    return self->file && self->timer ? 0 : weir_error_set(err, -EIO, "cannot open %s", self->path);
}

static void rejecting_close(void *state)
{
    struct out_rejecting *self = state;
    weir_timer_free(self->timer);
    if (self->file)
        fclose(self->file);
}

WEIR_PLUGIN(out_rejecting) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_OUTPUT,
    .name = "rejecting",
    .summary = "Rejects by content.",
    .state_size = sizeof(struct out_rejecting),
    .options = options,
    .open = rejecting_open,
    .close = rejecting_close,
    .output = { .deliver = rejecting_deliver, .drain = rejecting_drain },
};
