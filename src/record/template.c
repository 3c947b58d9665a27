/* SPDX-License-Identifier: Apache-2.0 */
/* A template is a list of pieces: text that stands for itself, a field, a part of the time. Text that is
 * the same for every record, the usual case, is one piece and is never rendered at all.
 *
 *     "/var/log/${app:-other}/%Y-%m.log"
 *      [text "/var/log/"] [field app, else "other"] [text "/"] [year] [text "-"] [month] [text ".log"]
 *
 * The calendar is worked out once a rendering, and only when a piece of it is asked for. */
#include "record/template.h"

#include <errno.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/json_escape.h"

#define TEMPLATE_TEXT_MAX 4096

enum piece_type { PIECE_TEXT, PIECE_FIELD, PIECE_TIME };

struct piece {
    enum piece_type type;
    struct weir_str text;     /* PIECE_TEXT: itself; PIECE_FIELD: the path */
    struct weir_str fallback; /* PIECE_FIELD: where the record has none */
    char code;                /* PIECE_TIME: Y m d H M S */
};

struct weir_template {
    char *source;
    char *texts; /* what the pieces' views are into */
    struct piece *pieces;
    size_t count;
};

/* ---- compiling --------------------------------------------------------------------------------------- */

struct compiler {
    struct weir_template *tpl;
    const char *source;
    size_t at, texts_len;
    struct weir_error *err;
    size_t *ret_offset;
};

static int fail(struct compiler *compiler, size_t offset, const char *what)
{
    *compiler->ret_offset = offset;
    return weir_error_set(compiler->err, -EINVAL, "%s", what);
}

static struct piece *piece_add(struct weir_template *tpl, enum piece_type type)
{
    struct piece *piece = &tpl->pieces[tpl->count++];
    *piece = (struct piece){ .type = type };
    return piece;
}

/* One more byte of text: at the end of the last piece if that is text. */
static void text_add(struct compiler *compiler, char c)
{
    struct weir_template *tpl = compiler->tpl;
    struct piece *last = tpl->count ? &tpl->pieces[tpl->count - 1] : NULL;
    if (!last || last->type != PIECE_TEXT) {
        last = piece_add(tpl, PIECE_TEXT);
        last->text.ptr = tpl->texts + compiler->texts_len;
    }
    tpl->texts[compiler->texts_len++] = c;
    last->text.len++;
}

/* "${path}" or "${path:-word}", from the dollar sign on. */
static int compile_field(struct compiler *compiler)
{
    const size_t from = compiler->at;
    const char *path = compiler->source + from + 2;
    const char *end = strchr(path, '}');
    if (!end)
        return fail(compiler, from, "\"${\" is not closed: expected \"}\"");
    struct piece *piece = piece_add(compiler->tpl, PIECE_FIELD);
    const char * or = strstr(path, ":-");
    if (or && or < end)
        piece->fallback = (struct weir_str){ or +2, (size_t)(end - or -2) };
    else
        or = end;
    piece->text = (struct weir_str){ path, (size_t)(or -path) };
    if (piece->text.len == 0)
        return fail(compiler, from + 2, "expected a field's name between \"${\" and \"}\"");
    compiler->at = (size_t)(end + 1 - compiler->source);
    return 0;
}

static int compile_time(struct compiler *compiler)
{
    const char code = compiler->source[compiler->at + 1];
    if (code == '%')
        text_add(compiler, '%');
    else if (code != '\0' && strchr("YmdHMS", code))
        piece_add(compiler->tpl, PIECE_TIME)->code = code;
    else
        return fail(compiler, compiler->at,
                    "expected one of %Y %m %d %H %M %S, or %% for a percent sign");
    compiler->at += 2;
    return 0;
}

static int compile(struct compiler *compiler)
{
    int r = 0;
    while (r == 0 && compiler->source[compiler->at] != '\0') {
        const char *at = compiler->source + compiler->at;
        if (at[0] == '$' && at[1] == '{')
            r = compile_field(compiler);
        else if (at[0] == '%')
            r = compile_time(compiler);
        else
            text_add(compiler, compiler->source[compiler->at++]);
    }
    return r;
}

