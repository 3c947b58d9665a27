/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_AGENT_IDENTITY_H
#define WEIR_AGENT_IDENTITY_H

#include <stdint.h>

/* Which host this is: read once at start. Stream ids are made from the machine id, and the context of
 * records from the rest. */

/* Where the machine id comes from, best first. */
enum identity_source {
    IDENTITY_MACHINE_ID, /* /etc/machine-id: one for the life of an installation */
    IDENTITY_DBUS,       /* /var/lib/dbus/machine-id: the same, where systemd is not */
    IDENTITY_HOSTNAME,   /* hashed; as stable as the name is */
};

struct identity {
    uint8_t machine_id[16];
    enum identity_source machine_id_source;
    char machine_id_text[33]; /* 32 lower-case hexadecimal digits, as machine-id(5) has it */
    char boot_id[37];         /* drawn by the kernel at each boot, a UUID as text; "": unknown */
    char hostname[256];       /* as gethostname(2) has it; "localhost" when it has none */
    /* os-release(5); "" where it does not say */
    char os_id[64], os_version[64], os_name[128]; /* ID, VERSION_ID, PRETTY_NAME */
};

/* Fills *ret; there is always an answer. Files are looked for under `root` ("" but in tests). */
void identity_read(const char *root, struct identity *ret);

#endif
