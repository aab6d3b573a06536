#include "guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

struct program {
	struct sock_filter *filter;
	size_t length;
};

static void put(struct program *program, unsigned short code, uint32_t value, unsigned char yes, unsigned char no)
{
	program->filter[program->length++] = (struct sock_filter){code, yes, no, value};
}

static uint32_t word(const unsigned char *bytes)
{
	uint32_t value;
	memcpy(&value, bytes, sizeof value);
	return ntohl(value);
}

/* Where the headers have the address that a packet comes from (RFC 791, 3.1; RFC 8200, 3). */
enum { SOURCE_4 = 12,
       SOURCE_6 = 8 };

/* Goes on with what follows where the packet comes from there, and jumps over so much of it where it doesn't. */
static void put_place(struct program *program, const struct allow_entry *entry, unsigned over)
{
	unsigned words = (entry->bits + 31) / 32;
	uint32_t at = (uint32_t)SKF_NET_OFF + (entry->family == AF_INET ? SOURCE_4 : SOURCE_6);
	for (unsigned i = 0; i < words; i++) {
		unsigned bits = entry->bits - i * 32 < 32 ? entry->bits - i * 32 : 32;
		uint32_t mask = bits == 32 ? ~0U : ~(~0U >> bits);
		put(program, BPF_LD | BPF_W | BPF_ABS, at + i * 4, 0, 0);
		put(program, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
		put(program, BPF_JMP | BPF_JEQ | BPF_K, word(entry->address + i * 4) & mask, 0,
		    (unsigned char)((words - i - 1) * 3 + over));
	}
}

/* The kernel runs it at the TCP header, which begins with the port (tcp_filter() in net/ipv4/tcp_ipv4.c). */
static void put_entry(struct program *program, const struct allow_entry *entry)
{
	put_place(program, entry, 3);
	put(program, BPF_LD | BPF_H | BPF_ABS, 0, 0, 0);
	put(program, BPF_JMP | BPF_JEQ | BPF_K, entry->port, 0, 1);
	put(program, BPF_RET | BPF_K, ~0U, 0, 0);
}

static void put_entries(struct program *program, const struct allow *allow, int family, bool loopback)
{
	for (size_t i = 0; i < allow->count; i++)
		if (allow->entries[i].family == family && allow_is_loopback(&allow->entries[i]) == loopback)
			put_entry(program, &allow->entries[i]);
}

/* However wide an entry is, loopback is not meant by it. */
static void put_family(struct program *program, const struct allow *allow, int family)
{
	static const struct allow_entry four = {AF_INET, {127}, 8, 0}, six = {AF_INET6, {[15] = 1}, 128, 0};
	put_entries(program, allow, family, true);
	put_place(program, family == AF_INET ? &four : &six, 1);
	put(program, BPF_RET | BPF_K, 0, 0, 0);
	put_entries(program, allow, family, false);
	put(program, BPF_RET | BPF_K, 0, 0, 0);
}

size_t guard_build(const struct allow *allow, struct sock_filter *filter)
{
	struct program program = {filter, 0};
	put(&program, BPF_LD | BPF_B | BPF_ABS, (uint32_t)SKF_NET_OFF, 0, 0);
	put(&program, BPF_ALU | BPF_RSH | BPF_K, 4, 0, 0);
	put(&program, BPF_JMP | BPF_JEQ | BPF_K, 4, 1, 0);
	size_t over = program.length;
	put(&program, BPF_JMP | BPF_JA, 0, 0, 0);
	put_family(&program, allow, AF_INET);
	filter[over].k = (uint32_t)(program.length - over - 1);
	put_family(&program, allow, AF_INET6);
	return program.length;
}

bool guard_lock(int socket, const struct sock_filter *filter, size_t length)
{
	struct sock_fprog program = {(unsigned short)length, (struct sock_filter *)filter};
	static const int on = 1;
	return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 &&
	       setsockopt(socket, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on) == 0;
}
