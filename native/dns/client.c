#include "dns/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

/* A second reference to the caller's socket: it gets its port in the call that it is stopped in, after we look. */
struct noted {
	int socket; /* -1: none */
	struct dns_client dns_client;
};

/* More than ask at one time; an old one that is held here has long been answered. */
static struct noted askers[32];
static size_t last;
static bool begun;

static void begin(void)
{
	for (size_t i = 0; i < sizeof askers / sizeof *askers && !begun; i++)
		askers[i].socket = -1;
	begun = true;
}

static void let_go(struct noted *noted)
{
	int socket = noted->socket;
	noted->socket = -1;
	if (socket >= 0)
		target_close(socket);
}

void dns_client_note(pid_t tid, int fd)
{
	begin();
	last = (last + 1) % (sizeof askers / sizeof *askers);
	let_go(&askers[last]);
	askers[last].dns_client.program = *target_program(tid);
	target_parents(tid, &askers[last].dns_client.parents);
	askers[last].socket = target_socket(tid, fd);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 name;
	socklen_t size = sizeof name;
	/* The port is where IPv4's is. */
	return getsockname(fd, (struct sockaddr *)&name, &size) == 0 ? ntohs(name.sin6_port) : 0;
}

const struct dns_client *dns_client_find(uint16_t port)
{
	begin();
	for (size_t i = 0; i < sizeof askers / sizeof *askers; i++)
		if (askers[i].socket >= 0 && port_of(askers[i].socket) == port)
			return &askers[i].dns_client;
	return &askers[last].dns_client;
}

void dns_client_forget(void)
{
	begin();
	for (size_t i = 0; i < sizeof askers / sizeof *askers; i++)
		let_go(&askers[i]);
}
