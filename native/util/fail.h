/* What goes wrong, said in one line and with a status that env(1)'s readers know. */
#ifndef FAIL_H
#define FAIL_H

#include <stdnoreturn.h>

enum {
	EXIT_REFUSED = 125,	   /* confine could not do what was asked, or was asked nonsense */
	EXIT_NOT_EXECUTABLE = 126, /* the command exists and can't be started */
	EXIT_NOT_FOUND = 127,	   /* there is no such command */
};

/* Writes "confine: ..." and a newline to stderr in one write; %m is errno's text. Keeps errno. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Complains, then exits with EXIT_REFUSED. */
noreturn void refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
