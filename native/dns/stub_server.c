#include "dns/stub_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void resolver_open(struct resolver *resolver, int udp, int tcp)
{
	resolver_close(resolver);
	resolver->udp = udp;
	resolver->tcp = tcp;
}

static void close_connection(struct resolver_connection *connection)
{
	if (connection->fd > 0)
		close(connection->fd);
	connection->fd = 0;
	connection->used = 0;
}

void resolver_close(struct resolver *resolver)
{
	for (size_t i = 0; i < RESOLVER_CONNECTIONS; i++)
		close_connection(&resolver->connections[i]);
	if (resolver->udp >= 0)
		close(resolver->udp);
	if (resolver->tcp >= 0)
		close(resolver->tcp);
	resolver->udp = resolver->tcp = -1;
}

size_t resolver_sources(const struct resolver *resolver, struct pollfd *sources)
{
	size_t count = 0;
	if (resolver->udp >= 0)
		sources[count++] = (struct pollfd){.fd = resolver->udp, .events = POLLIN};
	if (resolver->tcp >= 0)
		sources[count++] = (struct pollfd){.fd = resolver->tcp, .events = POLLIN};
	for (size_t i = 0; i < RESOLVER_CONNECTIONS; i++)
		if (resolver->connections[i].fd > 0)
			sources[count++] = (struct pollfd){.fd = resolver->connections[i].fd, .events = POLLIN};
	return count;
}

/* Hears a query and returns the length of the answer. */
static size_t hear(const struct resolver *resolver, const unsigned char *query, size_t length, unsigned char *answer,
		   struct audit_table *table, const struct asker *who)
{
	struct dns_question questions[DNS_QUESTIONS];
	size_t count;
	size_t answered = dns_answer(query, length, resolver->known, answer, questions, &count);
	for (size_t i = 0; i < count; i++)
		audit_table_name(table, questions[i].name, questions[i].type, &who->program, &who->parents);
	return answered;
}

static void serve_udp(const struct resolver *resolver, struct audit_table *table, const struct asker *(*who)(uint16_t port))
{
	unsigned char query[DNS_LARGEST], answer[DNS_ANSWER];
	struct sockaddr_in from;
	/* Some at a time: calls wait to be looked at meanwhile. */
	for (int i = 0; i < 16; i++) {
		socklen_t size = sizeof from;
		ssize_t length = recvfrom(resolver->udp, query, sizeof query, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
		if (length < 0)
			return;
		size_t answered = hear(resolver, query, (size_t)length, answer, table, who(ntohs(from.sin_port)));
		/* Who doesn't take the answer goes without. */
		if (answered > 0 && sendto(resolver->udp, answer, answered, MSG_DONTWAIT, (struct sockaddr *)&from, size) < 0)
			continue;
	}
}

static void accept_connection(struct resolver *resolver)
{
	struct sockaddr_in from = {0};
	socklen_t size = sizeof from;
	int fd = accept4(resolver->tcp, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	struct resolver_connection *connection = &resolver->connections[resolver->next];
	for (size_t i = 0; i < RESOLVER_CONNECTIONS; i++)
		if (resolver->connections[i].fd == 0)
			connection = &resolver->connections[i];
	/* The oldest goes where all are taken: nobody can keep others out by saying nothing. */
	if (connection->fd != 0)
		resolver->next = (resolver->next + 1) % RESOLVER_CONNECTIONS;
	close_connection(connection);
	connection->fd = fd;
	connection->port = ntohs(from.sin_port);
}

/* Answers the whole queries among what has come so far; two bytes of length stand before each (RFC 1035, 4.2.2). */
static bool serve_received(const struct resolver *resolver, struct resolver_connection *connection, struct audit_table *table,
			   const struct asker *(*who)(uint16_t port))
{
	while (connection->used >= 2) {
		size_t length = (size_t)(connection->bytes[0] << 8 | connection->bytes[1]);
		unsigned char answer[2 + DNS_ANSWER];
		if (length > DNS_LARGEST)
			return false;
		if (connection->used < 2 + length)
			return true;
		size_t answered = hear(resolver, connection->bytes + 2, length, answer + 2, table, who(connection->port));
		connection->used -= 2 + length;
		memmove(connection->bytes, connection->bytes + 2 + length, connection->used);
		if (answered == 0)
			return false;
		answer[0] = (unsigned char)(answered >> 8);
		answer[1] = (unsigned char)answered;
		ssize_t sent = send(connection->fd, answer, 2 + answered, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent != (ssize_t)(2 + answered))
			return false;
	}
	return true;
}

static void serve_connection(const struct resolver *resolver, struct resolver_connection *connection, struct audit_table *table,
			     const struct asker *(*who)(uint16_t port))
{
	ssize_t got = recv(connection->fd, connection->bytes + connection->used, sizeof connection->bytes - connection->used,
			   MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	connection->used += got > 0 ? (size_t)got : 0;
	if (got <= 0 || !serve_received(resolver, connection, table, who))
		close_connection(connection);
}

void resolver_serve(struct resolver *resolver, const struct pollfd *sources, size_t count, struct audit_table *table,
		    const struct asker *(*who)(uint16_t port))
{
	for (size_t s = 0; s < count; s++) {
		if (sources[s].revents == 0)
			continue;
		for (size_t i = 0; i < RESOLVER_CONNECTIONS; i++)
			if (resolver->connections[i].fd > 0 && resolver->connections[i].fd == sources[s].fd)
				serve_connection(resolver, &resolver->connections[i], table, who);
		if (sources[s].fd == resolver->udp)
			serve_udp(resolver, table, who);
		if (sources[s].fd == resolver->tcp)
			accept_connection(resolver);
	}
}

static bool is_own_address(const struct destination *to)
{
	struct in_addr own;
	return to->family == AF_INET && inet_pton(AF_INET, RESOLVER_ADDRESS, &own) == 1 && memcmp(to->address, &own, 4) == 0;
}

bool resolver_is_at(const struct destination *to)
{
	return to->port == RESOLVER_PORT && is_own_address(to);
}

bool resolver_is_in_the_way(const struct destination *place)
{
	static const unsigned char any[16];
	if (place->port != RESOLVER_PORT)
		return false;
	/* IPv6's any takes IPv4's along, unless its socket says IPV6_V6ONLY, which can't be seen from here. */
	return memcmp(place->address, any, place->family == AF_INET6 ? 16 : 4) == 0 || is_own_address(place);
}
