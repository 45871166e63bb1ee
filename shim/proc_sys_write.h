/* SPDX-License-Identifier: BSD-3-Clause */
/* What a program writes to one setting, brought to skiffd. */
#pragma once

#include <stdio.h>

/* -1, NULL with errno. Keys in sysctl's words, net.ipv4.ip_forward. */
int setting_pipe(const char *key);
FILE *setting_stream(const char *key);
