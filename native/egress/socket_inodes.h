/* TCP sockets of the host's network. */
#ifndef PASSAGE_SOCKETS_H
#define PASSAGE_SOCKETS_H

#include <stdbool.h>

/*
 * Takes the network that this process stands in for the host's. Returns false where its sockets can't be told from those of
 * another (before Linux 5.14).
 */
bool socket_inodes_open(void);

/* The same for the network of a socket. Returns false where it is not the one that was taken for the host's before. */
bool socket_inodes_add(int fd);

/* A new one, close-on-exec and non-blocking; -1 with errno. */
int socket_inodes_open_socket(int family);

/* Whether that socket, of whatever kind, is of the host's network, and not of the phase's. */
bool socket_inodes_has(int fd);

#endif
