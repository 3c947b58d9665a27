/* SPDX-License-Identifier: Apache-2.0 */
/* Urls and headers may be templates (weir/template.h): a tenant in a header, an index in a path. Records for which they come
 * out differently go in different requests; lane.c keeps them apart. The text that tells them apart is what was made of all
 * parts that depend on the record, each ended by a NUL:
 *
 *     url      https://host/${app}/in        "https://host/shop/in\0X-Tenant: a\0"
 *     headers  {X-Tenant: "${tenant}"}
 *
 * What fields hold is up to whoever writes logs, so they cannot change where a request goes, or what is in it beside their own
 * place:
 *
 *   - the host is part of the configuration: nothing of it comes from a record;
 *   - in an url all bytes but letters, digits and -._~ become percent signs with two digits, so that a value stays within the
 *     component where the template puts it; and a path with a component "." or ".." is refused, for it would climb;
 *   - in a header control bytes become spaces (RFC 9110 section 5.5), so that no line can end there.
 *
 * In an url a percent sign with two hexadecimal digits behind it is a byte, as in any url; another one begins a part of the
 * time, as in any template. */
#include "target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- compiling --------------------------------------------------------------------------------------------- */

char *http_target_url_of(const char *configured, const char *path, struct weir_str query)
{
    char *url = NULL;
    const char *host = strstr(configured, "://") + 3;
    const char *rest = host + strcspn(host, "/?#");
    bool bare = rest[0] == '\0' || (rest[0] == '/' && rest[1] == '\0');
    bool replaced = bare && path;
    const char *end = replaced ? path : rest;
    const char *joint = query.len == 0 ? "" : strchr(end, '?') ? "&" : "?";
    int r = asprintf(&url, "%.*s%s%s%.*s", (int)(rest - configured), configured, end, joint,
                     (int)query.len, query.ptr ? query.ptr : "");
    return r < 0 ? NULL : url;
}

static bool is_hex(char c)
{
    return c && strchr("0123456789abcdefABCDEF", c);
}

/* The url as a template: "%2F" becomes "%%2F". */
static char *template_of(const char *url)
{
    char *text = malloc(2 * strlen(url) + 1), *to = text;
    for (const char *at = url; text && *at; at++) {
        if (at[0] == '%' && is_hex(at[1]) && is_hex(at[2]))
            *to++ = '%';
        *to++ = *at;
    }
    if (text)
        *to = '\0';
    return text;
}

/* Keeps the template when it depends on the record. */
static void add_part(struct http_targets *targets, struct weir_template *tpl, const char *header,
                     unsigned endpoint)
{
    if (weir_template_is_constant(tpl))
        weir_template_free(tpl);
    else
        targets->parts[targets->count++] = (struct http_target_part){ tpl, header, endpoint };
}

static bool host_varies(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    const size_t len = strcspn(host, "/?#");
    return memchr(host, '%', len) || memmem(host, len, "${", 2);
}

static struct weir_template *compile_url(const char *url, struct weir_error *err)
{
    char *text = template_of(url);
    if (!text) {
        weir_error_set(err, -ENOMEM, "out of memory");
        return NULL;
    }
    struct weir_template *tpl = weir_template_new(text, err);
    free(text);
    return tpl;
}

/* One without variable parts stays as it is, however long the service's query may be. */
static int add_url(struct http_targets *targets, unsigned endpoint, const char *configured,
                   const char *path, struct weir_str query, struct weir_error *err)
{
    struct weir_error wrong = { 0 };
    if (host_varies(configured))
        return weir_error_option(err, "url", "\"%s\": the host cannot come from the records",
                                 configured);
    struct weir_template *tpl = compile_url(configured, &wrong);
    if (tpl && !weir_template_is_constant(tpl)) {
        weir_template_free(tpl);
        char *url = http_target_url_of(configured, path, query);
        tpl = url ? compile_url(url, &wrong) : NULL;
        free(url);
    }
    if (!tpl)
        return weir_error_option(err, "url", "\"%s\": %s", configured, wrong.text);
    add_part(targets, tpl, NULL, endpoint);
    return 0;
}

int http_targets_init(struct http_targets *targets, const struct weir_http *options,
                      const char *path, struct weir_str query, struct weir_error *err)
{
    int r = 0;
    *targets = (struct http_targets){ .text.max = HTTP_TARGET_BYTES_MAX,
                                      /* escaping asks for room for the worst */
                                      .value.max = 4 * HTTP_TARGET_BYTES_MAX };
    for (unsigned i = 0; r == 0 && i < options->url.count; i++)
        r = add_url(targets, i, options->url.items[i], path, query, err);
    for (size_t i = 0; r == 0 && i < options->headers.count; i++) {
        const struct weir_pair *pair = &options->headers.items[i];
        struct weir_error wrong = { 0 };
        struct weir_template *tpl = weir_template_new(pair->value, &wrong);
        if (!tpl)
            return weir_error_option(err, "headers", "\"%s\": %s", pair->name, wrong.text);
        add_part(targets, tpl, pair->name, 0);
    }
    return r;
}

