#include "dns/stub_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void close_connection(struct dns_connection *connection)
{
	if (connection->fd > 0)
		close(connection->fd);
	connection->fd = 0;
	connection->used = 0;
}

size_t dns_server_sources(const struct dns_server *server, struct pollfd *sources)
{
	size_t count = 0;
	if (server->udp >= 0)
		sources[count++] = (struct pollfd){.fd = server->udp, .events = POLLIN};
	if (server->tcp >= 0)
		sources[count++] = (struct pollfd){.fd = server->tcp, .events = POLLIN};
	for (size_t i = 0; i < DNS_SERVER_CONNECTIONS; i++)
		if (server->connections[i].fd > 0)
			sources[count++] = (struct pollfd){.fd = server->connections[i].fd, .events = POLLIN};
	return count;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 name;
	socklen_t size = sizeof name;
	/* IPv4 has the port at the same place. */
	return getsockname(fd, (struct sockaddr *)&name, &size) == 0 ? ntohs(name.sin6_port) : 0;
}

/* The client whose socket has that port, or the last one if none has. */
static const struct dns_client *find_client(const struct dns_server *server, uint16_t port)
{
	for (size_t i = 0; i < DNS_SERVER_CLIENTS; i++)
		if (server->clients[i].socket > 0 && port_of(server->clients[i].socket) == port)
			return &server->clients[i];
	return &server->clients[server->last_client];
}

static void close_client(struct dns_client *client)
{
	int socket = client->socket;
	client->socket = 0;
	if (socket > 0)
		target_close(socket);
}

void dns_server_close(struct dns_server *server)
{
	for (size_t i = 0; i < DNS_SERVER_CONNECTIONS; i++)
		close_connection(&server->connections[i]);
	for (size_t i = 0; i < DNS_SERVER_CLIENTS; i++)
		close_client(&server->clients[i]);
	if (server->udp >= 0)
		close(server->udp);
	if (server->tcp >= 0)
		close(server->tcp);
	server->udp = server->tcp = -1;
}

void dns_server_open(struct dns_server *server, int udp, int tcp)
{
	dns_server_close(server);
	server->udp = udp;
	server->tcp = tcp;
}

void dns_server_add_client(struct dns_server *server, const struct target *target, int fd)
{
	server->last_client = (server->last_client + 1) % DNS_SERVER_CLIENTS;
	struct dns_client *client = &server->clients[server->last_client];
	close_client(client);
	client->program = *target_program(target);
	target_parents(target, &client->parents);
	int copy = target_duplicate(target, fd);
	client->socket = copy > 0 ? copy : 0;
}

/* localhost and its subdomains stand for this machine (RFC 6761, 6.3). name: as in struct dns_question */
static bool is_localhost(const char *name)
{
	static const char localhost[] = ".localhost";
	size_t length = strlen(name), suffix = sizeof localhost - 1;
	return strcmp(name, localhost + 1) == 0 || (length > suffix && strcmp(name + length - suffix, localhost) == 0);
}

/* Logs a query and writes the answer. Returns the length of the answer. */
static size_t answer_query(const struct dns_server *server, const unsigned char *query, size_t length, unsigned char *answer,
			   struct network_log *log, uint16_t port)
{
	struct dns_question questions[DNS_QUESTIONS];
	size_t count;
	size_t answer_length = dns_answer(query, length, server->hosts, answer, questions, &count);
	const struct dns_client *client = find_client(server, port);
	for (size_t i = 0; i < count; i++)
		if (!is_localhost(questions[i].name))
			network_log_add_lookup(log, questions[i].name, questions[i].type, &client->program, &client->parents);
	return answer_length;
}

static void serve_udp(const struct dns_server *server, struct network_log *log)
{
	unsigned char query[DNS_LARGEST], answer[DNS_ANSWER];
	struct sockaddr_in from;
	/* At most 16 at a time, because stopped system calls wait meanwhile. */
	for (int i = 0; i < 16; i++) {
		socklen_t size = sizeof from;
		ssize_t length = recvfrom(server->udp, query, sizeof query, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
		if (length < 0)
			return;
		size_t answer_length = answer_query(server, query, (size_t)length, answer, log, ntohs(from.sin_port));
		/* An answer that cannot be sent is lost. */
		if (answer_length > 0 && sendto(server->udp, answer, answer_length, MSG_DONTWAIT, (struct sockaddr *)&from, size) < 0)
			continue;
	}
}

static void accept_connection(struct dns_server *server)
{
	struct sockaddr_in from = {0};
	socklen_t size = sizeof from;
	int fd = accept4(server->tcp, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	struct dns_connection *connection = &server->connections[server->oldest_connection];
	for (size_t i = 0; i < DNS_SERVER_CONNECTIONS; i++)
		if (server->connections[i].fd == 0)
			connection = &server->connections[i];
	/* If all are in use, close the oldest: idle clients must not block others. */
	if (connection->fd != 0)
		server->oldest_connection = (server->oldest_connection + 1) % DNS_SERVER_CONNECTIONS;
	close_connection(connection);
	connection->fd = fd;
	connection->port = ntohs(from.sin_port);
}

/* Answers the complete queries that have arrived. Each has its length before it, in two bytes (RFC 1035, 4.2.2). */
static bool serve_received(const struct dns_server *server, struct dns_connection *connection, struct network_log *log)
{
	while (connection->used >= 2) {
		size_t length = (size_t)(connection->bytes[0] << 8 | connection->bytes[1]);
		unsigned char answer[2 + DNS_ANSWER];
		if (length > DNS_LARGEST)
			return false;
		if (connection->used < 2 + length)
			return true;
		size_t answer_length = answer_query(server, connection->bytes + 2, length, answer + 2, log, connection->port);
		connection->used -= 2 + length;
		memmove(connection->bytes, connection->bytes + 2 + length, connection->used);
		if (answer_length == 0)
			return false;
		answer[0] = (unsigned char)(answer_length >> 8);
		answer[1] = (unsigned char)answer_length;
		ssize_t sent = send(connection->fd, answer, 2 + answer_length, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent != (ssize_t)(2 + answer_length))
			return false;
	}
	return true;
}

static void serve_connection(const struct dns_server *server, struct dns_connection *connection, struct network_log *log)
{
	ssize_t got = recv(connection->fd, connection->bytes + connection->used, sizeof connection->bytes - connection->used,
			   MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	connection->used += got > 0 ? (size_t)got : 0;
	if (got <= 0 || !serve_received(server, connection, log))
		close_connection(connection);
}

void dns_server_serve(struct dns_server *server, const struct pollfd *sources, size_t count, struct network_log *log)
{
	for (size_t s = 0; s < count; s++) {
		if (sources[s].revents == 0)
			continue;
		for (size_t i = 0; i < DNS_SERVER_CONNECTIONS; i++)
			if (server->connections[i].fd > 0 && server->connections[i].fd == sources[s].fd)
				serve_connection(server, &server->connections[i], log);
		if (sources[s].fd == server->udp)
			serve_udp(server, log);
		if (sources[s].fd == server->tcp)
			accept_connection(server);
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

bool dns_server_blocks_bind(const struct destination *address)
{
	static const unsigned char wildcard[16];
	if (address->port != DNS_SERVER_PORT)
		return false;
	/* The IPv6 wildcard address includes IPv4, unless the socket has IPV6_V6ONLY, which is unknown here. */
	return memcmp(address->address, wildcard, address->family == AF_INET6 ? 16 : 4) == 0 || is_own_address(address);
}
