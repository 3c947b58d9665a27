/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/file/place.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/check_main.h"
#include "support/temp_dir.h"

static char dir[TEMP_DIR_MAX], path[512];
static struct place place;

/* `name` in the test's own directory. */
static const char *in(const char *name)
{
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void setup(void)
{
    temp_dir_make(dir);
    umask(0077); /* which must not show */
    place = (struct place){ .file_mode = 0640, .directory_mode = 0750, .root_fd = -1 };
}

static void teardown(void)
{
    file_place_close(&place);
    temp_dir_remove(dir);
}

static mode_t mode_of(const char *name)
{
    struct stat st;
    ck_assert_int_eq(stat(in(name), &st), 0);
    return st.st_mode & 07777;
}

static void opens(const char *name)
{
    int fd = file_place_open(&place, name);
    ck_assert_msg(fd >= 0, "%s: %d", name, fd);
    ck_assert_int_eq(write(fd, "x\n", 2), 2);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_APPEND, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    close(fd);
}

START_TEST(fil_07_fil_12_missing_directories_and_exact_modes)
{
    place.durable = _i;
    opens(in("a/b//c.log"));
    opens(in("a/b/c.log")); /* again: it is there */
    ck_assert_uint_eq(mode_of("a/b/c.log"), 0640);
    struct stat st;
    ck_assert_int_eq(file_place_stat(&place, in("a/b/c.log"), &st), 0);
    ck_assert_int_eq(st.st_size, 4);
    ck_assert_int_eq(file_place_stat(&place, in("none"), &st), -ENOENT);
}
END_TEST

START_TEST(fil_09_what_is_no_file_is_an_answer)
{
    ck_assert_int_eq(mkfifo(in("fifo"), 0600), 0);
    ck_assert_int_eq(file_place_open(&place, in("fifo")), -PLACE_ENOTFILE);
    int reader = open(in("fifo"), O_RDONLY | O_NONBLOCK);
    ck_assert_int_eq(file_place_open(&place, in("fifo")), -PLACE_ENOTFILE);
    close(reader);
    ck_assert_int_eq(file_place_open(&place, "/dev/null"), -PLACE_ENOTFILE);
    ck_assert_int_eq(file_place_open(&place, dir), -EISDIR);
    ck_assert_int_eq(file_place_open(&place, "/dev/null/x"), -ENOTDIR);
}
END_TEST

START_TEST(links_of_the_operator_are_followed)
{
    ck_assert_int_eq(mkdir(in("real"), 0700), 0);
    ck_assert_int_eq(symlink("real", in("link")), 0);
    ck_assert_int_eq(symlink("target.log", in("real/x.log")), 0);
    opens(in("link/x.log")); /* makes the target that is missing */
    ck_assert_uint_eq(mode_of("real/target.log") & 0600, 0600);
}
END_TEST

START_TEST(fil_05_sec_04_no_link_leads_out_of_the_root)
{
    char root[sizeof(path)];
    ck_assert_int_eq(mkdir(in("outside"), 0700), 0);
    ck_assert_int_eq(symlink("outside", in("root-link")), 0);
    snprintf(root, sizeof(root), "%s", in("root-link/root"));
    place.root = root;
    opens("a/b.log"); /* the root itself may be behind a link, and is made */
    opens("b.log");
    ck_assert_uint_eq(mode_of("outside/root/a"), 0750);

    ck_assert_int_eq(symlink("../..", in("outside/root/up")), 0);
    ck_assert_int_eq(symlink("b.log", in("outside/root/link.log")), 0);
    ck_assert_int_eq(symlink("/etc", in("outside/root/abs")), 0);
    ck_assert_int_eq(symlink("none", in("outside/root/dangling.log")), 0);
    static const char *const refused[] = { "up/x.log", "link.log", "abs/x.log", "dangling.log" };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        int r = file_place_open(&place, refused[i]);
        ck_assert_msg(r == -ELOOP, "%s: %d", refused[i], r);
        ck_assert(file_place_error_is_lasting(r));
    }
    ck_assert_int_lt(access(in("x.log"), F_OK), 0);
    ck_assert_int_lt(access(in("outside/root/none"), F_OK), 0);
    ck_assert_int_eq(file_place_open(&place, "b.log/x"), -ENOTDIR);
    ck_assert_int_eq(file_place_open(&place, "a"), -EISDIR);
    ck_assert(!file_place_error_is_lasting(-EACCES) && !file_place_error_is_lasting(-ENOSPC));
}
END_TEST

START_TEST(a_root_that_was_moved_is_made_again)
{
    char root[sizeof(path)];
    struct stat st;
    snprintf(root, sizeof(root), "%s", in("root"));
    place.root = root;
    opens("a.log");
    file_place_check_root(&place);
    ck_assert_int_ge(place.root_fd, 0);
    char moved[sizeof(path)];
    snprintf(moved, sizeof(moved), "%s", in("moved"));
    ck_assert_int_eq(rename(root, moved), 0);
    ck_assert_int_eq(file_place_stat(&place, "a.log", &st), 0); /* not looked at yet */
    file_place_check_root(&place);
    ck_assert_int_eq(file_place_stat(&place, "a.log", &st), -ENOENT);
    opens("a.log");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("place");
    TCase *tcase = tcase_create("place");
    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, fil_07_fil_12_missing_directories_and_exact_modes, 0, 2);
    tcase_add_test(tcase, fil_09_what_is_no_file_is_an_answer);
    tcase_add_test(tcase, links_of_the_operator_are_followed);
    tcase_add_test(tcase, fil_05_sec_04_no_link_leads_out_of_the_root);
    tcase_add_test(tcase, a_root_that_was_moved_is_made_again);
    return check_main(suite);
}
