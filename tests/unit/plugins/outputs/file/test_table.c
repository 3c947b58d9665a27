/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/file/router.h"
#include "plugins/outputs/file/table.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/check_main.h"
#include "support/temp_dir.h"

/* The host, as far as it is asked for here. */
static weir_ms now;
static char said[256];

weir_ms weir_now(const struct weir_host *host)
{
    (void)host;
    return now;
}

void weir_message(struct weir_host *host, enum weir_level level, const char *text,
                  const struct weir_kv *kvs, size_t count)
{
    (void)host;
    (void)level;
    (void)kvs;
    (void)count;
    snprintf(said, sizeof(said), "%s", text);
}

bool weir_state_get(struct weir_host *host, const void *key, size_t key_len,
                    struct weir_stream_state *ret)
{
    (void)host;
    (void)key;
    (void)key_len;
    (void)ret;
    return false;
}

void weir_state_put(struct weir_host *host, const void *key, size_t key_len, uint64_t value,
                    const void *note, size_t note_len)
{
    (void)host;
    (void)key;
    (void)key_len;
    (void)value;
    (void)note;
    (void)note_len;
}

/* Nothing is settled here. */
const struct weir_slice *weir_delivery_slice(const struct weir_delivery *delivery)
{
    (void)delivery;
    abort();
}

void weir_settle(struct weir_delivery *delivery, uint32_t first, uint32_t count,
                 enum weir_outcome outcome, struct weir_str why)
{
    (void)delivery;
    (void)first;
    (void)count;
    (void)outcome;
    (void)why;
    abort();
}

void weir_settle_all(struct weir_delivery *delivery, enum weir_outcome outcome, struct weir_str why)
{
    weir_settle(delivery, 0, 0, outcome, why);
}

/* A template whose text for record i is rendered[i] below the root. */
static char root[TEMP_DIR_MAX];
static const char *rendered[64];

struct weir_str weir_template_source(const struct weir_template *tpl)
{
    static char source[160];
    (void)tpl;
    snprintf(source, sizeof(source), "%s/${app}", root);
    return weir_str_of(source);
}

int weir_template_render(const struct weir_template *tpl, const struct weir_batch *batch,
                         uint32_t i, weir_template_clean_f *clean, struct weir_bytes *out)
{
    (void)tpl;
    (void)batch;
    (void)clean;
    int r = weir_bytes_add(out, root, strlen(root));
    r = r < 0 ? r : weir_bytes_add(out, "/", 1);
    return r < 0 ? r : weir_bytes_add(out, rendered[i], strlen(rendered[i]));
}

static struct file_table files;
static struct router router;

static void setup(void)
{
    temp_dir_make(root);
    struct place place = { .root = root, .file_mode = 0600, .directory_mode = 0700 };
    ck_assert_int_eq(file_table_init(&files, NULL, place, 3), 0);
    ck_assert_int_eq(file_router_init(&router, NULL), 0);
    ck_assert_str_eq(router.root, root);
    said[0] = '\0';
}

static void teardown(void)
{
    file_table_deinit(&files);
    file_router_deinit(&router);
    temp_dir_remove(root);
}

static struct file *find(const char *path)
{
    return file_table_find(&files, weir_str_of(path));
}

static void append(const char *path, const char *line)
{
    uint64_t written;
    struct file *file = find(path);
    struct iovec piece = { (void *)(uintptr_t)line, strlen(line) };
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(file_table_ready(&files, file), 0);
    ck_assert_int_eq(file_sink_append(&file->sink, &piece, 1, &written), 0);
}

static void has(const char *path, const char *want)
{
    char full[256], got[256] = "";
    snprintf(full, sizeof(full), "%s/%s", root, path);
    FILE *file = fopen(full, "r");
    ck_assert_msg(file != NULL, "%s", full);
    (void)!fread(got, 1, sizeof(got) - 1, file);
    fclose(file);
    ck_assert_str_eq(got, want);
}

static void move(const char *from, const char *to)
{
    char a[256], b[256];
    snprintf(a, sizeof(a), "%s/%s", root, from);
    snprintf(b, sizeof(b), "%s/%s", root, to);
    ck_assert_int_eq(rename(a, b), 0);
}

START_TEST(fil_06_a_bounded_number_is_open)
{
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g" };
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < 7; i++) {
            append(names[i], "x\n");
            append("busy", "y\n"); /* used most, so it stays open */
        }
    unsigned open = 0;
    for (unsigned i = 0; i < files.count; i++)
        open += files.entries[i].is_open;
    ck_assert_uint_eq(open, 3);
    for (size_t i = 0; i < 7; i++)
        has(names[i], "x\nx\nx\n");
    has("busy", "y\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\n");
}
END_TEST

