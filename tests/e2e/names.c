/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the agent by test_http.py: names that a name server would have trouble with.
 *
 *     slow.example       is found after $NAMES_SLOW_S seconds
 *     two.example        has an address where nothing answers, 2001:db8::1, before the right one
 *     file.example       is at the address that the file $NAMES_FILE holds */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

static int numeric(const char *address, const char *service, const struct addrinfo *hints,
                   struct addrinfo **ret)
{
    struct addrinfo how = *hints;
    how.ai_family = AF_UNSPEC;
    how.ai_flags |= AI_NUMERICHOST;
    return REAL(getaddrinfo)(address, service, &how, ret);
}

EXPORT int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **ret)
{
    if (strcmp(name, "slow.example") == 0) {
        sleep((unsigned)atoi(getenv("NAMES_SLOW_S")));
        return numeric("127.0.0.1", service, hints, ret);
    }
    if (strcmp(name, "two.example") == 0) {
        int r = numeric("2001:db8::1", service, hints, ret);
        return r == 0 ? numeric("127.0.0.1", service, hints, &(*ret)->ai_next) : r;
    }
    if (strcmp(name, "file.example") == 0) {
        char address[64] = "";
        FILE *file = fopen(getenv("NAMES_FILE"), "r");
        if (!file || !fgets(address, sizeof(address), file))
            return EAI_AGAIN;
        fclose(file);
        address[strcspn(address, "\n")] = '\0';
        return numeric(address, service, hints, ret);
    }
    return REAL(getaddrinfo)(name, service, hints, ret);
}
