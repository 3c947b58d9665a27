/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cgroup.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check_main.h"
#include "support/temp_dir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define V2_MOUNT "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1_MOUNT                                                                                   \
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
#define V1_CPU "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
#define MIB(n) ((uint64_t)(n) << 20)

START_TEST(limits_are_read)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        { "max\n", UINT64_MAX },
        { "67108864\n", MIB(64) },
        { "67108864", MIB(64) },
        { "0\n", 0 },
        { "9223372036854771712\n", UINT64_MAX }, /* v1 without a limit, pages of 4 KiB */
        { "9223372036854710272\n", UINT64_MAX }, /* of 64 KiB */
        { "9223372036854775807\n", UINT64_MAX },
        { "18446744073709551616\n", UINT64_MAX },
        { "99999999999999999999999999999999999\n", UINT64_MAX },
        { "1152921504606846976\n", UINT64_MAX },
        { "1152921504606846975\n", (1ull << 60) - 1 },
        { "", UINT64_MAX },
        { "\n", UINT64_MAX },
        { "-1\n", UINT64_MAX },
        { "64M\n", UINT64_MAX },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(cgroup_parse_limit(weir_str_of(cases[i].text)) == cases[i].bytes, "%s",
                      cases[i].text);
}
END_TEST

START_TEST(the_group_is_found)
{
    static const struct {
        const char *text, *v1, *v2;
    } cases[] = {
        { "0::/system.slice/weir.service\n", NULL, "/system.slice/weir.service" },
        { "0::/\n", NULL, "/" },
        { "0::/../other\n", NULL, "/../other" },
        { "9:name=systemd:/\n4:memory:/docker/c1\n1:cpu:/\n0::/\n", "/docker/c1", "/" },
        { "4:cpu,memory,pids:/a\n", "/a", NULL },
        { "4:hugememory:/a\n5:memory_x:/b\n", NULL, NULL },
        { "1:name=memory:/a\n", NULL, NULL },
        { "4:memory:/a:b\n", "/a:b", NULL }, /* a name may hold a colon */
        { "4:memory:\n0::\n", NULL, NULL },
        { "4:memory\n0\n:\n\n", NULL, NULL },
        { "", NULL, NULL },
    };
    char path[PATH_MAX];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *const wanted[] = { [CGROUP_V1] = cases[i].v1, [CGROUP_V2] = cases[i].v2 };
        for (int version = CGROUP_V1; version <= CGROUP_V2; version++) {
            const bool found = cgroup_parse_path(weir_str_of(cases[i].text), version, path);
            ck_assert_msg(found == (wanted[version] != NULL), "%s", cases[i].text);
            if (found)
                ck_assert_str_eq(path, wanted[version]);
        }
    }
}
END_TEST

START_TEST(a_path_that_is_too_long_is_none)
{
    static char text[PATH_MAX + 64];
    char path[PATH_MAX];
    memset(text, 'a', sizeof(text) - 1);
    memcpy(text, "0::/", 4);
    ck_assert(!cgroup_parse_path(weir_str_of(text), CGROUP_V2, path));
    text[PATH_MAX + 2] = '\n';
    ck_assert(cgroup_parse_path(weir_str_of(text), CGROUP_V2, path));
    ck_assert_uint_eq(strlen(path), PATH_MAX - 1);
}
END_TEST

