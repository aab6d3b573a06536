// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/dns_server.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "util/events.h"
#include "util/fds.h"

static void add_server(struct resolv_conf *conf, const char *text)
{
	if (conf->server_count == NAME_SERVERS)
		return;
	struct destination *server = &conf->servers[conf->server_count];
	*server = (struct destination){.family = strchr(text, ':') == NULL ? AF_INET : AF_INET6, .port = DNS_PORT};
	if (inet_pton(server->family, text, server->address) == 1 &&
	    !(server->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL((struct in6_addr *)server->address)))
		conf->server_count++;
}

/* Replaces the search domains with those of a "search" or "domain" line. Of several such lines, only the last one applies (resolv.conf(5)). */
static void set_search(struct resolv_conf *conf, char *domains)
{
	static const char blank[] = " \t\n";
	char *rest;
	conf->search_count = 0;
	for (char *domain = strtok_r(domains, blank, &rest); domain != NULL; domain = strtok_r(NULL, blank, &rest)) {
		char *search = conf->search[conf->search_count];
		if (conf->search_count == sizeof conf->search / sizeof *conf->search)
			return;
		snprintf(search, DNS_NAME, "%s", domain);
		for (char *c = search; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
		conf->search_count++;
	}
}

void resolv_conf_read(struct resolv_conf *conf)
{
	char line[1024], server[INET6_ADDRSTRLEN];
	*conf = (struct resolv_conf){0};
	AUTO_FCLOSE FILE *file = fopen("/etc/resolv.conf", "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "nameserver %45s", server) == 1)
			add_server(conf, server);
		else if (strncmp(line, "search", 6) == 0 || strncmp(line, "domain", 6) == 0)
			set_search(conf, line + 6);
	}
	if (conf->server_count == 0) {
		add_server(conf, "127.0.0.1");
		add_server(conf, "::1");
	}
}

enum { CONNECTIONS = 8, /* maximum number of open TCP connections; for a further one, the server closes the oldest */
       CLIENTS = 256 }; /* maximum number of the phase's sockets whose programs the server remembers for the log; a further socket replaces the oldest */

struct connection {
	struct event_source source;
	uint16_t port; /* local port of the client's socket, by which find_client() finds the client */
	size_t used;
	unsigned char bytes[2 + DNS_LARGEST];
};

struct server {
	int epoll; /* epoll instance that waits for events of all sockets of the DNS server */
	struct network_log *log;
	const struct resolv_conf *conf;
	const struct allow *hosts; /* the hosts of --resolve, for which the server returns addresses */
	struct event_source watcher, udp[NAME_SERVERS], tcp[NAME_SERVERS];
	struct connection connections[CONNECTIONS];
	size_t oldest_connection;
	struct dns_request clients[CLIENTS]; /* the requests for which the phase received a socket, each with the local port of this socket in the member port; ring buffer: a new request replaces the oldest */
	size_t last_client;
};

/* Returns the client whose socket has this type (SOCK_DGRAM or SOCK_STREAM) and local port. If there is none, returns the client that was added last. */
static const struct dns_request *find_client(const struct server *server, int type, uint16_t port)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (server->clients[i].port == port && server->clients[i].type == type)
			return &server->clients[i];
	return &server->clients[server->last_client];
}

/* Creates a socket and binds it to the requested port or, if this port is 0 or in use, to a free port. Returns the socket, or -1 if it cannot be created. */
static int open_client_socket(const struct dns_request *request)
{
	int fd = socket(request->family, request->type | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 name = {.sin6_family = (sa_family_t)request->family, .sin6_port = htons(request->port)};
	socklen_t size = request->family == AF_INET6 ? sizeof name : sizeof(struct sockaddr_in);
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, size) == 0)
		return fd;
	name.sin6_port = 0;
	bind(fd, (struct sockaddr *)&name, size);
	return fd;
}

