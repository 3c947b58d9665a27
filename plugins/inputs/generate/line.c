/* SPDX-License-Identifier: Apache-2.0 */
/* A generated line is a function of its number: the same every time, on every machine.
 *
 *     seq={seq} {pad}     seq=000000000012 Qd fV2 y8 ...
 *                         |--fixed----------|--filler--|  always `size` bytes
 *
 * All lines have one length, so that the position of a line in the stream (in bytes) and its number are
 * the same thing, and the stream can be made again from any position. What the numbers leave over is
 * filler: a window into text that is drawn once from the seed, at a place that is the number's own. So a
 * line costs two copies and some digits, whatever its length, and compresses like text rather than like
 * one line repeated. The filler has letters, digits and spaces only: it may stand in quotes anywhere. */
#include "line.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FILLER_BYTES 65536 /* before lines repeat their filler; a power of two */
#define PARTS_MAX 16
#define NUMBER_MAX 20 /* digits of UINT64_MAX */
#define SEQ_DIGITS 12

enum part_kind { PART_TEXT, PART_SEQ, PART_N, PART_PAD };

struct part {
    enum part_kind kind;
    struct weir_str text;
};

struct generate_line {
    char *template;
    size_t size;
    uint64_t seed;
    struct part parts[PARTS_MAX];
    unsigned count;
    char filler[]; /* FILLER_BYTES + size */
};

/* SplitMix64: one multiplication chain from any number to 64 well mixed bits. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static void draw_filler(struct generate_line *line)
{
    static const char alphabet[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789  ";
    static_assert(sizeof(alphabet) == 65, "six bits choose a character");
    for (size_t i = 0; i < FILLER_BYTES + line->size; i++)
        line->filler[i] = alphabet[mix(line->seed + i) & 63];
}

static bool starts_with(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

/* Takes the next part off *text; false after the last. */
static bool next_part(const char **text, struct part *ret)
{
    static const struct {
        const char *word;
        enum part_kind kind;
    } words[] = { { "{seq}", PART_SEQ }, { "{n}", PART_N }, { "{pad}", PART_PAD } };
    const char *at = *text;
    for (; *at; at++) {
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (!starts_with(at, words[i].word))
                continue;
            if (at > *text)
                goto plain;
            *ret = (struct part){ .kind = words[i].kind };
            *text += strlen(words[i].word);
            return true;
        }
    }
plain:
    *ret = (struct part){ PART_TEXT, { *text, (size_t)(at - *text) } };
    *text = at;
    return ret->text.len > 0;
}

/* The most bytes that a part takes, without filler. */
static size_t part_max(const struct part *part)
{
    switch (part->kind) {
    case PART_TEXT: return part->text.len;
    case PART_SEQ:
    case PART_N: return NUMBER_MAX;
    case PART_PAD: break;
    }
    return 0;
}

static int parse(struct generate_line *line, struct weir_error *err)
{
    const char *text = line->template;
    size_t longest = 0;
    unsigned pads = 0;
    struct part part;
    if (strpbrk(text, "\r\n"))
        return weir_error_option(err, "template", "a line has no line break in it");
    while (next_part(&text, &part)) {
        pads += part.kind == PART_PAD;
        longest += part_max(&part);
        if (line->count == PARTS_MAX - 1 || pads > 1)
            return weir_error_option(err, "template",
                                     pads > 1 ? "{pad} may stand in it once"
                                              : "at most 15 parts are possible");
        line->parts[line->count++] = part;
    }
    if (pads == 0)
        line->parts[line->count++] = (struct part){ .kind = PART_PAD };
    if (longest > line->size)
        return weir_error_option(
            err, "size",
            "lines of %zu bytes are too short for the template, which needs up "
            "to %zu",
            line->size, longest);
    return 0;
}

struct generate_line *generate_line_new(const char *template, size_t size, uint64_t seed,
                                        struct weir_error *err)
{
    struct generate_line *line = calloc(1, sizeof(*line) + FILLER_BYTES + size);
    if (line)
        line->template = strdup(template);
    if (!line || !line->template) {
        weir_error_set(err, -ENOMEM, "out of memory");
        return generate_line_free(line);
    }
    line->size = size;
    line->seed = seed;
    if (parse(line, err) < 0)
        return generate_line_free(line);
    draw_filler(line);
    return line;
}

struct generate_line *generate_line_free(struct generate_line *line)
{
    if (line)
        free(line->template);
    free(line);
    return NULL;
}

/* Writes `n` with at least `width` digits; returns how many. */
static size_t put_number(char *out, uint64_t n, unsigned width)
{
    char digits[NUMBER_MAX];
    unsigned at = NUMBER_MAX;
    do
        digits[--at] = (char)('0' + n % 10);
    while ((n /= 10) || NUMBER_MAX - at < width);
    memcpy(out, digits + at, NUMBER_MAX - at);
    return NUMBER_MAX - at;
}

static size_t put_part(const struct part *part, uint64_t n, char *out)
{
    switch (part->kind) {
    case PART_TEXT: memcpy(out, part->text.ptr, part->text.len); return part->text.len;
    case PART_SEQ: return put_number(out, n, SEQ_DIGITS);
    case PART_N: return put_number(out, n, 1);
    case PART_PAD: break;
    }
    return 0;
}

void generate_line_put(const struct generate_line *line, uint64_t n, char *out)
{
    unsigned i = 0;
    size_t before = 0, behind = 0;
    for (; line->parts[i].kind != PART_PAD; i++)
        before += put_part(&line->parts[i], n, out + before);
    const unsigned pad = i;
    /* What comes behind the filler ends with the line: its length is found by writing it once. */
    char *const tail = out + before;
    for (i = pad + 1; i < line->count; i++)
        behind += put_part(&line->parts[i], n, tail + behind);
    const size_t fill = line->size - before - behind;
    memmove(tail + fill, tail, behind);
    memcpy(tail, line->filler + (mix(line->seed ^ n) & (FILLER_BYTES - 1)), fill);
    out[line->size] = '\n';
}
