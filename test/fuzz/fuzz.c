// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz TARGET ...: fuzzes the code that reads untrusted input. TARGET is a name in targets[]. libFuzzer processes the other arguments. With
 * -DREPLAY they are files, and each file is the input of one run. valgrind needs this variant, because it cannot run libFuzzer.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns/wire.h"
#include "egress/egress_internal.h"
#include "init/init.h"
#include "options/options.h"
#include "util/fds.h"
#include "util/json.h"
#include "util/text.h"
#include "target/request.h"

/* Returns a copy in a heap block of the exact size, so that AddressSanitizer and valgrind detect an access beyond it. */
static void *copy(const void *data, size_t size)
{
	void *block = malloc(size);
	assert(block != NULL);
	return memcpy(block, data, size);
}

/* Returns such a copy with a NUL at its end. */
static char *copy_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	assert(text != NULL);
	text[size] = '\0';
	return memcpy(text, data, size);
}

/* --- options: checks that accepted options are within their limits. The input consists of the arguments, with a NUL between them. --- */

enum { MAX_ARGUMENTS = 300 };

static void check_cgroup_name(const char *name)
{
	size_t length = strlen(name);
	assert(length > 0 && length <= OPTIONS_CGROUP_NAME && name[0] != '.');
	for (size_t i = 0; i < length; i++)
		assert(name[i] > ' ' && name[i] < 127 && name[i] != '/');
}

static void fuzz_options(const uint8_t *data, size_t size)
{
	char *text = copy_text(data, size), *argv[MAX_ARGUMENTS + 1], problem[256] = "";
	int argc = 0;
	struct options options;
	for (size_t i = 0; i < size && argc < MAX_ARGUMENTS; i += strlen(text + i) + 1)
		argv[argc++] = text + i;
	argv[argc] = NULL;
	if (!options_parse(&options, argc, argv, problem, sizeof problem)) {
		assert(problem[0] != '\0' && memchr(problem, '\0', sizeof problem) != NULL);
	} else if (!options.probe && !options.gc) {
		assert(options.command > argv && options.command < argv + argc && options.command[0] != NULL);
		assert(strcmp(options.command[-1], "--") == 0);
		assert(options.allow.count <= ALLOW_ENTRIES && options.allow.name_count <= ALLOW_NAMES);
		assert(options.allow.count == 0 || ((options.isolate & ISOLATE_NET) != 0 && options.audit));
		for (size_t i = 0; i < options.allow.count; i++)
			assert(options.allow.entries[i].to.port > 0 && options.allow.entries[i].bits <= (options.allow.entries[i].to.family == AF_INET ? 32 : 128));
		assert(options.environ_fd >= -1 && options.die_with_count <= OPTIONS_DIE_WITH && options.uses_count <= OPTIONS_USES && options.label_count <= OPTIONS_LABELS);
		for (size_t i = 0; i < options.die_with_count; i++)
			assert(options.die_with[i] > 0);
		for (int i = 0; i < LIMITS; i++)
			assert(options.limit[i] == NULL || (options.cgroup != NULL && strlen(options.limit[i]) < 20));
		if (options.cgroup != NULL)
			check_cgroup_name(options.cgroup);
	}
	free(text);
}

/* --- text: parsers of files in /proc and in the cgroup tree. The first letter of the input selects a parser; the rest is the text. --- */

/* Returns true if the string at part, including its NUL, lies within the size bytes at whole. */
static bool is_within(const char *part, const char *whole, size_t size)
{
	return part >= whole && part < whole + size && memchr(part, '\0', size - (size_t)(part - whole)) != NULL;
}

static void parse_text(char kind, char *text, size_t size)
{
	struct text_stat stat;
	struct epoll_event event;
	const char *found;
	int flags;
	switch (kind) {
	case 'm':
		found = text_cgroup2_mount(text);
		assert(found == NULL || (is_within(found, text, size) && strchr(found, ' ') == NULL));
		break;
	case 'p':
		text_hides_proc(text);
		break;
	case 'c':
		found = text_own_cgroup(text);
		assert(found == NULL || (is_within(found, text, size) && found == text + 4 && strncmp(found, "..", 2) != 0 && strchr(found, '\n') == NULL));
		break;
	case 'v':
		text_value(text, "populated");
		break;
	case 's':
		if (text_stat(text, &stat))
			assert(stat.comm > text && stat.comm + stat.comm_length < text + size);
		break;
	case 'i':
		text_is_portages_init(text, size - 1);
		break;
	case 'f':
		flags = text_fdinfo_flags(text, 4711);
		assert(flags == -1 || (flags >= 0 && strstr(text, "flags:") != NULL && strstr(text, "ino:") != NULL));
		/* If the text has the flags of a file with inode 4711, the function must return -1 for inode 4712. */
		assert(flags == -1 || text_fdinfo_flags(text, 4712) == -1);
		if (text_fdinfo_registration(text, 7, 4711, &event))
			assert(strstr(text, "tfd:") != NULL && strstr(text, "ino:") != NULL);
		break;
	}
}

