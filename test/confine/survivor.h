/* Functions that the kinds of survivors share. */
#ifndef SURVIVOR_H
#define SURVIVOR_H

extern int report; /* a pipe; the first process waits for a byte or its end */

/* Reports that the survivor is in place. */
void ready(void);

/* Reports and waits for ever. */
void stay(void);

/* Gets another session and another parent. */
void become_orphan(void);

void bomb(void);
void chain(void);
void slow_chain(void);
void live_bomb(void);
void near_bomb(void);

#endif
