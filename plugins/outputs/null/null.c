/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest output: takes everything, keeps nothing. It is the baseline of every benchmark, the
 * skeleton of a new output, and, with `delay`, a sink that is slow on purpose. */
#include <weir/plugin.h>

#include <errno.h>

struct out_null {
    weir_ms delay;
    struct weir_timer *timer;
    struct weir_host *host;
    struct weir_delivery *waiting;
    weir_ms let_go; /* the agent's deadline, as weir_now(); 0: it runs */
    bool too_late;  /* the timer stands for the deadline, not for the answer */
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

static void answer(void *state)
{
    struct out_null *self = state;
    struct weir_delivery *delivery = self->waiting;
    self->waiting = NULL;
    if (!delivery)
        return;
    if (self->too_late)
        weir_settle_all(delivery, WEIR_RETRY, WEIR_STR("stopped before its answer"));
    else
        weir_settle_all(delivery, WEIR_DELIVERED, WEIR_STR_NONE);
}

static void out_null_explain(const void *state, struct weir_bytes *out)
{
    static const char text[] = "A record is delivered at once, or after the delay, and is gone.\n";
    (void)state;
    (void)!weir_bytes_add(out, text, sizeof(text) - 1);
}

static int out_null_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct out_null *self = state;
    self->host = host;
    self->timer = weir_timer_new(host, answer);
    return self->timer ? 0 : weir_error_set(err, -ENOMEM, "out of memory for a timer");
}

/* Answers after `wait`, or says at the deadline that there is no answer. */
static void answer_after(struct out_null *self, weir_ms wait)
{
    if (self->let_go && weir_now(self->host) + wait > self->let_go) {
        weir_ms left = self->let_go - weir_now(self->host);
        self->too_late = true;
        wait = left > 0 ? left : 0;
    }
    weir_timer_set(self->timer, wait);
}

static void out_null_deliver(void *state, struct weir_delivery *delivery)
{
    struct out_null *self = state;
    self->waiting = delivery;
    if (self->delay)
        answer_after(self, self->delay);
    else
        answer(self);
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
    .explain = out_null_explain,
    .open = out_null_open,
    .close = out_null_close,
    .output = { .deliver = out_null_deliver },
};
