/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/file/sink.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/check_main.h"

static char path[64];
static struct sink sink;

static void setup(void)
{
    snprintf(path, sizeof(path), "/tmp/weir-test-sink-XXXXXX");
    close(mkstemp(path));
}

static void teardown(void)
{
    file_sink_close(&sink);
    unlink(path);
}

static void put(const char *text)
{
    int fd = open(path, O_WRONLY | O_TRUNC);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void has(const char *text)
{
    char got[4096] = "";
    int fd = open(path, O_RDONLY);
    ck_assert_int_ge(read(fd, got, sizeof(got) - 1), 0);
    close(fd);
    ck_assert_str_eq(got, text);
}

static void open_sink(void)
{
    ck_assert_int_eq(file_sink_open(&sink, open(path, O_WRONLY | O_APPEND)), 0);
}

static int append(const char *first, const char *second, uint64_t *ret_written)
{
    struct iovec pieces[] = { { (void *)(uintptr_t)first, strlen(first) },
                              { NULL, 0 },
                              { (void *)(uintptr_t)second, strlen(second) } };
    return file_sink_append(&sink, pieces, 3, ret_written);
}

static void limit(rlim_t bytes)
{
    struct rlimit rlimit = { bytes, RLIM_INFINITY };
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &rlimit), 0);
}

/* What a run had committed, what a crash left behind it, and what is there after the repair. */
static const struct {
    const char *left;
    uint64_t committed;
    const char *repaired;
    uint64_t cut;
} torn[] = {
    { "a\nb\n", 4, "a\nb\n", 0 },
    { "a\nb\n", 2, "a\nb\n", 0 }, /* whole, and not known to be committed: kept */
    { "a\nb\nto", 4, "a\nb\n", 2 },
    { "a\nb\nto", 2, "a\nb\n", 2 },
    { "a\nb\nto", 0, "a\nb\n", 2 },
    { "to", 0, "", 2 },
    { "a\nbcd", 4, "a\nbc", 1 },                  /* never below what was committed */
    { "a\nb", 3, "a\nb\n", 0 },                   /* committed without a newline: not ours to cut */
    { "a\nto", 99, "a\nto\n", 0 },                /* it shrank since */
    { "a\nto", SINK_SIZE_UNKNOWN, "a\nto\n", 0 }, /* not a file of ours */
    { "", SINK_SIZE_UNKNOWN, "", 0 },
    { "", 7, "", 0 },
};

START_TEST(fil_02_a_torn_last_line_is_cut)
{
    uint64_t written;
    char want[64];
    put(torn[_i].left);
    open_sink();
    ck_assert_uint_eq(file_sink_repair(&sink, torn[_i].committed), torn[_i].cut);
    if (!sink.torn) /* else a newline comes before what is written next */
        has(torn[_i].repaired);
    ck_assert_int_eq(append("new\n", "", &written), 0);
    ck_assert_uint_eq(written, 4);
    snprintf(want, sizeof(want), "%snew\n", torn[_i].repaired);
    has(want);
    ck_assert_uint_eq(sink.size, strlen(want));
}
END_TEST

START_TEST(fil_02_the_torn_line_may_be_long)
{
    static char line[200000];
    struct stat st;
    memset(line, 'x', sizeof(line));
    line[9] = '\n';
    int fd = open(path, O_WRONLY);
    ck_assert_int_eq(write(fd, line, sizeof(line)), sizeof(line));
    close(fd);
    open_sink();
    ck_assert_uint_eq(file_sink_repair(&sink, 0), sizeof(line) - 10);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_size, 10);
}
END_TEST

START_TEST(fil_01_a_write_that_fails_leaves_whole_records)
{
    /* Records of 4 and 5 bytes behind 3 that were there; the disk is full at each byte in turn. */
    const uint64_t room = (uint64_t)_i, whole = room < 4 ? 0 : (room < 9 ? 4 : 9);
    uint64_t written;
    put("o\n");
    open_sink();
    limit(2 + room);
    int r = append("abc\n", "defg\n", &written);
    limit(RLIM_INFINITY);
    ck_assert_uint_eq(written, room);
    if (room == 9) {
        ck_assert_int_eq(r, 0);
    } else {
        ck_assert_int_eq(r, -EFBIG);
        file_sink_keep(&sink, written, whole);
    }
    has(whole == 0 ? "o\n" : (whole == 4 ? "o\nabc\n" : "o\nabc\ndefg\n"));
    ck_assert_uint_eq(sink.size, 2 + whole);
    ck_assert(sink.sole && !sink.torn);
}
END_TEST

