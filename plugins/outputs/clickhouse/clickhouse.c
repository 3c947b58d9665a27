/* SPDX-License-Identifier: Apache-2.0 */
/* ClickHouse, by its HTTP interface: records as rows of JSONEachRow, one INSERT a request.
 *
 * What went wrong stands at the start of the answer, "Code: 60. DB::Exception: ..." (before version 20 with a comma
 * in the place of the point), and the status says little: most errors are a 500. So the rules below are about
 * codes. What they leave out is a matter of the status.
 *
 * An insert that is sent twice is stored once, where the table keeps a window of insert_deduplication_token (replicated
 * tables do, others with the setting non_replicated_deduplication_window): the token is the request's key. A server
 * that is older than 21.12 does not know that setting, and says so. */
#include <weir/http.h>

struct out_clickhouse {
    struct weir_http http;
    char *table;
    bool deduplicate;
    struct weir_pairs settings;
    struct weir_encoder *codec;
};

static const struct weir_option options[] = {
    WEIR_HTTP_OPTIONS,
    { .name = "table",
      .type = WEIR_TEXT,
      .offset = offsetof(struct out_clickhouse, table),
      .required = true,
      .help = "The table, TABLE or DATABASE.TABLE. Names in it are quoted where they must be." },
    { .name = "deduplicate",
      .type = WEIR_BOOL,
      .offset = offsetof(struct out_clickhouse, deduplicate),
      .def = "true",
      .help =
          "Send each request's key as insert_deduplication_token, so that a repeat is stored once. Servers "
          "before 21.12 want false." },
    { .name = "settings",
      .type = WEIR_PAIRS,
      .offset = offsetof(struct out_clickhouse, settings),
      .help = "More settings of the insert, such as async_insert." },
    { .name = "codec",
      .type = WEIR_CODEC,
      .offset = offsetof(struct out_clickhouse, codec),
      .def = "{type: json, time_key: timestamp}",
      .help = "How a row is written: json, each key a column." },
    { 0 },
};

static const char *content_type(const void *state)
{
    (void)state;
    return "application/x-ndjson";
}

static bool is_word(const char *text, size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return len && strspn(text, letters) >= len;
}

static int check(void *state, struct weir_error *err)
{
    const struct out_clickhouse *self = state;
    const char *point = strchr(self->table, '.');
    size_t len = strlen(self->table), first = point ? (size_t)(point - self->table) : len;
    if (strcmp(weir_encoder_name(self->codec), "json") != 0)
        return weir_error_option(err, "codec", "rows are JSON: set it to json");
    if (strpbrk(self->table, "`\\") || first == 0 || (point && !point[1]))
        return weir_error_option(err, "table", "\"%s\" is no name of a table", self->table);
    for (size_t i = 0; i < self->settings.count; i++) {
        const struct weir_pair *pair = &self->settings.items[i];
        if (!is_word(pair->name, strlen(pair->name)))
            return weir_error_option(err, "settings", "\"%s\" is no name of a setting", pair->name);
        if (strcmp(pair->name, "wait_for_async_insert") == 0 && strcmp(pair->value, "1") != 0)
            return weir_error_option(
                err, "settings",
                "without wait_for_async_insert the server answers before it has "
                "stored anything, and what it then loses is lost");
    }
    return 0;
}

static int add_name(struct weir_bytes *out, const char *name, size_t len)
{
    if (is_word(name, len) && !(name[0] >= '0' && name[0] <= '9'))
        return weir_bytes_add(out, name, len);
    int r = weir_http_add_escaped(out, WEIR_STR("`"));
    if (r == 0)
        r = weir_http_add_escaped(out, (struct weir_str){ name, len });
    return r == 0 ? weir_http_add_escaped(out, WEIR_STR("`")) : r;
}

static int add(struct weir_bytes *out, const char *text)
{
    return weir_bytes_add(out, text, strlen(text));
}

static int query(const void *state, struct weir_bytes *out)
{
    const struct out_clickhouse *self = state;
    const char *point = strchr(self->table, '.');
    const char *last = point ? point + 1 : self->table;
    int r = add(out, "query=INSERT%20INTO%20");
    if (r == 0 && point)
        r = add_name(out, self->table, (size_t)(point - self->table));
    if (r == 0 && point)
        r = add(out, ".");
    if (r == 0)
        r = add_name(out, last, strlen(last));
    if (r ==
        0) /* a column that is not there is left out; times are RFC 3339; no error after a success */
        r = add(out, "%20FORMAT%20JSONEachRow&input_format_skip_unknown_fields=1"
                     "&date_time_input_format=best_effort&wait_end_of_query=1");
    for (size_t i = 0; r == 0 && i < self->settings.count; i++) {
        const struct weir_pair *pair = &self->settings.items[i];
        r = add(out, "&");
        if (r == 0)
            r = add(out, pair->name);
        if (r == 0)
            r = add(out, "=");
        if (r == 0)
            r = weir_http_add_escaped(out, weir_str_of(pair->value));
    }
    return r;
}

