/* SPDX-License-Identifier: BSD-3-Clause */
/* Telling the service manager. */
#pragma once

/* A state line ("READY=1") to the service manager, where $NOTIFY_SOCKET names one. */
void notify_systemd(const char *state);
