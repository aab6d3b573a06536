#include "dns/stub_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void dns_server_open(struct dns_server *dns_server, int udp, int tcp)
{
	dns_server_close(dns_server);
	dns_server->udp = udp;
	dns_server->tcp = tcp;
}

static void close_connection(struct dns_server_connection *connection)
{
	if (connection->fd > 0)
		close(connection->fd);
	connection->fd = 0;
	connection->used = 0;
}

void dns_server_close(struct dns_server *dns_server)
{
	for (size_t i = 0; i < DNS_SERVER_CONNECTIONS; i++)
		close_connection(&dns_server->connections[i]);
	if (dns_server->udp >= 0)
		close(dns_server->udp);
	if (dns_server->tcp >= 0)
		close(dns_server->tcp);
	dns_server->udp = dns_server->tcp = -1;
}

size_t dns_server_sources(const struct dns_server *dns_server, struct pollfd *sources)
{
	size_t count = 0;
	if (dns_server->udp >= 0)
		sources[count++] = (struct pollfd){.fd = dns_server->udp, .events = POLLIN};
	if (dns_server->tcp >= 0)
		sources[count++] = (struct pollfd){.fd = dns_server->tcp, .events = POLLIN};
	for (size_t i = 0; i < DNS_SERVER_CONNECTIONS; i++)
		if (dns_server->connections[i].fd > 0)
			sources[count++] = (struct pollfd){.fd = dns_server->connections[i].fd, .events = POLLIN};
	return count;
}

/* Hears a query and returns the length of the answer. */
static size_t hear(const struct dns_server *dns_server, const unsigned char *query, size_t length, unsigned char *answer,
		   struct network_log *log, const struct dns_client *who)
{
	struct dns_question questions[DNS_QUESTIONS];
	size_t count;
	size_t answered = dns_answer(query, length, dns_server->known, answer, questions, &count);
	for (size_t i = 0; i < count; i++)
		network_log_add_lookup(log, questions[i].name, questions[i].type, &who->program, &who->parents);
	return answered;
}

static void serve_udp(const struct dns_server *dns_server, struct network_log *log, const struct dns_client *(*who)(uint16_t port))
{
	unsigned char query[DNS_LARGEST], answer[DNS_ANSWER];
	struct sockaddr_in from;
	/* Some at a time: calls wait to be looked at meanwhile. */
	for (int i = 0; i < 16; i++) {
		socklen_t size = sizeof from;
		ssize_t length = recvfrom(dns_server->udp, query, sizeof query, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
		if (length < 0)
			return;
		size_t answered = hear(dns_server, query, (size_t)length, answer, log, who(ntohs(from.sin_port)));
		/* Who doesn't take the answer goes without. */
		if (answered > 0 && sendto(dns_server->udp, answer, answered, MSG_DONTWAIT, (struct sockaddr *)&from, size) < 0)
			continue;
	}
}

static void accept_connection(struct dns_server *dns_server)
{
	struct sockaddr_in from = {0};
	socklen_t size = sizeof from;
	int fd = accept4(dns_server->tcp, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	struct dns_server_connection *connection = &dns_server->connections[dns_server->next];
	for (size_t i = 0; i < DNS_SERVER_CONNECTIONS; i++)
		if (dns_server->connections[i].fd == 0)
			connection = &dns_server->connections[i];
	/* The oldest goes where all are taken: nobody can keep others out by saying nothing. */
	if (connection->fd != 0)
		dns_server->next = (dns_server->next + 1) % DNS_SERVER_CONNECTIONS;
	close_connection(connection);
	connection->fd = fd;
	connection->port = ntohs(from.sin_port);
}

/* Answers the whole queries among what has come so far; two bytes of length stand before each (RFC 1035, 4.2.2). */
static bool serve_received(const struct dns_server *dns_server, struct dns_server_connection *connection, struct network_log *log,
			   const struct dns_client *(*who)(uint16_t port))
{
	while (connection->used >= 2) {
		size_t length = (size_t)(connection->bytes[0] << 8 | connection->bytes[1]);
		unsigned char answer[2 + DNS_ANSWER];
		if (length > DNS_LARGEST)
			return false;
		if (connection->used < 2 + length)
			return true;
		size_t answered = hear(dns_server, connection->bytes + 2, length, answer + 2, log, who(connection->port));
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

static void serve_connection(const struct dns_server *dns_server, struct dns_server_connection *connection, struct network_log *log,
			     const struct dns_client *(*who)(uint16_t port))
{
	ssize_t got = recv(connection->fd, connection->bytes + connection->used, sizeof connection->bytes - connection->used,
			   MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	connection->used += got > 0 ? (size_t)got : 0;
	if (got <= 0 || !serve_received(dns_server, connection, log, who))
		close_connection(connection);
}

void dns_server_serve(struct dns_server *dns_server, const struct pollfd *sources, size_t count, struct network_log *log,
		      const struct dns_client *(*who)(uint16_t port))
{
	for (size_t s = 0; s < count; s++) {
		if (sources[s].revents == 0)
			continue;
		for (size_t i = 0; i < DNS_SERVER_CONNECTIONS; i++)
			if (dns_server->connections[i].fd > 0 && dns_server->connections[i].fd == sources[s].fd)
				serve_connection(dns_server, &dns_server->connections[i], log, who);
		if (sources[s].fd == dns_server->udp)
			serve_udp(dns_server, log, who);
		if (sources[s].fd == dns_server->tcp)
			accept_connection(dns_server);
	}
}

static bool is_own_address(const struct destination *to)
{
	struct in_addr own;
	return to->family == AF_INET && inet_pton(AF_INET, DNS_SERVER_ADDRESS, &own) == 1 && memcmp(to->address, &own, 4) == 0;
}

bool dns_server_is_at(const struct destination *to)
{
	return to->port == DNS_SERVER_PORT && is_own_address(to);
}

bool dns_server_is_in_the_way(const struct destination *place)
{
	static const unsigned char any[16];
	if (place->port != DNS_SERVER_PORT)
		return false;
	/* IPv6's any takes IPv4's along, unless its socket says IPV6_V6ONLY, which can't be seen from here. */
	return memcmp(place->address, any, place->family == AF_INET6 ? 16 : 4) == 0 || is_own_address(place);
}
