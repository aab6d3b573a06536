#include "dns/stub_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 name;
	socklen_t size = sizeof name;
	/* struct sockaddr_in has the port at the same place. */
	return getsockname(fd, (struct sockaddr *)&name, &size) == 0 ? ntohs(name.sin6_port) : 0;
}

/* Returns the client whose socket has that port, or the last client if there is none. */
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
		event_source_close(server->epoll, &server->connections[i].source);
	for (size_t i = 0; i < DNS_SERVER_CLIENTS; i++)
		close_client(&server->clients[i]);
	event_source_close(server->epoll, &server->udp);
	event_source_close(server->epoll, &server->tcp);
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

static void open_source(struct dns_server *server, struct event_source *source, int fd, void (*handle)(void *, struct event_source *))
{
	if (!event_source_open(server->epoll, source, (struct event_source){fd, handle, server}, EPOLLIN))
		close(fd);
}

/* Logs a query and writes the answer. Returns the length of the answer. */
static size_t answer_query(const struct dns_server *server, const unsigned char *query, size_t length, unsigned char *answer, uint16_t port)
{
	struct dns_question questions[DNS_QUESTIONS];
	size_t count;
	size_t answer_length = dns_answer(query, length, server->hosts, answer, questions, &count);
	const struct dns_client *client = find_client(server, port);
	for (size_t i = 0; i < count; i++)
		if (!is_localhost(questions[i].name))
			network_log_add_lookup(server->log, questions[i].name, questions[i].type, &client->program, &client->parents);
	return answer_length;
}

static void serve_udp(void *owner, struct event_source *udp)
{
	const struct dns_server *server = owner;
	unsigned char query[DNS_LARGEST], answer[DNS_ANSWER];
	struct sockaddr_in from;
	/* At most 16 at a time, because stopped system calls wait meanwhile. */
	for (int i = 0; i < 16; i++) {
		socklen_t size = sizeof from;
		ssize_t length = recvfrom(udp->fd, query, sizeof query, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
		if (length < 0)
			return;
		size_t answer_length = answer_query(server, query, (size_t)length, answer, ntohs(from.sin_port));
		/* An answer that cannot be sent is lost. */
		if (answer_length > 0 && sendto(udp->fd, answer, answer_length, MSG_DONTWAIT, (struct sockaddr *)&from, size) < 0)
			continue;
	}
}

/* Answers the complete queries that have arrived. Each has its length before it, in two bytes (RFC 1035, 4.2.2). */
static bool serve_received(const struct dns_server *server, struct dns_connection *connection)
{
	while (connection->used >= 2) {
		size_t length = (size_t)(connection->bytes[0] << 8 | connection->bytes[1]);
		unsigned char answer[2 + DNS_ANSWER];
		if (length > DNS_LARGEST)
			return false;
		if (connection->used < 2 + length)
			return true;
		size_t answer_length = answer_query(server, connection->bytes + 2, length, answer + 2, connection->port);
		connection->used -= 2 + length;
		memmove(connection->bytes, connection->bytes + 2 + length, connection->used);
		if (answer_length == 0)
			return false;
		answer[0] = (unsigned char)(answer_length >> 8);
		answer[1] = (unsigned char)answer_length;
		ssize_t sent = send(connection->source.fd, answer, 2 + answer_length, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent != (ssize_t)(2 + answer_length))
			return false;
	}
	return true;
}

static void serve_connection(void *owner, struct event_source *source)
{
	const struct dns_server *server = owner;
	struct dns_connection *connection = (struct dns_connection *)source;
	ssize_t got = recv(source->fd, connection->bytes + connection->used, sizeof connection->bytes - connection->used, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	connection->used += got > 0 ? (size_t)got : 0;
	if (got <= 0 || !serve_received(server, connection))
		event_source_close(server->epoll, source);
}

static void accept_connection(void *owner, struct event_source *tcp)
{
	struct dns_server *server = owner;
	struct sockaddr_in from = {0};
	socklen_t size = sizeof from;
	int fd = accept4(tcp->fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	struct dns_connection *connection = &server->connections[server->oldest_connection];
	for (size_t i = 0; i < DNS_SERVER_CONNECTIONS; i++)
		if (server->connections[i].source.fd < 0)
			connection = &server->connections[i];
	/* If all are in use, close the oldest: idle clients must not block others. */
	if (connection->source.fd >= 0)
		server->oldest_connection = (server->oldest_connection + 1) % DNS_SERVER_CONNECTIONS;
	event_source_close(server->epoll, &connection->source);
	connection->used = 0;
	connection->port = ntohs(from.sin_port);
	open_source(server, &connection->source, fd, serve_connection);
}

void dns_server_init(struct dns_server *server, int epoll, struct network_log *log, const struct allow *hosts)
{
	*server = (struct dns_server){.epoll = epoll, .log = log, .hosts = hosts, .udp.fd = -1, .tcp.fd = -1};
	for (size_t i = 0; i < DNS_SERVER_CONNECTIONS; i++)
		server->connections[i].source.fd = -1;
}

void dns_server_open(struct dns_server *server, int udp, int tcp)
{
	dns_server_close(server);
	open_source(server, &server->udp, udp, serve_udp);
	open_source(server, &server->tcp, tcp, accept_connection);
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
