/* SPDX-License-Identifier: Apache-2.0 */
/* Cells are kept until all are there, since a column is as wide as its widest cell. The last column is
 * not padded, so that long texts in it wrap as the terminal likes. */
#include "cli/table.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/terminal.h"

#define GAP 2

struct table {
    const char *const *heads;
    size_t columns;
    char **cells;
    size_t count, room;
    bool failed;
};

struct table *table_new(const char *const *heads)
{
    struct table *table = calloc(1, sizeof(*table));
    if (!table)
        return NULL;
    table->heads = heads;
    while (heads[table->columns])
        table->columns++;
    return table;
}

struct table *table_free(struct table *table)
{
    if (!table)
        return NULL;
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table);
    return NULL;
}

void table_text(struct table *table, const char *text)
{
    if (!table || table->failed)
        return;
    if (table->count == table->room) {
        size_t room = table->room ? 2 * table->room : 64;
        char **grown = realloc(table->cells, room * sizeof(*grown));
        if (!grown) {
            table->failed = true;
            return;
        }
        table->cells = grown;
        table->room = room;
    }
    char *cell = terminal_escape(weir_str_of(text));
    table->failed = !cell;
    if (cell)
        table->cells[table->count++] = cell;
}

void table_format_number(char out[TABLE_CELL_MAX], int64_t number)
{
    char digits[24];
    uint64_t positive = number < 0 ? -(uint64_t)number : (uint64_t)number;
    int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)positive);
    if (number < 0)
        *out++ = '-';
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
}

void table_format_bytes(char out[TABLE_CELL_MAX], uint64_t bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1023.95 && unit < 6; unit++)
        value /= 1024;
    snprintf(out, TABLE_CELL_MAX, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

void table_format_seconds(char out[TABLE_CELL_MAX], double seconds)
{
    long long whole = (long long)(seconds + 0.05);
    if (seconds < 0.9995)
        snprintf(out, TABLE_CELL_MAX, "%.0f ms", seconds * 1000);
    else if (seconds < 59.95)
        snprintf(out, TABLE_CELL_MAX, "%.1f s", seconds);
    else if (whole < 3600)
        snprintf(out, TABLE_CELL_MAX, "%lld min %lld s", whole / 60, whole % 60);
    else if (whole < 86400)
        snprintf(out, TABLE_CELL_MAX, "%lld h %lld min", whole / 3600, whole / 60 % 60);
    else
        snprintf(out, TABLE_CELL_MAX, "%lld d %lld h", whole / 86400, whole / 3600 % 24);
}

void table_number(struct table *table, int64_t number)
{
    char text[TABLE_CELL_MAX];
    table_format_number(text, number);
    table_text(table, text);
}

void table_bytes(struct table *table, uint64_t bytes)
{
    char text[TABLE_CELL_MAX];
    table_format_bytes(text, bytes);
    table_text(table, text);
}

void table_seconds(struct table *table, double seconds)
{
    char text[TABLE_CELL_MAX];
    table_format_seconds(text, seconds);
    table_text(table, text);
}

/* One line, without spaces at its end. */
static void print_row(const struct table *table, const char *const *cells, size_t count,
                      const size_t *widths, int indent, FILE *out)
{
    while (count > 0 && !cells[count - 1][0])
        count--;
    for (size_t i = 0; i < count; i++) {
        bool right = table->heads[i][0] == '>';
        const char *cell = cells[i] + (cells == table->heads && right);
        int padding = (int)(widths[i] - terminal_width(cell));
        int before = (i ? GAP : indent) + (right ? padding : 0);
        int behind = right || i + 1 == count ? 0 : padding;
        fprintf(out, "%*s%s%*s", before, "", cell, behind, "");
    }
    fputc('\n', out);
}

int table_print(const struct table *table, int indent, FILE *out)
{
    size_t widths[TABLE_COLUMNS_MAX] = { 0 };
    if (!table || table->failed)
        return -ENOMEM;
    for (size_t i = 0; i < table->columns; i++)
        widths[i] = terminal_width(table->heads[i] + (table->heads[i][0] == '>'));
    for (size_t i = 0; i < table->count; i++) {
        size_t width = terminal_width(table->cells[i]), column = i % table->columns;
        widths[column] = width > widths[column] ? width : widths[column];
    }
    print_row(table, table->heads, table->columns, widths, indent, out);
    for (size_t i = 0; i < table->count; i += table->columns) {
        size_t left = table->count - i;
        print_row(table, (const char *const *)table->cells + i,
                  left < table->columns ? left : table->columns, widths, indent, out);
    }
    return 0;
}
