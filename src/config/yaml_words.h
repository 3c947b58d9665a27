/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_YAML_WORDS_H
#define WEIR_CONFIG_YAML_WORDS_H

#include <weir/str.h>
#include <yaml.h>

/* What libyaml found wrong, in the words of somebody who wants to fix it: a constant text. *ret_mark is
 * where to look, which is not always where the parser noticed. */
const char *yaml_words(const yaml_parser_t *parser, struct weir_str text, yaml_mark_t *ret_mark);

#endif
