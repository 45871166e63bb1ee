/* SPDX-License-Identifier: BSD-3-Clause */
/* Emulated netlink sockets that came over exec: adopt.c. */
#pragma once

/* Once, when the program starts: all that it inherited is its own again. */
void adopt_inherited(void);
