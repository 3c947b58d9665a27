/* SPDX-License-Identifier: Apache-2.0 */
/* Access logs, each a pattern. Fields are named as the OpenTelemetry semantic conventions have them, where
 * they do; their names hold dots, which those of groups cannot, so there is a table between.
 *
 *     203.0.113.9 - frank [10/Oct/2000:13:55:36 -0700] "GET /x?y HTTP/1.0" 200 2326 "https://a/" "curl/8"
 *     address ident user   time                         request            status bytes referer  agent
 *     `---------------------------- common ----------------------------------------'
 *
 * "-" stands for nothing there: the field is left out. A quote inside a text is written \" by Apache and
 * \x22 by nginx; both stay as written. A request that is none (bytes of a TLS handshake, say) is kept whole,
 * as `request`. */
#include "parse.h"

#define QUOTED "[^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+"

#define COMMON                                                                                     \
    "^(?<address>\\S++) (?:-|(?<ident>\\S++)) (?:-|(?<user>\\S++)) \\[(?<time>[^\\]]++)\\] \""     \
    "(?:(?<method>[A-Z]++) (?<path>[^\" ?]++)(?:\\?(?<query>[^\" ]*+))? HTTP/(?<version>[0-9.]++)" \
    "|-|(?<request>" QUOTED "))\" (?<status>\\d{3}) (?:-|(?<bytes>\\d++))"

#define COMBINED COMMON " \"(?:-|(?<referer>" QUOTED "))\" \"(?:-|(?<agent>" QUOTED "))\"$"

#define TIME "%d/%b/%Y:%H:%M:%S %z"

const struct parse_preset *parse_preset_find(int format)
{
    static const struct parse_preset presets[] = {
        { "apache_common", COMMON "$", TIME },
        { "apache_combined", COMBINED, TIME },
        { "nginx", COMBINED, TIME },
    };
    return format >= PARSE_FIRST_PRESET ? &presets[format - PARSE_FIRST_PRESET] : NULL;
}

struct weir_str parse_preset_field(struct weir_str group, const char **ret_type)
{
    static const struct {
        const char *group, *field, *type;
    } names[] = {
        { "address", "client.address", NULL },
        { "user", "user.name", NULL },
        { "method", "http.request.method", NULL },
        { "path", "url.path", NULL },
        { "query", "url.query", NULL },
        { "version", "network.protocol.version", NULL },
        { "status", "http.response.status_code", "int" },
        { "bytes", "http.response.body.size", "int" },
        { "referer", "http.request.header.referer", NULL },
        { "agent", "user_agent.original", NULL },
    };
    *ret_type = NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (weir_str_eq(group, weir_str_of(names[i].group))) {
            *ret_type = names[i].type;
            return weir_str_of(names[i].field);
        }
    return group;
}
