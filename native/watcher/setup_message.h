/* Messages from a phase's processes to its watcher during set-up, with file descriptors. */
#ifndef SETUP_MESSAGE_H
#define SETUP_MESSAGE_H

#include <stdbool.h>

enum setup_message_type {
	SETUP_DNS_SERVER,    /* fds: a UDP and a TCP socket in the phase's network namespace */
	SETUP_NO_DNS_SERVER, /* reason and error */
	SETUP_LISTENER,	     /* fds[0]: the seccomp listener */
	SETUP_NO_LISTENER,   /* reason and error */
};

struct setup_message {
	enum setup_message_type type;
	int error;	   /* errno; 0: none */
	bool setuid_inert; /* no_new_privs had to be set */
	char reason[64];
	int fds[2]; /* -1: none */
};

/* Sends one message and its descriptors. Returns false and sets errno on failure. */
bool setup_message_send(int socket, const struct setup_message *message);

/* Receives one message; its descriptors are close-on-exec. Returns 1, 0 at the end of file, or -1 and sets errno. */
int setup_message_receive(int socket, struct setup_message *message);

#endif