START_TEST(the_mount_is_found)
{
    static const struct {
        const char *text;
        enum cgroup_version version;
        const char *path, *root, *point;
    } cases[] = {
        { V2_MOUNT, CGROUP_V2, "/a", "/", "/sys/fs/cgroup" },
        { V2_MOUNT, CGROUP_V1, "/a", NULL, NULL },
        { V1_CPU V1_MOUNT, CGROUP_V1, "/a", "/", "/sys/fs/cgroup/memory" },
        { V1_CPU, CGROUP_V1, "/a", NULL, NULL },
        { "1 2 0:3 /docker/c1 /cg\\040x\\134y rw - cgroup cgroup rw,memory\n", CGROUP_V1,
          "/docker/c1", "/docker/c1", "/cg x\\y" },
        { "1 2 0:3 / /no/tags rw - cgroup2 none rw\n", CGROUP_V2, "/", "/", "/no/tags" },
        { "1 2 0:3 / /tags rw shared:1 master:2 x - cgroup2 none rw\n", CGROUP_V2, "/", "/",
          "/tags" },
        /* The one that shows the path, wherever it stands; else the last. */
        { "1 2 0:3 /b /at/b rw - cgroup2 - rw\n1 2 0:3 /a /at/a rw - cgroup2 - rw\n"
          "1 2 0:3 /c /at/c rw - cgroup2 - rw\n",
          CGROUP_V2, "/a/x", "/a", "/at/a" },
        { "1 2 0:3 /b /at/b rw - cgroup2 - rw\n1 2 0:3 /ab /at/ab rw - cgroup2 - rw\n", CGROUP_V2,
          "/a/x", "/ab", "/at/ab" },
        { "1 2 0:3 / /cut rw - cgroup2", CGROUP_V2, "/", "/", "/cut" },
        { "1 2 0:3 / /cut rw", CGROUP_V2, "/", NULL, NULL },
        { "- cgroup2\n\n - - -\n", CGROUP_V2, "/", NULL, NULL },
        { "1 2 0:3 / /nul\\000 rw - cgroup2 - rw\n", CGROUP_V2, "/", NULL, NULL },
    };
    struct cgroup_mount mount;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const bool found =
            cgroup_parse_mount(weir_str_of(cases[i].text), cases[i].version, cases[i].path, &mount);
        ck_assert_msg(found == (cases[i].root != NULL), "%s", cases[i].text);
        if (!found)
            continue;
        ck_assert_str_eq(mount.root, cases[i].root);
        ck_assert_str_eq(mount.point, cases[i].point);
    }
}
END_TEST

/* ---- whole hosts --------------------------------------------------------------------------------------- */

static char root[TEMP_DIR_MAX];

static void setup(void)
{
    temp_dir_make(root);
}

static void teardown(void)
{
    temp_dir_remove(root);
}