static void fuzz_text(const uint8_t *data, size_t size)
{
	if (size == 0)
		return;
	char *text = copy_text(data + 1, size - 1);
	parse_text((char)data[0], text, size);
	free(text);
}

/* --- environment: reads the environment of --environ and renames the CONFINE_ENV_* variables in it. The input is that environment. --- */

static size_t count_entries(char **environment)
{
	size_t entries = 0;
	while (environment[entries] != NULL)
		entries++;
	return entries;
}

static void fuzz_environment(const uint8_t *data, size_t size)
{
	static const char prefix[] = "CONFINE_ENV_";
	if (size == 0)
		return;
	int fd = memfd_create("environment", MFD_CLOEXEC);
	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
	char **environment = environment_read(fd);
	close(fd);
	assert(environment != NULL);
	size_t before = count_entries(environment);
	/* Keep the pointer to the first entry, to free the block that environment_read() has allocated for all entries. */
	char *block = environment[0];
	environment_restore(environment);
	assert(count_entries(environment) <= before);
	for (char **entry = environment; *entry != NULL; entry++) {
		const char *name = *entry + sizeof prefix - 1;
		/* environment_restore() removes the prefix. An entry may keep it only if the text after the prefix is not NAME=VALUE. */
		if (strncmp(*entry, prefix, sizeof prefix - 1) == 0)
			assert(strchr(name, '=') == NULL || name[0] == '=');
	}
	free(block);
	free(environment);
}

/* --- json: checks that json_string() writes valid JSON in valid UTF-8 for any string. The input is the string. --- */

/*
 * Checks that text starts with a valid UTF-8 character. Returns the length of the character in bytes. The method differs from that of json.c,
 * so that an error in one of them shows.
 */
static size_t check_character(const unsigned char *text, size_t left)
{
	size_t length = text[0] < 0x80 ? 1 : text[0] < 0xE0 ? 2
				     : text[0] < 0xF0	    ? 3
							    : 4;
	unsigned long code = length == 1 ? text[0] : text[0] & (0x7FU >> length);
	assert(length <= left);
	for (size_t i = 1; i < length; i++) {
		assert((text[i] & 0xC0) == 0x80);
		code = code << 6 | (text[i] & 0x3FU);
	}
	static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
	assert(code >= least[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF));
	assert(code >= 0x20 && code != 0x7F);
	return length;
}

static void fuzz_json(const uint8_t *data, size_t size)
{
	struct json json = {0};
	json_string(&json, NULL, (const char *)data, size);
	assert(!json.failed && json.length >= 2 && json.text[0] == '"' && json.text[json.length - 1] == '"');
	const unsigned char *text = (const unsigned char *)json.text;
	for (size_t i = 1; i < json.length - 1;) {
		if (text[i] == '\\') {
			assert(strchr("\"\\u", text[i + 1]) != NULL);
			i += text[i + 1] == 'u' ? 6 : 2;
			assert(i < json.length);
			continue;
		}
		assert(text[i] != '"');
		i += check_character(text + i, json.length - 1 - i);
	}
	free(json.text);
}

/* --- dns: checks that dns_answer() stays within its buffers and does what dns/wire.h documents. The input is a DNS query. --- */

static void fuzz_dns(const uint8_t *data, size_t length)
{
	static const struct allow hosts = {
		.names = {{"a", 1, {AF_INET, {192, 0, 2, 1}}}, {"a", 1, {AF_INET6, {[15] = 1}}}, {"c.d", 3, {AF_INET, {192, 0, 2, 2}}}},
		.name_count = 3,
	};
	static const struct allow none;
	struct dns_question question, again;
	unsigned char *query = copy(data, length), *answer = malloc(DNS_ANSWER);
	assert(answer != NULL);
	size_t answered = dns_answer(query, length, &hosts, answer, &question), size = strnlen(question.name, DNS_NAME);
	assert(answered <= DNS_ANSWER && size < DNS_NAME);
	for (size_t c = 0; c < size; c++)
		assert(question.name[c] > 0x20 && question.name[c] < 0x7F);
	if (answered > 0) {
		assert(memcmp(answer, query, 2) == 0 && (answer[2] & 0x80) != 0);
		/* Response code 0 means that the name is in hosts. dns_answer() must then return no question, because the lookup is not logged. */
		bool is_host = (answer[3] & 0x0F) == 0;
		assert(!is_host || (size == 0 && answer[5] == 1));
		/* dns_answer() must not answer its own response. After the response bit is cleared below, it must find the question again, if the answer has one. */
		assert(dns_answer(answer, answered, &none, query, &again) == 0);
		answer[2] &= 0x7F;
		unsigned char second[DNS_ANSWER];
		/* The second call of dns_answer() gets no hosts, so that its answer has no addresses. */
		size_t without = answer[5] == 0 ? answered : dns_answer(answer, answered, &none, second, &again);
		assert(answer[5] == 0 || again.name[0] != '\0');
		assert(is_host ? without <= answered : without == answered);
		assert(is_host || answer[5] == 0 || strcmp(again.name, question.name) == 0);
	}
	free(query);
	free(answer);
}

