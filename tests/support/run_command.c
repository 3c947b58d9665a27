/* SPDX-License-Identifier: Apache-2.0 */
#include "support/run_command.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

/* A stream that goes into a file for a while. */
struct caught {
    FILE *stream, *file;
    int saved;
};

static struct caught catch_stream(FILE *stream)
{
    struct caught caught = { stream, tmpfile(), dup(fileno(stream)) };
    assert(caught.file && caught.saved >= 0);
    fflush(stream);
    dup2(fileno(caught.file), fileno(stream));
    return caught;
}

static char *let_go(struct caught *caught)
{
    fflush(caught->stream);
    dup2(caught->saved, fileno(caught->stream));
    close(caught->saved);
    long len = (fseek(caught->file, 0, SEEK_END), ftell(caught->file));
    char *text = calloc(1, (size_t)len + 1);
    assert(text);
    rewind(caught->file);
    size_t n = fread(text, 1, (size_t)len, caught->file);
    assert(n == (size_t)len);
    fclose(caught->file);
    return text;
}

struct ran run_command(const struct command *command, const char *const *words)
{
    static char *argv[RUN_WORDS_MAX + 1];
    struct ran ran = { 0 };
    int argc = 0;
    for (size_t i = 0; i < RUN_WORDS_MAX; i++) {
        free(argv[i]);
        argv[i] = NULL;
    }
    for (; words[argc]; argc++) {
        assert(argc < RUN_WORDS_MAX);
        argv[argc] = strdup(words[argc]);
    }
    struct caught out = catch_stream(stdout), err = catch_stream(stderr);
    ran.status = command_run(command, argc, argv);
    ran.out = let_go(&out);
    ran.err = let_go(&err);
    return ran;
}
