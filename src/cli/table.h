/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_TABLE_H
#define WEIR_CLI_TABLE_H

#include <stdio.h>
#include <weir/str.h>

/* A table for people: aligned columns, numbers to the right, made safe for a terminal. */
struct table;

#define TABLE_COLUMNS_MAX 12

/* `heads` are the columns' names, ended by NULL; one that begins with '>' is aligned to the right
 * without it. NULL when memory is short; every function takes that. */
struct table *table_new(const char *const *heads);
struct table *table_free(struct table *table); /* NULL is fine; returns NULL */

/* The next cell, row by row. Text is copied and escaped. */
void table_text(struct table *table, const char *text);
void table_number(struct table *table, int64_t number);  /* 1,234,567 */
void table_bytes(struct table *table, uint64_t bytes);   /* 1.2 MiB */
void table_seconds(struct table *table, double seconds); /* 12 ms, 3.4 s, 2 h 5 min */

/* Prints heads and rows, each line after `indent` spaces. 0, or -ENOMEM when a cell could not be kept. */
int table_print(const struct table *table, int indent, FILE *out);

/* The texts of the cells above, for use in a sentence: at most TABLE_CELL_MAX bytes with their NUL. */
#define TABLE_CELL_MAX 40
void table_format_number(char out[TABLE_CELL_MAX], int64_t number);
void table_format_bytes(char out[TABLE_CELL_MAX], uint64_t bytes);
void table_format_seconds(char out[TABLE_CELL_MAX], double seconds);

#endif
