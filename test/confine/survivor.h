/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Declarations that survivor.c and survivor_bombs.c share. A survivor is a process that tries to outlive the command of confine. */
#pragma once

extern int report; /* write end of a pipe to the command (main() in survivor.c), which waits until the survivor writes a byte or closes the pipe; -1: closed */

/* Reports to the command that the survivor is in place, so that the command exits. */
void ready(void);

/* Reports to the command that the survivor is in place, then waits forever. */
void stay(void);

/* Forks twice and continues in the grandchild, which is in a new session and whose parent has exited. */
void become_orphan(void);

void bomb(void);
void chain(void);
void slow_chain(void);
void live_bomb(void);
void near_bomb(void);
