/* What a phase's processes tell its watcher while they are set up, with the file descriptors that go along. */
#ifndef AUDIT_NEWS_H
#define AUDIT_NEWS_H

#include <stdbool.h>

enum setup_message_type {
	SETUP_DNS_SERVER,    /* fds: its UDP and its TCP socket, inside the phase's network namespace */
	SETUP_NO_DNS_SERVER, /* and reason */
	SETUP_LISTENER,	     /* fds: seccomp's listener */
	SETUP_NO_LISTENER,   /* and reason */
};

struct setup_message {
	enum setup_message_type type;
	int error; /* errno */
	bool setuid_inert;
	char reason[64];
	int fds[2]; /* -1: none */
};

/* Sends one message. Its fds are the receiver's then too. Returns false with errno. */
bool setup_message_send(int socket, const struct setup_message *message);

/* Receives one, fds close-on-exec. Returns 1, 0 where nobody is left to send, -1 with errno. */
int setup_message_receive(int socket, struct setup_message *message);

#endif
