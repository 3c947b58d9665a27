/* SPDX-License-Identifier: Apache-2.0 */
/* Says of every record where it comes from: fields out of the configuration, the host, the operating
 * system, the agent.
 *
 * All of it is known when the agent starts, so that the fields are made once, and a record costs their
 * copying. A name that the record has already must not come twice: where a mask of our names' lengths says
 * that a field may be called like one of ours, names are compared.
 *
 * What a record says of itself stays, since a log line may well know its `env` better than the host that it
 * was found on. Whoever must not be lied to says `override: true`. */
#include <weir/plugin.h>

#include <errno.h>
#include <stdlib.h>

struct filter_context {
    /* Options. */
    struct weir_pairs pairs;
    bool with_host, with_os, with_agent, override;

    /* Made by open. */
    struct weir_host *host;
    struct weir_field *fields;
    uint32_t count;
    uint64_t lengths; /* of the fields' names: bit (length mod 64) */
};

/* How many fields the three flags add. */
enum { IDENTITY_FIELDS_MAX = 10 };

static const struct weir_option options[] = {
    { .name = "fields",
      .type = WEIR_PAIRS,
      .offset = offsetof(struct filter_context, pairs),
      .help =
          "Fields that every record gets: `{env: prod, shard: 7, region: \"${REGION}\"}`. In quotes a "
          "value is a text whatever it looks like." },
    { .name = "host",
      .type = WEIR_BOOL,
      .offset = offsetof(struct filter_context, with_host),
      .def = "true",
      .help = "Adds `host.name` and `host.id` (the machine id)." },
    { .name = "os",
      .type = WEIR_BOOL,
      .offset = offsetof(struct filter_context, with_os),
      .def = "false",
      .help = "Adds `os.type`, `os.name`, `os.version`, `os.description` and `host.arch`." },
    { .name = "agent",
      .type = WEIR_BOOL,
      .offset = offsetof(struct filter_context, with_agent),
      .def = "false",
      .help = "Adds `agent.type` (weir), `agent.version` and `agent.id` (this installation)." },
    { .name = "override",
      .type = WEIR_BOOL,
      .offset = offsetof(struct filter_context, override),
      .def = "false",
      .help =
          "Replace fields of these names that a record has already. Without it what the record says "
          "of itself stays." },
    { 0 },
};

/* Whether JSON has the text as it is. (Bytes above 0x7f may, but are left to be checked.) */
static bool is_clean(struct weir_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\')
            return false;
    }
    return true;
}

static int filter_context_check(void *state, struct weir_error *err)
{
    const struct filter_context *self = state;
    for (size_t i = 0; i < self->pairs.count; i++)
        if (strlen(self->pairs.items[i].name) > UINT16_MAX)
            return weir_error_option(err, "fields", "a name is longer than %d bytes", UINT16_MAX);
    if (!self->pairs.count && !self->with_host && !self->with_os && !self->with_agent)
        return weir_error_option(err, "fields",
                                 "nothing is added: give `fields`, or one of host, os, agent");
    return 0;
}

static void add(struct filter_context *self, const char *name, const char *value,
                enum weir_value type)
{
    struct weir_str name_text = weir_str_of(name), text = weir_str_of(value);
    self->fields[self->count++] = (struct weir_field){
        .name = name,
        .name_len = (uint16_t)name_text.len,
        .value = value,
        .value_len = (uint32_t)text.len,
        .type = (uint8_t)type,
        .flags = (uint8_t)((is_clean(name_text) ? WEIR_NAME_CLEAN : 0) |
                           (is_clean(text) ? WEIR_VALUE_CLEAN : 0)),
    };
    self->lengths |= (uint64_t)1 << (name_text.len % 64);
}

static void add_known(struct filter_context *self, const char *name, const char *value)
{
    if (value[0]) /* "" is what nobody knows */
        add(self, name, value, WEIR_VALUE_STRING);
}

static void add_identity(struct filter_context *self, const struct weir_identity *identity)
{
    if (self->with_host) {
        add_known(self, "host.name", identity->host_name);
        add_known(self, "host.id", identity->host_id);
    }
    if (self->with_os) {
        add_known(self, "host.arch", identity->host_arch);
        add_known(self, "os.type", "linux");
        add_known(self, "os.name", identity->os_id);
        add_known(self, "os.version", identity->os_version);
        add_known(self, "os.description", identity->os_name);
    }
    if (self->with_agent) {
        add_known(self, "agent.type", "weir");
        add_known(self, "agent.version", identity->agent_version);
        add_known(self, "agent.id", identity->agent_id);
    }
}

