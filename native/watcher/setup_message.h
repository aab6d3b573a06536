/* What a phase's processes tell its watcher while they are set up, with the file descriptors that go along. */
#ifndef AUDIT_NEWS_H
#define AUDIT_NEWS_H

#include <stdbool.h>

enum news {
	NEWS_RESOLVER,	  /* fds: its UDP and its TCP socket, inside the phase's network namespace */
	NEWS_NO_RESOLVER, /* and why */
	NEWS_LISTENER,	  /* fds: seccomp's listener */
	NEWS_NO_LISTENER, /* and why */
};

struct audit_news {
	enum news news;
	int error; /* errno */
	bool setuid_inert;
	char why[64];
	int fds[2]; /* -1: none */
};

/* Sends one message. Its fds are the receiver's then too. Returns false with errno. */
bool audit_news_send(int socket, const struct audit_news *news);

/* Receives one, fds close-on-exec. Returns 1, 0 where nobody is left to send, -1 with errno. */
int audit_news_receive(int socket, struct audit_news *news);

#endif
