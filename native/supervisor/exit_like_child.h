/* To end the way somebody else has ended. */
#ifndef EXIT_AS_H
#define EXIT_AS_H

#include <stdnoreturn.h>

/* Exits with that status, as wait(2) gives it, or dies of that signal. */
noreturn void exit_like_child(int status);

#endif