static bool is_configured(const struct filter_context *self, const struct weir_field *field)
{
    struct weir_str name = { field->name, field->name_len };
    for (size_t i = 0; i < self->pairs.count; i++)
        if (weir_str_eq(name, weir_str_of(self->pairs.items[i].name)))
            return true;
    return false;
}

/* What the configuration says by name wins over what the host is found to be. */
static void drop_configured(struct filter_context *self)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < self->count; i++)
        if (!is_configured(self, &self->fields[i]))
            self->fields[kept++] = self->fields[i];
    self->count = kept;
}

static int filter_context_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct filter_context *self = state;
    self->host = host;
    self->fields = calloc(self->pairs.count + IDENTITY_FIELDS_MAX, sizeof(*self->fields));
    if (!self->fields)
        return weir_error_set(err, -ENOMEM, "out of memory");
    add_identity(self, weir_host_identity(host));
    drop_configured(self);
    for (size_t i = 0; i < self->pairs.count; i++) {
        const struct weir_pair *pair = &self->pairs.items[i];
        add(self, pair->name, pair->value,
            pair->quoted ? WEIR_VALUE_STRING : weir_value_of(weir_str_of(pair->value)));
    }
    return 0;
}

static void filter_context_close(void *state)
{
    struct filter_context *self = state;
    free(self->fields);
    self->fields = NULL;
}

static bool is_ours(const struct filter_context *self, const struct weir_field *field)
{
    if (field->flags & WEIR_NAME_ESCAPED)
        return true; /* it may be */
    for (uint32_t i = 0; i < self->count; i++)
        if (self->fields[i].name_len == field->name_len &&
            memcmp(self->fields[i].name, field->name, field->name_len) == 0)
            return true;
    return false;
}

static bool has_ours(const struct filter_context *self, const struct weir_record *record)
{
    for (uint32_t i = 0; i < record->count; i++) {
        const struct weir_field *field = &record->fields[i];
        bool may_be =
            self->lengths >> (field->name_len % 64) & 1 || field->flags & WEIR_NAME_ESCAPED;
        if (may_be && is_ours(self, field))
            return true;
    }
    return false;
}

static int add_one_by_one(const struct filter_context *self, struct weir_batch *batch,
                          struct weir_record *record)
{
    for (uint32_t i = 0; i < self->count; i++) {
        const struct weir_field *field = &self->fields[i];
        if (!self->override &&
            weir_record_find(record, (struct weir_str){ field->name, field->name_len }) >= 0)
            continue;
        int r = weir_record_set(batch, record, field);
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_to(const struct filter_context *self, struct weir_batch *batch,
                  struct weir_record *record)
{
    if (has_ours(self, record))
        return add_one_by_one(self, batch, record);
    const uint32_t count = record->count, total = count + self->count;
    if (total > record->room) {
        struct weir_field *fields = weir_batch_fields(batch, total);
        if (!fields)
            return -ENOMEM;
        if (count)
            memcpy(fields, record->fields, count * sizeof(*fields));
        weir_record_keep_fields(batch, record, fields, total);
    }
    memcpy(record->fields + count, self->fields, self->count * sizeof(*self->fields));
    record->count = total;
    return 0;
}

static void filter_context_apply(void *state, struct weir_batch *batch)
{
    struct filter_context *self = state;
    uint32_t failed = 0;
    if (weir_batch_open_records(batch) < 0)
        failed = batch->count;
    for (uint32_t i = 0; batch->records && i < batch->count; i++)
        if (!weir_batch_is_dropped(batch, i) && add_to(self, batch, &batch->records[i]) < 0)
            failed++;
    if (failed)
        weir_error(self->host, "out of memory: records lack context",
                   weir_kv_int("records", failed));
}

WEIR_PLUGIN(filter_context) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_FILTER,
    .name = "context",
    .summary = "Adds fields: from the configuration, and about the host, the system and the agent.",
    .state_size = sizeof(struct filter_context),
    .options = options,
    .check = filter_context_check,
    .open = filter_context_open,
    .close = filter_context_close,
    .filter = { .apply = filter_context_apply },
};