/*
 * --- calls: request_read(), which reads the arguments of a system call and the memory to which they point. The input consists of a struct
 * seccomp_data and the content of the memory at address BASE. All other memory is unreadable. ---
 */

enum { BASE = 0x1000 };

static const uint8_t *memory;
static size_t memory_size;

bool target_read(const struct target *target, uint64_t address, void *data, size_t size)
{
	assert(target->tid == 42);
	if (address < BASE || address - BASE > memory_size || size > memory_size - (address - BASE)) {
		errno = EFAULT;
		return false;
	}
	memcpy(data, memory + (address - BASE), size);
	return true;
}

static void check_destination(const struct destination *to)
{
	static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};
	assert(to->family == AF_INET || to->family == AF_INET6);
	assert(to->protocol[0] == '\0');
	if (to->family == AF_INET6)
		assert(memcmp(to->address, mapped, sizeof mapped) != 0);
	else
		for (size_t i = 4; i < sizeof to->address; i++)
			assert(to->address[i] == 0);
	destination_is_loopback(to);
}

static void check_request(const struct request *request)
{
	bool is_list = request->call == CALL_SENDMMSG;
	assert(request->call != CALL_SOCKETCALL && request->count <= REQUEST_ADDRESSES);
	assert(is_list || request->count <= 1);
	for (size_t i = 0; i < request->count; i++)
		check_destination(&request->to[i]);
	/* If memory is unreadable, the request must have no addresses. The exception is sendmmsg, which keeps those of the messages before the unreadable one. */
	assert(!request->unreadable || is_list || request->count == 0);
	/* The watcher passes request->name to connect(2), so the length and the family in it must be valid. */
	if (request->call == CALL_CONNECT && request->count == 1 && !request->is_socketcall)
		assert(request->name_length <= sizeof request->name && request->name.any.sa_family != AF_UNSPEC);
	const struct ipc_request *ipc = &request->ipc;
	assert(request->call != CALL_IPC);
	/* init passes the name of a message queue to mq_open(2), so a NUL must end it. */
	assert(!request->creates_ipc || ipc->object.call != CALL_MQ_OPEN || memchr(ipc->object.name, '\0', sizeof ipc->object.name) != NULL);
	assert(request->path_count <= REQUEST_ADDRESSES && (is_list || request->path_count <= 1));
	for (size_t i = 0; i < request->path_count; i++)
		assert(request->paths[i][0] != '\0' && strnlen(request->paths[i], SOCKET_PATH) < SOCKET_PATH);
	assert(request->abstract_count <= REQUEST_ADDRESSES && (is_list || request->abstract_count <= 1));
	for (size_t i = 0; i < request->abstract_count; i++)
		assert(request->abstracts[i].bytes[0] == '\0' && request->abstracts[i].length > 0 && request->abstracts[i].length < SOCKET_PATH);
}

static void fuzz_calls(const uint8_t *data, size_t size)
{
	const struct target target = {.notification = 1, .tid = 42};
	struct seccomp_data call;
	if (size < sizeof call)
		return;
	/* Allocate the request on the heap, so that AddressSanitizer detects an access beyond it. */
	struct request *request = malloc(sizeof *request);
	assert(request != NULL);
	memset(request, 0xA5, sizeof *request);
	memcpy(&call, data, sizeof call);
	memory = data + sizeof call;
	memory_size = size - sizeof call;
	if (request_read(request, &target, &call))
		check_request(request);
	free(request);
}

/* --- socks: the parser of a SOCKS5 reply. The input is the reply. --- */

