/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest output: takes everything, keeps nothing. It is the baseline of every benchmark, the
 * skeleton of a new output, and, with `delay`, a sink that is slow on purpose. */
#include <weir/plugin.h>

#include <errno.h>

struct out_null {
    weir_ms delay;
    struct weir_timer *timer;
    struct weir_delivery *waiting;
};

static const struct weir_option options[] = {
    { .name = "delay",
      .type = WEIR_DURATION,
      .offset = offsetof(struct out_null, delay),
      .def = "0s",
      .min = "0s",
      .max = "1h",
      .help = "Answer each batch after this long, as a slow sink would." },
    { 0 },
};

static void settle_waiting(void *state)
{
    struct out_null *self = state;
    struct weir_delivery *delivery = self->waiting;
    self->waiting = NULL;
    if (delivery)
        weir_settle_all(delivery, WEIR_DELIVERED, WEIR_STR_NONE);
}

static int out_null_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct out_null *self = state;
    self->timer = weir_timer_new(host, settle_waiting);
    return self->timer ? 0 : weir_error_set(err, -ENOMEM, "out of memory for a timer");
}

static void out_null_deliver(void *state, struct weir_delivery *delivery)
{
    struct out_null *self = state;
    self->waiting = delivery;
    if (self->delay)
        weir_timer_set(self->timer, self->delay);
    else
        settle_waiting(self);
}

static void out_null_drain(void *state, weir_ms deadline)
{
    struct out_null *self = state;
    (void)deadline;
    if (!self->waiting)
        return;
    weir_timer_cancel(self->timer);
    struct weir_delivery *delivery = self->waiting;
    self->waiting = NULL;
    weir_settle_all(delivery, WEIR_RETRY, WEIR_STR("stopped before its answer"));
}

static void out_null_close(void *state)
{
    struct out_null *self = state;
    self->timer = weir_timer_free(self->timer);
}

WEIR_PLUGIN(out_null) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_OUTPUT,
    .name = "null",
    .summary = "Takes everything, keeps nothing.",
    .state_size = sizeof(struct out_null),
    .options = options,
    .open = out_null_open,
    .close = out_null_close,
    .output = { .deliver = out_null_deliver, .drain = out_null_drain },
};