static const char *key_argument(const void *state)
{
    const struct out_clickhouse *self = state;
    return self->deduplicate ? "insert_deduplication_token" : NULL;
}

static uint32_t encode(void *state, const struct weir_slice *slice, uint32_t at,
                       struct weir_bytes *body, size_t want)
{
    struct out_clickhouse *self = state;
    return weir_encode(self->codec, slice, at, body, want);
}

#define CODE(number, verdict)                                                                      \
    { 200, 599, "^Code: " #number ".", verdict },                                                  \
    {                                                                                              \
        200, 599, "^Code: " #number ",", verdict                                                   \
    }

/* src/Common/ErrorCodes.cpp */
static const struct weir_http_rule rules[] = {
    /* One insert makes no more than max_partitions_per_insert_block of them: halves are of fewer days. It is about these
     * rows, so the size of later bodies stays, as it does not after a 413. */
    { 500, 500, "^Code: 252. DB::Exception: Too many partitions for single INSERT block",
      WEIR_HTTP_POISON },
    CODE(252, WEIR_HTTP_RETRY), /* too many parts */
    CODE(241, WEIR_HTTP_RETRY), /* memory limit */
    CODE(202, WEIR_HTTP_RETRY), /* too many queries */
    CODE(242, WEIR_HTTP_RETRY), /* table is read-only */
    CODE(285, WEIR_HTTP_RETRY), /* too few live replicas */
    CODE(286, WEIR_HTTP_RETRY), /* no quorum */
    CODE(319, WEIR_HTTP_RETRY), /* unknown status of insert */
    CODE(999, WEIR_HTTP_RETRY), /* keeper */
    CODE(225, WEIR_HTTP_RETRY), /* no keeper */
    CODE(159, WEIR_HTTP_RETRY), /* timeouts and the network */
    CODE(209, WEIR_HTTP_RETRY),
    CODE(210, WEIR_HTTP_RETRY),
    CODE(243, WEIR_HTTP_RETRY),  /* not enough space */
    CODE(394, WEIR_HTTP_RETRY),  /* cancelled */
    CODE(236, WEIR_HTTP_RETRY),  /* aborted */
    CODE(201, WEIR_HTTP_RETRY),  /* quota */
    CODE(33, WEIR_HTTP_RETRY),   /* a body that ends too early: not as it was sent */
    CODE(117, WEIR_HTTP_POISON), /* incorrect data */
    CODE(26, WEIR_HTTP_POISON),  /* a text, */
    CODE(27, WEIR_HTTP_POISON),  /* anything, */
    CODE(72, WEIR_HTTP_POISON),  /* a number, */
    CODE(38, WEIR_HTTP_POISON),  /* a date, */
    CODE(41, WEIR_HTTP_POISON),  /* a time that cannot be read */
    CODE(6, WEIR_HTTP_POISON),
    CODE(53, WEIR_HTTP_POISON),  /* type mismatch */
    CODE(69, WEIR_HTTP_POISON),  /* too many digits */
    CODE(130, WEIR_HTTP_POISON), /* no array */
    CODE(131, WEIR_HTTP_POISON), /* too large text */
    CODE(190, WEIR_HTTP_POISON), /* arrays of different lengths */
    CODE(321, WEIR_HTTP_POISON), /* out of the type's range */
    CODE(349, WEIR_HTTP_POISON), /* null in a column without */
    CODE(407, WEIR_HTTP_POISON), /* a time that the column cannot hold */
    CODE(467, WEIR_HTTP_POISON), /* neither true nor false */
    CODE(469, WEIR_HTTP_POISON), /* against a constraint of the table */
    CODE(691, WEIR_HTTP_POISON), /* not in an enum */
    CODE(60, WEIR_HTTP_PAUSE),   /* no such table, */
    CODE(81, WEIR_HTTP_PAUSE),   /* database, */
    CODE(16, WEIR_HTTP_PAUSE),   /* column, */
    CODE(115, WEIR_HTTP_PAUSE),  /* setting */
    CODE(62, WEIR_HTTP_PAUSE),   /* syntax of the query */
    CODE(164, WEIR_HTTP_PAUSE),  /* readonly */
    CODE(192, WEIR_HTTP_PAUSE),  /* who is posting */
    CODE(193, WEIR_HTTP_PAUSE),
    CODE(194, WEIR_HTTP_PAUSE),
    CODE(497, WEIR_HTTP_PAUSE),
    CODE(516, WEIR_HTTP_PAUSE),
    { 500, 500, "(at row ", WEIR_HTTP_POISON }, /* what later versions find fault with */
    { 0 },
};

static const struct weir_http_service service = {
    .path = "/",
    .content_type = content_type,
    .check = check,
    .explain =
        "An insert that is sent twice is stored once while the table's deduplication window lasts.\n",
    .query = query,
    .key_argument = key_argument,
    .encode = encode,
    .rules = rules,
};

WEIR_HTTP_PLUGIN(out_clickhouse, "clickhouse", "Stores records in ClickHouse, as rows of JSON.",
                 options, service);