struct weir_template *template_new(const char *text, struct weir_error *err, size_t *ret_offset)
{
    const size_t len = strlen(text);
    *ret_offset = 0;
    if (len > TEMPLATE_TEXT_MAX) {
        weir_error_set(err, -EINVAL, "a template has at most %d bytes", TEMPLATE_TEXT_MAX);
        return NULL;
    }
    struct weir_template *tpl = calloc(1, sizeof(*tpl));
    if (!tpl)
        goto no_memory;
    tpl->source = strdup(text);
    tpl->texts = malloc(len + 1);
    tpl->pieces = calloc(len + 1, sizeof(tpl->pieces[0])); /* a piece is a byte or more */
    if (!tpl->source || !tpl->texts || !tpl->pieces)
        goto no_memory;
    struct compiler compiler = { tpl, tpl->source, 0, 0, err, ret_offset };
    if (compile(&compiler) == 0)
        return tpl;
    template_free(tpl);
    return NULL;

no_memory:
    template_free(tpl);
    weir_error_set(err, -ENOMEM, "out of memory");
    return NULL;
}

void template_free(struct weir_template *tpl)
{
    if (!tpl)
        return;
    free(tpl->source);
    free(tpl->texts);
    free(tpl->pieces);
    free(tpl);
}

struct weir_template *weir_template_new(const char *text, struct weir_error *err)
{
    size_t offset;
    return template_new(text, err, &offset);
}

struct weir_template *weir_template_free(struct weir_template *tpl)
{
    template_free(tpl);
    return NULL;
}

/* ---- asking ------------------------------------------------------------------------------------------- */

bool weir_template_is_constant(const struct weir_template *tpl)
{
    return tpl->count == 0 || (tpl->count == 1 && tpl->pieces[0].type == PIECE_TEXT);
}

struct weir_str weir_template_text(const struct weir_template *tpl)
{
    return tpl->count ? tpl->pieces[0].text : WEIR_STR("");
}

struct weir_str weir_template_source(const struct weir_template *tpl)
{
    return weir_str_of(tpl->source);
}

static int add_clean(struct weir_bytes *out, struct weir_str text, weir_template_clean_f *clean)
{
    return clean ? clean(out, text) : weir_bytes_add(out, text.ptr, text.len);
}

/* The text with JSON's escapes undone must exist as such to be cleaned. Fields named in templates hold
 * escapes once in a blue moon, so that costs an allocation. */
static int render_escaped(const struct weir_field *field, weir_template_clean_f *clean,
                          struct weir_bytes *out)
{
    char *plain = malloc(field->value_len + 1u);
    if (!plain)
        return -ENOMEM;
    size_t len = json_unescape(field->value, field->value_len, plain);
    int r = add_clean(out, (struct weir_str){ plain, len }, clean);
    free(plain);
    return r;
}

static int render_field(const struct piece *piece, const struct weir_batch *batch, uint32_t i,
                        weir_template_clean_f *clean, struct weir_bytes *out)
{
    struct weir_field field;
    if (!batch->records) {
        bool message = weir_str_eq(piece->text, WEIR_STR("message"));
        return add_clean(out, message ? weir_batch_line(batch, i) : piece->fallback, clean);
    }
    if (!weir_record_lookup(&batch->records[i], piece->text, &field) ||
        field.type == WEIR_VALUE_NULL)
        return add_clean(out, piece->fallback, clean);
    if (field.flags & WEIR_VALUE_ESCAPED)
        return render_escaped(&field, clean, out);
    return add_clean(out, (struct weir_str){ field.value, field.value_len }, clean);
}

static int render_time(char code, const struct civil *civil, struct weir_bytes *out)
{
    char text[4];
    unsigned width = 2, value = 0;
    switch (code) {
    case 'Y':
        value = (unsigned)civil->year;
        width = 4;
        break;
    case 'm': value = civil->month; break;
    case 'd': value = civil->day; break;
    case 'H': value = civil->hour; break;
    case 'M': value = civil->minute; break;
    case 'S': value = civil->second; break;
    }
    civil_put_digits(text, value, width);
    return weir_bytes_add(out, text, width);
}

int weir_template_render(const struct weir_template *tpl, const struct weir_batch *batch,
                         uint32_t i, weir_template_clean_f *clean, struct weir_bytes *out)
{
    struct civil civil;
    bool known = false;
    int r = 0;
    for (size_t at = 0; at < tpl->count && r == 0; at++) {
        const struct piece *piece = &tpl->pieces[at];
        switch (piece->type) {
        case PIECE_TEXT: r = weir_bytes_add(out, piece->text.ptr, piece->text.len); break;
        case PIECE_FIELD: r = render_field(piece, batch, i, clean, out); break;
        case PIECE_TIME:
            if (!known)
                civil = civil_from_ns(weir_batch_time(batch, i));
            known = true;
            r = render_time(piece->code, &civil, out);
            break;
        }
    }
    return r;
}
