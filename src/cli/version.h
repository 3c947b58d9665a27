/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_VERSION_H
#define WEIR_CLI_VERSION_H

/* "0.1.0": the project's version in meson.build. */
extern const char weir_version[];

#endif