void http_targets_deinit(struct http_targets *targets)
{
    for (unsigned i = 0; i < targets->count; i++)
        weir_template_free(targets->parts[i].tpl);
    weir_bytes_free(&targets->text);
    weir_bytes_free(&targets->value);
    *targets = (struct http_targets){ 0 };
}

/* ---- making ------------------------------------------------------------------------------------------------- */

/* Whether a component of the path is "." or "..": a reader of urls takes the one before away then. */
static bool climbs(struct weir_str url)
{
    const char *end = url.ptr + url.len;
    const char *at = memmem(url.ptr, url.len, "://", 3);
    const char *query = memchr(url.ptr, '?', url.len);
    if (query)
        end = query;
    for (at = memchr(at + 3, '/', (size_t)(end - at - 3)); at;) {
        const char *from = at + 1;
        at = memchr(from, '/', (size_t)(end - from));
        const struct weir_str component = { from, (size_t)((at ? at : end) - from) };
        if (weir_str_eq(component, WEIR_STR(".")) || weir_str_eq(component, WEIR_STR("..")))
            return true;
    }
    return false;
}

static int clean_header(struct weir_bytes *out, struct weir_str text)
{
    char *to = weir_bytes_room(out, text.len);
    if (!to)
        return -ENOSPC;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        to[i] = byte < ' ' || byte == 0x7f ? ' ' : (char)byte;
    }
    out->len += text.len;
    return 0;
}

/* "Name: value" without space around the value, which means nothing there; without a value "Name;", as libcurl has it. */
static int add_header(struct weir_bytes *text, const char *name, struct weir_str value)
{
    while (value.len && value.ptr[0] == ' ') {
        value.ptr++;
        value.len--;
    }
    while (value.len && value.ptr[value.len - 1] == ' ')
        value.len--;
    int r = weir_bytes_add(text, name, strlen(name));
    if (r == 0)
        r = value.len ? weir_bytes_add(text, ": ", 2) : weir_bytes_add(text, ";", 1);
    return r == 0 ? weir_bytes_add(text, value.ptr, value.len) : r;
}

static int make_part(struct http_targets *targets, const struct http_target_part *part,
                     const struct weir_batch *batch, uint32_t i, const char **ret_why)
{
    struct weir_bytes *value = &targets->value;
    value->len = 0;
    int r = weir_template_render(part->tpl, batch, i,
                                 part->header ? clean_header : weir_http_add_escaped, value);
    const struct weir_str made = { value->data, value->len };
    if (r == 0 && !part->header && climbs(made)) {
        *ret_why = "the url that it makes has a component \".\" or \"..\"";
        return -EINVAL;
    }
    if (r == 0 && part->header)
        r = add_header(&targets->text, part->header, made);
    else if (r == 0)
        r = weir_bytes_add(&targets->text, made.ptr, made.len);
    return r == 0 ? weir_bytes_add(&targets->text, "", 1) : r;
}

int http_targets_make(struct http_targets *targets, const struct weir_batch *batch, uint32_t i,
                      const char **ret_why)
{
    int r = 0;
    targets->text.len = 0;
    targets->text.starved = targets->value.starved = false;
    *ret_why = "the url or the headers that it makes are longer than 8 KiB";
    for (unsigned p = 0; r == 0 && p < targets->count; p++)
        r = make_part(targets, &targets->parts[p], batch, i, ret_why);
    if (r < 0)
        return r == -ENOMEM || targets->text.starved || targets->value.starved ? -ENOMEM : -EINVAL;
    return 0;
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

const char *http_target_url(const struct http_targets *targets, const char *text, unsigned endpoint)
{
    for (unsigned p = 0; p < targets->count; p++, text += strlen(text) + 1)
        if (!targets->parts[p].header && targets->parts[p].endpoint == endpoint)
            return text;
    return NULL;
}

size_t http_target_headers(const struct http_targets *targets, const char *text, const char **ret)
{
    size_t count = 0;
    for (unsigned p = 0; p < targets->count; p++, text += strlen(text) + 1)
        if (targets->parts[p].header)
            ret[count++] = text;
    return count;
}
