/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/identity.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/check_main.h"
#include "support/temp_dir.h"

#define ID "0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffffffffffffffffff00"

static char root[TEMP_DIR_MAX];

static void put(const char *path, const char *text)
{
    if (!text)
        return;
    char command[256], full[256];
    snprintf(command, sizeof(command), "mkdir -p $(dirname %s%s)", root, path);
    ck_assert_int_eq(system(command), 0);
    snprintf(full, sizeof(full), "%s%s", root, path);
    FILE *file = fopen(full, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void setup(void)
{
    temp_dir_make(root);
}

static void teardown(void)
{
    temp_dir_remove(root);
}

static const struct {
    const char *machine, *dbus;
    enum identity_source source;
    const char *text; /* NULL: only that there is one */
} machine_ids[] = {
    { ID "\n", OTHER "\n", IDENTITY_MACHINE_ID, ID },
    { ID, NULL, IDENTITY_MACHINE_ID, ID },
    { NULL, OTHER "\n", IDENTITY_DBUS, OTHER },
    { "", OTHER "\n", IDENTITY_DBUS, OTHER },
    { "uninitialized\n", OTHER "\n", IDENTITY_DBUS, OTHER },
    { "00000000000000000000000000000000\n", NULL, IDENTITY_HOSTNAME, NULL },
    { "0123456789ABCDEF0123456789abcdef\n", NULL, IDENTITY_HOSTNAME, NULL },
    { ID "0\n", NULL, IDENTITY_HOSTNAME, NULL },
    { "0123456789abcdef\n", NULL, IDENTITY_HOSTNAME, NULL },
    { NULL, NULL, IDENTITY_HOSTNAME, NULL },
};

START_TEST(machine_id_and_its_fallbacks)
{
    put("/etc/machine-id", machine_ids[_i].machine);
    put("/var/lib/dbus/machine-id", machine_ids[_i].dbus);
    struct identity identity, again;
    identity_read(root, &identity);
    identity_read(root, &again);
    ck_assert_int_eq(identity.machine_id_source, machine_ids[_i].source);
    if (machine_ids[_i].text)
        ck_assert_str_eq(identity.machine_id_text, machine_ids[_i].text);
    ck_assert_uint_eq(strspn(identity.machine_id_text, "0123456789abcdef"), 32);
    ck_assert_str_eq(identity.machine_id_text, again.machine_id_text);
    static const uint8_t none[16];
    ck_assert_int_ne(memcmp(identity.machine_id, none, 16), 0);
}
END_TEST

static const struct {
    const char *text, *id, *version, *name;
} releases[] = {
    { "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n", "debian",
      "12", "Debian GNU/Linux 12 (bookworm)" },
    { "ID='a b'\nVERSION_ID=\"1\\\"2\"\nPRETTY_NAME=x\\ y", "a b", "1\"2", "x y" },
    { "ID=\nVERSION_ID=\"\"\nPRETTY_NAME=\"unended\nHOME_URL=\"x\"\n", "", "", "unended" },
    { "BUILD_ID=1\n#ID=no\nNOT_VERSION_ID=3\n", "", "", "" },
    { "ID=trailing\\", "trailing\\", "", "" },
    { "\n\n\nID=late", "late", "", "" },
    { NULL, "", "", "" },
};

START_TEST(os_release_as_its_manual_quotes)
{
    put("/etc/os-release", releases[_i].text);
    struct identity identity;
    identity_read(root, &identity);
    ck_assert_str_eq(identity.os_id, releases[_i].id);
    ck_assert_str_eq(identity.os_version, releases[_i].version);
    ck_assert_str_eq(identity.os_name, releases[_i].name);
}
END_TEST

START_TEST(a_long_value_is_cut)
{
    char text[400];
    snprintf(text, sizeof(text), "ID=%0300d\n", 7);
    put("/usr/lib/os-release", text);
    struct identity identity;
    identity_read(root, &identity);
    ck_assert_uint_eq(strlen(identity.os_id), sizeof(identity.os_id) - 1);
}
END_TEST

START_TEST(this_host_has_a_name_and_a_boot)
{
    struct identity identity;
    identity_read("", &identity);
    ck_assert_str_ne(identity.hostname, "");
    ck_assert_uint_eq(strlen(identity.boot_id), 36);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("identity");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, machine_id_and_its_fallbacks, 0,
                        sizeof(machine_ids) / sizeof(machine_ids[0]));
    tcase_add_loop_test(tc, os_release_as_its_manual_quotes, 0,
                        sizeof(releases) / sizeof(releases[0]));
    tcase_add_test(tc, a_long_value_is_cut);
    tcase_add_test(tc, this_host_has_a_name_and_a_boot);
    Suite *suite = suite_create("agent/identity");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