static void fuzz_socks(const uint8_t *data, size_t size)
{
	size_t got = 0, length;
	unsigned char *reply = malloc(SOCKS_REPLY);
	assert(reply != NULL);
	/* Pass the reply byte by byte, so that the parser sees each possible incomplete reply. */
	while (got < (length = socks_reply_length(reply, got)) && got < size) {
		assert(length <= SOCKS_REPLY);
		reply[got] = data[got];
		got++;
	}
	if (got == length) {
		unsigned char *whole = copy(reply, length);
		int error = socks_reply_error(whole);
		struct destination address = socks_reply_address(whole);
		assert(error >= 0 && error < 4096);
		assert(error == EPROTO || (whole[0] == 5 && whole[2] == 5));
		assert((error == 0) == (whole[0] == 5 && whole[1] == 0 && whole[2] == 5 && whole[3] == 0));
		assert(address.family == (whole[5] == 4 ? AF_INET6 : AF_INET));
		assert(address.port == (whole[length - 2] << 8 | whole[length - 1]));
		assert(memcmp(address.address, whole + 6, address.family == AF_INET6 ? 16 : 4) == 0);
		free(whole);
	}
	free(reply);
}

/*
 * --- descriptors: fd_passing_receive(). The first four bytes of the input are the number of descriptors that the receiver accepts, the number
 * that the sender passes, whether the receiver gets credentials, and the size that the receiver expects, minus 1. The rest is the message. ---
 */

/* Returns the lowest unused descriptor number, which is higher after a descriptor has leaked. */
static int lowest_unused(void)
{
	int fd = dup(STDERR_FILENO);
	close(fd);
	return fd;
}

static void send_descriptors(int socket, const uint8_t *data, size_t size, size_t count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(256 * sizeof(int))] = {0};
	struct msghdr message = {.msg_iov = &(struct iovec){(void *)data, size}, .msg_iovlen = 1};
	if (count > 0) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		*header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof(int))};
		for (size_t i = 0; i < count; i++)
			memcpy(CMSG_DATA(header) + i * sizeof socket, &socket, sizeof socket);
	}
	assert(sendmsg(socket, &message, 0) == (ssize_t)size);
}

static void fuzz_descriptors(const uint8_t *data, size_t size)
{
	int ends[2], fds[PASSED_FDS];
	if (size < 4)
		return;
	size_t accepted = data[0] % (PASSED_FDS + 1), passed = data[1] % 254, expected = data[3] + 1, length = size - 4;
	int credentials = data[2] % 2;
	pid_t sender = 0;
	char *received = malloc(expected);
	assert(received != NULL && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
	assert(setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &credentials, sizeof credentials) == 0);
	send_descriptors(ends[0], data + 4, length, passed);
	int before = lowest_unused();
	bool is_received = fd_passing_receive(ends[1], received, expected, fds, accepted, credentials ? &sender : NULL);
	assert(is_received == (length == expected) && (is_received || errno == (length == 0 ? ECONNRESET : EPROTO)));
	assert(!is_received || memcmp(received, data + 4, length) == 0);
	assert(sender == (credentials ? getpid() : 0));
	for (size_t i = 0; i < accepted; i++) {
		assert((fds[i] >= 0) == (is_received && i < passed));
		close_fd(fds[i]);
	}
	assert(lowest_unused() == before);
	close(ends[0]);
	close(ends[1]);
	free(received);
}

/* --- the programs --- */

typedef void fuzz_target(const uint8_t *data, size_t size);

static const struct {
	const char *name; /* name of the target and of its folder in corpus/ */
	fuzz_target *run;
} targets[] = {
	{"options", fuzz_options},
	{"text", fuzz_text},
	{"environment", fuzz_environment},
	{"json", fuzz_json},
	{"dns", fuzz_dns},
	{"calls", fuzz_calls},
	{"socks", fuzz_socks},
	{"descriptors", fuzz_descriptors},
};
static fuzz_target *selected;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	selected(data, size);
	return 0;
}

/* Selects the target that the first argument names, and removes this argument. libFuzzer calls this function before it reads the arguments. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	for (size_t i = 0; i<sizeof targets / sizeof *targets && * argc> 1; i++)
		if (strcmp(targets[i].name, (*argv)[1]) == 0)
			selected = targets[i].run;
	assert(selected != NULL);
	(*argv)[1] = (*argv)[0];
	(*argv)++;
	(*argc)--;
	return 0;
}

#ifdef REPLAY
int main(int argc, char **argv)
{
	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		uint8_t data[65536];
		FILE *file = fopen(argv[i], "rb");
		if (file == NULL) {
			perror(argv[i]);
			return 1;
		}
		size_t size = fread(data, 1, sizeof data, file);
		fclose(file);
		uint8_t *exact = copy(data, size);
		LLVMFuzzerTestOneInput(exact, size);
		free(exact);
	}
	return 0;
}
#endif