static void add_client(struct server *server, const struct dns_request *request)
{
	struct dns_request *known = (struct dns_request *)find_client(server, request->type, request->port);
	if (known->port != request->port || known->type != request->type) {
		server->last_client = (server->last_client + 1) % CLIENTS;
		known = &server->clients[server->last_client];
	}
	*known = *request;
}

/* Returns true if the name is localhost or a subdomain, such as a.localhost, which mean this machine (RFC 6761, 6.3). name must be in lower case, without the final dot. */
static bool is_localhost(const char *name)
{
	static const char localhost[] = ".localhost";
	size_t length = strlen(name), suffix = sizeof localhost - 1;
	return strcmp(name, localhost + 1) == 0 || (length > suffix && strcmp(name + length - suffix, localhost) == 0);
}

/* Returns true if the name in the question is a name that the program has looked up before, followed by a dot and a search domain of /etc/resolv.conf; otherwise false. */
static bool is_searched(const struct server *server, const struct dns_question *question, const struct program *program)
{
	size_t length = strlen(question->name);
	for (size_t i = 0; i < server->conf->search_count; i++) {
		size_t suffix = strlen(server->conf->search[i]) + 1;
		struct dns_question plain = *question;
		if (suffix >= length || plain.name[length - suffix] != '.' || strcmp(plain.name + length - suffix + 1, server->conf->search[i]) != 0)
			continue;
		plain.name[length - suffix] = '\0';
		if (network_log_has_lookup(server->log, plain.name, plain.type, program))
			return true;
	}
	return false;
}

/* Logs a query, unless it is for localhost. Resolvers repeat a query for the same name with each search domain appended. The log contains only the name without a search domain. */
static void log_query(const struct server *server, const struct dns_question *question, unsigned id, const struct dns_request *client)
{
	if (is_localhost(question->name) || is_searched(server, question, &client->program))
		return;
	network_log_add_lookup(server->log, question->name, question->type, id, &client->program);
	for (size_t i = 0; i < server->conf->search_count; i++) {
		char searched[2 * DNS_NAME];
		snprintf(searched, sizeof searched, "%.255s.%.255s", question->name, server->conf->search[i]);
		network_log_remove_lookup(server->log, searched, question->type, &client->program);
	}
}

/* Writes the answer to a query, and logs the query unless it is for a host of --resolve. Returns the length of the answer in bytes, or 0 if the server must not answer. type and port: those of the client's socket. */
static size_t answer_query(const struct server *server, const unsigned char *query, size_t length, unsigned char *answer, int type, uint16_t port)
{
	struct dns_question question;
	size_t answer_length = dns_answer(query, length, server->hosts, answer, &question);
	const struct dns_request *client = find_client(server, type, port);
	if (question.name[0] != '\0')
		log_query(server, &question, (unsigned)(query[0] << 8 | query[1]), client);
	if (answer_length > 0 && type == SOCK_DGRAM && client->truncates)
		dns_truncate(answer);
	return answer_length;
}

