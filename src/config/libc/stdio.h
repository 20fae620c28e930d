/* SPDX-License-Identifier: Apache-2.0 */
/* For inih in the image, where no C library is: it declares functions on files, which are never called nor linked. */
#ifndef ETERNA_CONFIG_LIBC_STDIO_H
#define ETERNA_CONFIG_LIBC_STDIO_H

#include <stddef.h>

typedef struct file FILE;

FILE *fopen(const char *name, const char *mode);
char *fgets(char *line, int size, FILE *file);
int fclose(FILE *file);

#endif
