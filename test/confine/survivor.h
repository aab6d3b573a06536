/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by survivor.c and survivor_bombs.c. */
#ifndef SURVIVOR_H
#define SURVIVOR_H

extern int report; /* write end of a pipe to the command (main() in survivor.c), which waits until the survivor writes a byte or closes the pipe; -1: closed */

/* Reports to the command that the survivor is in place, so that the command exits. */
void ready(void);

/* Reports to the command that the survivor is in place, then waits forever. */
void stay(void);

/* Continues in a process with another session and another parent. */
void become_orphan(void);

void bomb(void);
void chain(void);
void slow_chain(void);
void live_bomb(void);
void near_bomb(void);

#endif
