/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over files: what the fuzzer once found, and seeds, as a plain regression test.
 * usage: replay FILE|FOLDER... ; the process fails as the target does, by an assertion or a signal. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    struct stat st;
    uint8_t *data = NULL;
    size_t size = 0;
    if (fstat(fileno(file), &st) == 0 && st.st_size > 0) {
        data = malloc((size_t)st.st_size); /* exactly as long: a sanitizer sees each byte over */
        size = data ? fread(data, 1, (size_t)st.st_size, file) : 0;
    }
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

static int replay_path(const char *path, unsigned *count)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        perror(path);
        return 1;
    }
    if (!S_ISDIR(st.st_mode)) {
        ++*count;
        return replay_file(path);
    }
    struct dirent **names = NULL;
    int n = scandir(path, &names, NULL, alphasort), failed = 0;
    for (int i = 0; i < n; i++) {
        char full[4096];
        snprintf(full, sizeof(full), "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            failed |= replay_path(full, count);
        free(names[i]);
    }
    free(names);
    return failed;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed |= replay_path(argv[i], &count);
    printf("%u inputs replayed\n", count);
    return failed || count == 0;
}
