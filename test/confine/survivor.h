/* What the kinds of survivors share. */
#ifndef SURVIVOR_H
#define SURVIVOR_H

extern int report; /* the pipe that the first process waits on */

/* The survivor is in place. */
void ready(void);

/* Says that it is, and lives on for ever. */
void stay(void);

/* Another session and another parent. */
void become_orphan(void);

void bomb(void);
void chain(void);
void slow_chain(void);
void live_bomb(void);
void near_bomb(void);

#endif