START_TEST(fil_01_nothing_is_cut_when_others_write_too)
{
    uint64_t written;
    open_sink();
    int other = open(path, O_WRONLY | O_APPEND);
    ck_assert_int_eq(write(other, "theirs\n", 7), 7);
    limit(9);
    ck_assert_int_eq(append("abc\n", "", &written), -EFBIG);
    file_sink_keep(&sink, written, 0);
    limit(RLIM_INFINITY);
    ck_assert(!sink.sole && sink.torn);
    has("theirs\nab");
    ck_assert_int_eq(append("abc\n", "", &written), 0);
    has("theirs\nab\nabc\n");
    close(other);
}
END_TEST

START_TEST(fil_02_another_agent_holds_the_lock)
{
    put("a\nto");
    int other = open(path, O_RDONLY);
    ck_assert_int_eq(flock(other, LOCK_EX), 0);
    open_sink();
    ck_assert(!sink.sole);
    ck_assert_uint_eq(file_sink_repair(&sink, 2), 0);
    ck_assert(sink.torn);
    has("a\nto");
    close(other);
}
END_TEST

START_TEST(fil_03_whether_the_path_is_still_the_file)
{
    uint64_t written;
    struct stat st;
    open_sink();
    ck_assert_int_eq(append("abc\n", "", &written), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(file_sink_compare(&sink, &st), SINK_SAME);
    st.st_size = 3;
    ck_assert_int_eq(file_sink_compare(&sink, &st), SINK_REPLACED);
    st.st_size = 5;
    ck_assert_int_eq(file_sink_compare(&sink, &st), SINK_SHARED);
    ck_assert(!sink.sole);
    ck_assert_int_eq(file_sink_compare(&sink, &st), SINK_SAME);
    st.st_ino++;
    ck_assert_int_eq(file_sink_compare(&sink, &st), SINK_REPLACED);
}
END_TEST

START_TEST(fil_10_what_a_failed_sync_leaves_is_taken_back)
{
    uint64_t written;
    open_sink();
    ck_assert_int_eq(append("safe\n", "", &written), 0);
    ck_assert_int_eq(file_sink_sync(&sink), 0);
    ck_assert_uint_eq(sink.synced, 5);
    ck_assert_int_eq(file_sink_sync(&sink), 0);
    ck_assert_int_eq(append("doubt\n", "", &written), 0);
    sink.broken = true; /* as a failed fdatasync() leaves it */
    ck_assert_int_lt(file_sink_sync(&sink), 0);
    has("safe\n");
    ck_assert_uint_eq(sink.size, 5);
    ck_assert_int_lt(file_sink_sync(&sink), 0); /* a later one is not believed */
}
END_TEST

START_TEST(the_same_file_is_known_again)
{
    open_sink();
    struct sink_identity first = file_sink_identity(&sink), again;
    file_sink_close(&sink);
    open_sink();
    again = file_sink_identity(&sink);
    ck_assert_mem_eq(&first, &again, sizeof(first));
    ck_assert_uint_ne(first.ino, 0);
    ck_assert_uint_ne(first.birth, 0);
}
END_TEST

int main(void)
{
    signal(SIGXFSZ, SIG_IGN);
    Suite *suite = suite_create("sink");
    TCase *tcase = tcase_create("sink");
    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, fil_02_a_torn_last_line_is_cut, 0, sizeof(torn) / sizeof(torn[0]));
    tcase_add_test(tcase, fil_02_the_torn_line_may_be_long);
    tcase_add_loop_test(tcase, fil_01_a_write_that_fails_leaves_whole_records, 0, 10);
    tcase_add_test(tcase, fil_01_nothing_is_cut_when_others_write_too);
    tcase_add_test(tcase, fil_02_another_agent_holds_the_lock);
    tcase_add_test(tcase, fil_03_whether_the_path_is_still_the_file);
    tcase_add_test(tcase, fil_10_what_a_failed_sync_leaves_is_taken_back);
    tcase_add_test(tcase, the_same_file_is_known_again);
    return check_main(suite);
}
