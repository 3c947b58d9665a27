/* SPDX-License-Identifier: Apache-2.0 */
/* docs/reference/ is written by the program that it describes, and checked in; a test compares. So what is
 * written there is what the reader of options and command lines does. */
#include "cli/reference.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "config/describe.h"
#include "config/kind.h"

struct page {
    FILE *out;
    char *path;
};

/* Begins DIR/NAME. */
static int page_open(struct page *page, const char *dir, const char *name, struct weir_error *err)
{
    *page = (struct page){ 0 };
    if (asprintf(&page->path, "%s/%s", dir, name) < 0)
        return weir_error_set(err, -ENOMEM, "out of memory");
    page->out = fopen(page->path, "we");
    if (page->out)
        return 0;
    int r = weir_error_set(err, -errno, "cannot write %s: %s", page->path, strerror(errno));
    free(page->path);
    return r;
}

static int page_close(struct page *page, struct weir_error *err)
{
    int r = ferror(page->out) ? -EIO : 0;
    if (fclose(page->out) != 0)
        r = -errno;
    if (r < 0)
        weir_error_set(err, r, "cannot write %s: %s", page->path, strerror(-r));
    free(page->path);
    return r;
}

static int make_directory(const char *dir, struct weir_error *err)
{
    if (mkdir(dir, 0777) == 0 || errno == EEXIST)
        return 0;
    return weir_error_set(err, -errno, "cannot make the directory %s: %s", dir, strerror(errno));
}

static int write_plugin(const char *dir, const struct weir_plugin *plugin, struct weir_error *err)
{
    char name[128];
    struct page page;
    snprintf(name, sizeof(name), "%s/%s.md", kind_plural(plugin->kind), plugin->name);
    int r = page_open(&page, dir, name, err);
    if (r < 0)
        return r;
    describe_plugin_markdown(plugin, page.out);
    return page_close(&page, err);
}

static int write_kind(const char *dir, enum weir_kind kind, const struct config_hooks *hooks,
                      struct weir_error *err)
{
    char *folder;
    const struct weir_plugin *plugin;
    if (!hooks->list_plugins(hooks->arg, kind, 0))
        return 0;
    if (asprintf(&folder, "%s/%s", dir, kind_plural(kind)) < 0)
        return weir_error_set(err, -ENOMEM, "out of memory");
    int r = make_directory(folder, err);
    for (size_t i = 0; r == 0 && (plugin = hooks->list_plugins(hooks->arg, kind, i)); i++)
        r = write_plugin(dir, plugin, err);
    free(folder);
    return r;
}

static void print_commands(FILE *out)
{
    fputs(
        "<!-- Made from the commands' own help; change that, not this file. -->\n"
        "# The command line\n\n"
        "Results go to standard output, messages to standard error. The exit status is 0 when it is done,\n"
        "1 when it failed at run time, and 2 when the usage or the configuration was wrong.\n",
        out);
    for (const struct command *const *command = commands; *command; command++) {
        fprintf(out, "\n## weir %s\n\n```text\n", (*command)->name);
        command_print_help(*command, out);
        fputs("```\n", out);
    }
}

int reference_write(const char *dir, const struct config_hooks *hooks, struct weir_error *err)
{
    struct page page;
    int r = make_directory(dir, err);
    for (enum weir_kind kind = WEIR_INPUT; r == 0 && kind <= WEIR_CODEC_PLUGIN; kind++)
        r = write_kind(dir, kind, hooks, err);
    if (r == 0 && (r = page_open(&page, dir, "README.md", err)) == 0) {
        describe_index_markdown(hooks, page.out);
        r = page_close(&page, err);
    }
    if (r == 0 && (r = page_open(&page, dir, "configuration.md", err)) == 0) {
        describe_file_markdown(page.out);
        r = page_close(&page, err);
    }
    if (r == 0 && (r = page_open(&page, dir, "command-line.md", err)) == 0) {
        print_commands(page.out);
        r = page_close(&page, err);
    }
    return r;
}
