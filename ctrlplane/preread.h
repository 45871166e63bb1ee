/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

struct settings;

/*
 * Takes the `system` lines of a configuration file into *s, and whether it has a PCI port: what
 * must be known before EAL starts. 0, or -errno with `FILE:LINE:COLUMN: ...` on stderr.
 */
int preread(const char *file, struct settings *s);