static bool serve_datagram(const struct server *server, int fd)
{
	unsigned char query[DNS_LARGEST], answer[DNS_ANSWER];
	struct sockaddr_in6 from;
	socklen_t size = sizeof from;
	ssize_t length = recvfrom(fd, query, sizeof query, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
	if (length < 0)
		return false;
	size_t answer_length = answer_query(server, query, (size_t)length, answer, SOCK_DGRAM, ntohs(from.sin6_port));
	/* Ignore a failure to send the answer, because the client then repeats its query. */
	return answer_length == 0 || sendto(fd, answer, answer_length, MSG_DONTWAIT, (struct sockaddr *)&from, size) >= 0 || errno != EBADF;
}

static void serve_udp(void *owner, struct event_source *udp)
{
	/* Answer at most 16 queries in a row, because meanwhile the system calls of the phase that wait for a new socket from this server cannot continue. */
	for (int i = 0; i < 16 && serve_datagram(owner, udp->fd); i++)
		;
}

/* Answers the queries on a TCP connection that have arrived completely. The two bytes before a query are its length (RFC 1035, 4.2.2). Returns false if the caller must close the connection. */
static bool serve_received(const struct server *server, struct connection *connection)
{
	while (connection->used >= 2) {
		size_t length = (size_t)(connection->bytes[0] << 8 | connection->bytes[1]);
		unsigned char answer[2 + DNS_ANSWER];
		if (length > DNS_LARGEST)
			return false;
		if (connection->used < 2 + length)
			return true;
		size_t answer_length = answer_query(server, connection->bytes + 2, length, answer + 2, SOCK_STREAM, connection->port);
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
	const struct server *server = owner;
	struct connection *connection = (struct connection *)source;
	ssize_t got = recv(source->fd, connection->bytes + connection->used, sizeof connection->bytes - connection->used, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	connection->used += got > 0 ? (size_t)got : 0;
	if (got <= 0 || !serve_received(server, connection))
		event_source_close(server->epoll, source);
}

static void open_source(struct server *server, struct event_source *source, int fd, void (*handle)(void *, struct event_source *))
{
	if (!event_source_open(server->epoll, source, (struct event_source){fd, handle, server}, EPOLLIN))
		close(fd);
}

static void accept_connection(void *owner, struct event_source *tcp)
{
	struct server *server = owner;
	struct sockaddr_in6 from = {0};
	socklen_t size = sizeof from;
	int fd = accept4(tcp->fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	struct connection *connection = &server->connections[server->oldest_connection];
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (server->connections[i].source.fd < 0)
			connection = &server->connections[i];
	/* If all connections are in use, close the oldest, so that idle clients do not block others. */
	if (connection->source.fd >= 0)
		server->oldest_connection = (server->oldest_connection + 1) % CONNECTIONS;
	event_source_close(server->epoll, &connection->source);
	connection->used = 0;
	connection->port = ntohs(from.sin6_port);
	open_source(server, &connection->source, fd, serve_connection);
}

/* Handles the UDP queries that are still unread, so that the log has them too, and exits. A process of the phase may have sent them and ended without waiting for an answer. */
static noreturn void drain_and_exit(struct server *server)
{
	for (size_t i = 0; i < NAME_SERVERS; i++)
		while (server->udp[i].fd >= 0 && serve_datagram(server, server->udp[i].fd))
			;
	_exit(0);
}

static void receive_request(void *owner, struct event_source *watcher)
{
	struct server *server = owner;
	struct dns_request request;
	if (!fd_passing_receive(watcher->fd, &request, sizeof request, NULL, 0, NULL))
		drain_and_exit(server);
	struct destination own = {0};
	AUTO_CLOSE int fd = open_client_socket(&request);
	destination_of_socket(&own, fd);
	request.port = own.port;
	if (fd >= 0)
		add_client(server, &request);
	fd_passing_send(watcher->fd, "", 1, (const int[PASSED_FDS]){fd, -1});
}

noreturn void dns_server_run(int watcher, int listeners[NAME_SERVERS][2], const struct resolv_conf *conf,
			     const struct allow *hosts, struct network_log *log)
{
	struct server *server = calloc(1, sizeof *server);
	if (server == NULL)
		_exit(1);
	*server = (struct server){.epoll = epoll_create1(EPOLL_CLOEXEC), .log = log, .conf = conf, .hosts = hosts};
	for (size_t i = 0; i < CONNECTIONS; i++)
		server->connections[i].source.fd = -1;
	for (size_t i = 0; i < NAME_SERVERS; i++) {
		server->udp[i].fd = server->tcp[i].fd = -1;
		if (listeners[i][0] < 0)
			continue;
		open_source(server, &server->udp[i], listeners[i][0], serve_udp);
		open_source(server, &server->tcp[i], listeners[i][1], accept_connection);
	}
	open_source(server, &server->watcher, watcher, receive_request);
	while (server->watcher.fd >= 0)
		events_handle_one(server->epoll, -1);
	_exit(1);
}
