/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FILTER_PARSE_H
#define WEIR_FILTER_PARSE_H

#include <weir/plugin.h>

struct parse_regex;
struct filter_parse;

/* What a format made of a text, or why it made nothing of it. */
struct parsed {
    struct weir_field *fields; /* from weir_batch_fields(), not kept yet; names are unique */
    uint32_t count;
    struct weir_str object; /* the JSON object that the fields are; see struct weir_record */
    const char *reason;     /* why the text is not of the format, as constant text, and */
    size_t offset;          /* where */
};

enum parse_answer {
    PARSE_OK,
    PARSE_BAD,       /* the text is not of the format */
    PARSE_GAVE_UP,   /* the pattern would take too long on it */
    PARSE_NO_MEMORY, /* what the batch's arena said */
};

/* Reads `text`, which lives as long as the batch, into *ret. */
typedef enum parse_answer parse_format_f(struct filter_parse *self, struct weir_batch *batch,
                                         struct weir_str text, struct parsed *ret);

parse_format_f parse_json, parse_pattern, parse_logfmt;

/* What the records of one batch came to. */
struct parse_tally {
    uint32_t bad, gave_up, bad_times, no_memory;
    uint32_t first_bad; /* the record, of `bad` and `gave_up`, and why: */
    const char *reason;
    size_t offset;
};

/* In the order of the option's choices; from PARSE_FIRST_PRESET on they are presets. */
enum parse_format { PARSE_JSON, PARSE_REGEX, PARSE_LOGFMT, PARSE_FIRST_PRESET };

enum parse_on_error { ON_ERROR_KEEP, ON_ERROR_DROP };

/* Where a field stood in the last record: nearly always it stands there in the next one. */
struct field_guess {
    struct weir_str name; /* empty: not asked for */
    uint32_t at;
};

struct filter_parse {
    /* Options. */
    int format; /* enum parse_format, or a preset */
    char *field, *pattern, *severity;
    struct weir_pairs types;
    struct {
        char *field, *format, *zone;
        bool keep;
    } time;
    int on_error; /* enum parse_on_error */
    bool keep_original;

    /* Made by open. */
    struct weir_host *host;
    parse_format_f *parse;
    struct parse_regex *regex;
    struct weir_time_format *time_format;
    bool time_stays; /* as a field */
    struct field_guess source, time_field, severity_field;
    struct weir_field *pairs; /* logfmt's, before they are a record's */
    uint32_t members;         /* how many fields a JSON object is expected to have */
    struct weir_counter *errors, *gave_up, *time_errors;
    struct parse_tally tally;
};

/* parse_record.c: the records of a batch that holds plain lines, and of one that is opened. */
void parse_lines(struct filter_parse *self, struct weir_batch *batch);
void parse_opened(struct filter_parse *self, struct weir_batch *batch);

/* parse_preset.c: formats that are a pattern with a name. */
struct parse_preset {
    const char *name, *pattern;
    const char *time_format; /* of the field `time` */
};
/* The preset that the choice `format` stands for; NULL when it is none. */
const struct parse_preset *parse_preset_find(int format);
/* What a group's field is called, and its type as `types` has it (NULL: a text). */
struct weir_str parse_preset_field(struct weir_str group, const char **ret_type);

/* parse_regex.c. NULL with *err set, which names the option at fault. With `preset` the pattern is the
 * preset's. */
struct parse_regex *parse_regex_new(struct weir_str pattern, const struct weir_pairs *types,
                                    bool preset, struct weir_error *err);
struct parse_regex *parse_regex_free(struct parse_regex *regex);
bool parse_regex_is_compiled(const struct parse_regex *regex);

/* The type that `word` names, in *ret; false when it names none. */
bool parse_type_read(const char *word, enum weir_value *ret);
/* Makes a string field one of `type` if its text is one: a word where a number is expected stays the
 * text that it is. */
void parse_type_apply(struct weir_field *field, enum weir_value type);

/* parse_logfmt.c: the most pairs of one text. */
enum { LOGFMT_PAIRS_MAX = 256 };

#endif
