/* What a phase's processes tell its watcher while they are set up, with the file descriptors that go along. */
#ifndef AUDIT_NEWS_H
#define AUDIT_NEWS_H

#include <stdbool.h>

enum news {
	SETUP_RESOLVER,	   /* fds: its UDP and its TCP socket, inside the phase's network namespace */
	SETUP_NO_RESOLVER, /* and why */
	SETUP_LISTENER,	   /* fds: seccomp's listener */
	SETUP_NO_LISTENER, /* and why */
};

struct setup_message {
	enum news news;
	int error; /* errno */
	bool setuid_inert;
	char why[64];
	int fds[2]; /* -1: none */
};

/* Sends one message. Its fds are the receiver's then too. Returns false with errno. */
bool setup_message_send(int socket, const struct setup_message *news);

/* Receives one, fds close-on-exec. Returns 1, 0 where nobody is left to send, -1 with errno. */
int setup_message_receive(int socket, struct setup_message *news);

#endif
