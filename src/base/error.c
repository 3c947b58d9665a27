/* SPDX-License-Identifier: Apache-2.0 */
/* An error is filled where it is found and then only carried: the structure is the caller's, the text is
 * cut to fit, and nothing is allocated, so that "out of memory" can be said too. */
#include <weir/error.h>

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static void set_text(struct weir_error *err, const char *format, va_list args) WEIR_PRINTF(2, 0);

static void set_text(struct weir_error *err, const char *format, va_list args)
{
    vsnprintf(err->text, sizeof(err->text), format, args);
}

int weir_error_set(struct weir_error *err, int code, const char *format, ...)
{
    assert(code < 0);
    if (!err)
        return code;
    va_list args;
    va_start(args, format);
    set_text(err, format, args);
    va_end(args);
    err->code = code;
    err->option[0] = '\0';
    return code;
}

int weir_error_option(struct weir_error *err, const char *option, const char *format, ...)
{
    if (!err)
        return -EINVAL;
    va_list args;
    va_start(args, format);
    set_text(err, format, args);
    va_end(args);
    err->code = -EINVAL;
    snprintf(err->option, sizeof(err->option), "%s", option);
    return -EINVAL;
}
