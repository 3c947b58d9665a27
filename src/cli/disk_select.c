/* SPDX-License-Identifier: Apache-2.0 */
/* Options to a struct replay_request: the same words choose records for `cat` and for `replay`, here and in a
 * running agent. */
#include "cli/disk_select.h"

#include <errno.h>
#include <stdlib.h>
#include <weir/time.h>

#include "base/units.h"
#include "pipeline/replay_choice.h"

#define NS_PER_MS INT64_C(1000000)

/* A moment, or a duration before `now`. */
static bool parse_time(const char *text, int64_t now, int64_t *ret)
{
    weir_ms ago;
    if (units_parse_duration(weir_str_of(text), &ago) == UNITS_OK) {
        if (__builtin_mul_overflow(ago, NS_PER_MS, &ago) || __builtin_sub_overflow(now, ago, ret))
            *ret = INT64_MIN;
        return true;
    }
    struct weir_time_format *format = weir_time_format_new("rfc3339", "UTC", NULL);
    bool is_time = format && weir_time_parse(format, weir_str_of(text), now, ret);
    weir_time_format_free(format);
    return is_time;
}

static enum command_status read_time(const struct command_line *line, enum command_option option,
                                     int64_t now, int64_t *ret)
{
    const char *text = line->values[option];
    if (!text || parse_time(text, now, ret))
        return COMMAND_DONE;
    return command_misused(
        line->command,
        "\"%s\" is no time: write 2026-11-25T14:00:00Z, or a duration such as 2h "
        "for as long ago",
        text);
}

static bool parse_number(const char **at, uint64_t *ret)
{
    char *end;
    if (**at < '0' || **at > '9')
        return false;
    errno = 0;
    *ret = strtoull(*at, &end, 10);
    *at = end;
    return errno == 0;
}

/* A-B, both included, A- and A. */
static bool parse_sequence(const char *text, uint64_t *ret_from, uint64_t *ret_to)
{
    uint64_t last;
    if (!parse_number(&text, ret_from))
        return false;
    last = *ret_from;
    if (*text == '-' && text[1] == '\0')
        return true;
    if (*text == '-' && (text++, !parse_number(&text, &last)))
        return false;
    *ret_to = last == UINT64_MAX ? last : last + 1;
    return *text == '\0' && last >= *ret_from;
}

/* Ids of 32 digits with commas between them; false when it is anything else. */
static bool parse_ids(const char *text, uint8_t (*ids)[16], size_t *ret_count)
{
    for (size_t count = 0; count < REPLAY_IDS_MAX; count++) {
        if (!replay_read_id(text, ids[count]))
            return false;
        text += 32;
        *ret_count = count + 1;
        if (*text++ != ',')
            return text[-1] == '\0';
    }
    return false;
}

static enum command_status read_ids(const struct command_line *line, struct disk_select *ret)
{
    const char *text = line->values[OPTION_RECORD_ID];
    if (!text)
        return COMMAND_DONE;
    ret->ids = malloc(REPLAY_IDS_MAX * sizeof(ret->ids[0]));
    if (!ret->ids) {
        command_error(line->command, "out of memory");
        return COMMAND_FAILED;
    }
    ret->request.ids = (const uint8_t(*)[16])ret->ids;
    if (parse_ids(text, ret->ids, &ret->request.id_count))
        return COMMAND_DONE;
    return command_misused(
        line->command,
        "\"%.80s\" is no record id: 32 hexadecimal digits, as cat shows them, or up "
        "to %d of them with commas between",
        text, REPLAY_IDS_MAX);
}

enum command_status disk_select_read(const struct command_line *line, int64_t now,
                                     struct disk_select *ret)
{
    const char *sequence = line->values[OPTION_SEQUENCE];
    *ret = (struct disk_select){ .request = REPLAY_ALL };
    ret->request.output = line->values[OPTION_OUTPUT];
    ret->request.reason = line->values[OPTION_REASON];
    enum command_status status = read_time(line, OPTION_FROM, now, &ret->request.since);
    if (status == COMMAND_DONE)
        status = read_time(line, OPTION_TO, now, &ret->request.until);
    if (status == COMMAND_DONE && sequence &&
        !parse_sequence(sequence, &ret->request.from, &ret->request.to))
        status = command_misused(
            line->command, "\"%s\" is no range of records: write A-B, A- or A, numbers from 0",
            sequence);
    return status == COMMAND_DONE ? read_ids(line, ret) : status;
}

void disk_select_free(struct disk_select *select)
{
    free(select->ids);
}