START_TEST(fil_03_a_file_that_was_moved_is_left)
{
    append("a", "1\n");
    move("a", "a.1");
    now += 999;
    append("a", "2\n"); /* nobody has looked yet */
    now += 1;
    append("a", "3\n");
    has("a.1", "1\n2\n");
    has("a", "3\n");
    ck_assert_int_eq(file_table_sync(&files), 0);
    file_table_close(&files); /* as at USR1 */
    move("a", "a.2");
    append("a", "4\n");
    has("a.2", "3\n");
    has("a", "4\n");
}
END_TEST

START_TEST(fil_03_a_file_that_was_truncated_or_shared)
{
    char path[256];
    append("a", "one\ntwo\n");
    snprintf(path, sizeof(path), "%s/a", root);
    ck_assert_int_eq(truncate(path, 0), 0);
    now += 1000;
    append("a", "three\n");
    has("a", "three\n");
    ck_assert_str_eq(said, "");
    FILE *other = fopen(path, "a");
    fputs("theirs\n", other);
    fclose(other);
    now += 1000;
    append("a", "four\n");
    has("a", "three\ntheirs\nfour\n");
    ck_assert_str_eq(said, "another program writes to the file; will not cut torn lines");
}
END_TEST

START_TEST(records_find_their_files)
{
    static const char *const paths[] = { "a",  "a", "b", "c",   "a",   "b",
                                         "..", "d", "a", "e/f", "e/f", "a" };
    const struct weir_batch batch = { .count = 12 };
    const struct weir_slice slice = { .batch = &batch, .count = 12 };
    struct fates fates = { 0 };
    uint32_t at = 0, rounds = 0;
    for (size_t i = 0; i < 12; i++)
        rendered[i] = paths[i];
    ck_assert_int_eq(file_router_begin(&router, 12), 0);
    while (at < 12) {
        uint32_t next = file_router_assign(&router, &files, &slice, at, &fates);
        ck_assert_uint_gt(next, at);
        ck_assert_uint_le(router.in_batch, 3);
        uint32_t seen = 0;
        for (unsigned i = 0; i < files.count; i++) {
            if (!files.entries[i].in_batch)
                continue;
            struct weir_slice own = file_router_records_of(&router, &slice, at, next, i);
            for (uint32_t k = 0; k < 12; k++) {
                if (k < own.first || k >= own.first + own.count || !weir_slice_has(&own, k))
                    continue;
                const char *want = strcmp(paths[k], "..") ? paths[k] : "_";
                ck_assert_str_eq(files.entries[i].path, want);
                seen++;
            }
            files.entries[i].in_batch = false;
        }
        ck_assert_uint_eq(seen, next - at);
        at = next;
        rounds++;
    }
    ck_assert_uint_eq(rounds, 3);
    ck_assert(!fates.mixed);
}
END_TEST

START_TEST(fil_05_a_path_that_is_too_long_is_rejected_alone)
{
    static char longest[5000];
    const struct weir_batch batch = { .count = 3 };
    const struct weir_slice slice = { .batch = &batch, .count = 3 };
    struct fates fates = { 0 };
    memset(longest, 'x', sizeof(longest) - 1);
    rendered[0] = rendered[2] = "a";
    rendered[1] = longest;
    ck_assert_int_eq(file_router_begin(&router, 3), 0);
    ck_assert_uint_eq(file_router_assign(&router, &files, &slice, 0, &fates), 3);
    ck_assert_uint_eq(router.in_batch, 1);
    ck_assert_uint_eq(router.file_of[0], router.file_of[2]);
    ck_assert_uint_eq(router.file_of[1], ROUTER_NOWHERE);
    ck_assert(fates.mixed && fates.of[1] == WEIR_REJECTED && fates.of[2] == WEIR_DELIVERED);
    file_fates_deinit(&fates);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table");
    TCase *tcase = tcase_create("table");
    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, fil_06_a_bounded_number_is_open);
    tcase_add_test(tcase, fil_03_a_file_that_was_moved_is_left);
    tcase_add_test(tcase, fil_03_a_file_that_was_truncated_or_shared);
    tcase_add_test(tcase, records_find_their_files);
    tcase_add_test(tcase, fil_05_a_path_that_is_too_long_is_rejected_alone);
    return check_main(suite);
}