static void put(const char *path, const char *text)
{
    char command[512], full[256];
    snprintf(command, sizeof(command), "mkdir -p $(dirname %s%s)", root, path);
    ck_assert_int_eq(system(command), 0);
    snprintf(full, sizeof(full), "%s%s", root, path);
    FILE *file = fopen(full, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

#define V2 "/sys/fs/cgroup"
#define V1 "/sys/fs/cgroup/memory"
#define NESTED "/kubepods/pod1/c1"

static const struct {
    const char *cgroup, *mounts;
    struct {
        const char *path, *text;
    } files[8];
    uint64_t bytes;
    const char *file;
} hosts[] = {
    /* A service of systemd's. */
    { "0::/system.slice/weir.service\n",
      V2_MOUNT,
      { { V2 "/system.slice/weir.service/memory.max", "67108864\n" },
        { V2 "/system.slice/weir.service/memory.high", "max\n" },
        { V2 "/system.slice/memory.max", "max\n" } },
      MIB(64),
      V2 "/system.slice/weir.service/memory.max" },
    /* The lowest on the way up, by whichever name. */
    { "0::" NESTED "\n",
      V2_MOUNT,
      { { V2 NESTED "/memory.max", "100000000\n" },
        { V2 "/kubepods/pod1/memory.max", "60000000\n" },
        { V2 "/kubepods/pod1/memory.high", "50000000\n" },
        { V2 "/kubepods/memory.max", "70000000\n" },
        { V2 "/memory.max", "1\n" /* there is none in the root; if there were */ } },
      1,
      V2 "/memory.max" },
    { "0::" NESTED "\n",
      V2_MOUNT,
      { { V2 NESTED "/memory.max", "100000000\n" },
        { V2 "/kubepods/pod1/memory.max", "60000000\n" },
        { V2 "/kubepods/pod1/memory.high", "50000000\n" },
        { V2 "/kubepods/memory.max", "70000000\n" } },
      50000000,
      V2 "/kubepods/pod1/memory.high" },
    /* A container with a namespace of its own. */
    { "0::/\n", V2_MOUNT, { { V2 "/memory.max", "33554432\n" } }, MIB(32), V2 "/memory.max" },
    /* One that was moved out of what it sees. */
    { "0::/../c2\n", V2_MOUNT, { { V2 "/memory.max", "33554432\n" } }, MIB(32), V2 "/memory.max" },
    /* One without a namespace, v1: the path is the host's, and its group is what is mounted. */
    { "4:memory:/docker/c1\n0::/docker/c1\n",
      "35 31 0:32 /docker/c1 " V1 " ro - cgroup cgroup rw,memory\n",
      { { V1 "/memory.limit_in_bytes", "33554432\n" } },
      MIB(32),
      V1 "/memory.limit_in_bytes" },
    /* v1, nested, with v2 beside it for systemd alone. */
    { "4:memory:" NESTED "\n0::/init.scope\n",
      V1_CPU V1_MOUNT "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
      { { V1 NESTED "/memory.limit_in_bytes", "9223372036854771712\n" },
        { V1 "/kubepods/memory.limit_in_bytes", "1000000000\n" },
        { V1 "/memory.limit_in_bytes", "9223372036854771712\n" } },
      1000000000,
      V1 "/kubepods/memory.limit_in_bytes" },
    /* No limit, and nothing to read. */
    { "4:memory:/\n",
      V1_MOUNT,
      { { V1 "/memory.limit_in_bytes", "9223372036854771712\n" } },
      UINT64_MAX,
      "" },
    { "0::/\n", V2_MOUNT, { { V2 "/memory.max", "max\n" } }, UINT64_MAX, "" },
    { "0::/\n", V2_MOUNT, { { NULL, NULL } }, UINT64_MAX, "" },
    { "", "", { { NULL, NULL } }, UINT64_MAX, "" },
};

START_TEST(the_lowest_limit_of_a_host)
{
    struct cgroup_limit limit;
    put("/proc/self/cgroup", hosts[_i].cgroup);
    put("/proc/self/mountinfo", hosts[_i].mounts);
    for (size_t i = 0; i < COUNT_OF(hosts[_i].files) && hosts[_i].files[i].path; i++)
        put(hosts[_i].files[i].path, hosts[_i].files[i].text);
    cgroup_memory_limit(root, &limit);
    ck_assert_uint_eq(limit.bytes, hosts[_i].bytes);
    ck_assert_str_eq(limit.file, hosts[_i].file);
}
END_TEST

START_TEST(a_host_without_proc)
{
    struct cgroup_limit limit;
    cgroup_memory_limit(root, &limit);
    ck_assert_uint_eq(limit.bytes, UINT64_MAX);
    put("/proc/self/cgroup", "0::/\n");
    cgroup_memory_limit(root, &limit);
    ck_assert_uint_eq(limit.bytes, UINT64_MAX);
    cgroup_memory_limit("", &limit); /* this one's, whatever it is */
    ck_assert((limit.bytes == UINT64_MAX) == (limit.file[0] == '\0'));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/cgroup");
    TCase *parts = tcase_create("parts"), *whole = tcase_create("whole");
    tcase_add_test(parts, limits_are_read);
    tcase_add_test(parts, the_group_is_found);
    tcase_add_test(parts, a_path_that_is_too_long_is_none);
    tcase_add_test(parts, the_mount_is_found);
    suite_add_tcase(suite, parts);
    tcase_add_checked_fixture(whole, setup, teardown);
    tcase_add_loop_test(whole, the_lowest_limit_of_a_host, 0, (int)COUNT_OF(hosts));
    tcase_add_test(whole, a_host_without_proc);
    suite_add_tcase(suite, whole);
    return check_main(suite);
}
