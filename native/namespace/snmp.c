// SPDX-License-Identifier: GPL-2.0-or-later
#include "namespace/namespace.h"
#include "util/text.h"

/* Returns OutNoRoutes from text, or -1. The text has a line of names and a line of numbers, both starting with "Ip:" (net/ipv4/proc.c). */
static long long from_snmp(const char *text)
{
	const char *name = strstr(text, " OutNoRoutes"), *number = strstr(text, "\nIp: ");
	/* The number has the same position in its line as the name. */
	for (const char *c = text; number != NULL && name != NULL && c <= name; c++)
		if (*c == ' ')
			number = strchr(number + 1, ' ');
	return name == NULL || number == NULL ? -1 : strtoll(number, NULL, 10);
}

static long long count(const struct snmp *snmp)
{
	long long all = -1;
	for (int i = 0; i < 2; i++) {
		char text[8192];
		ssize_t length = pread(snmp->fd[i], text, sizeof text - 1, 0);
		text[length > 0 ? length : 0] = '\0';
		long long value = i == 0 ? from_snmp(text) : text_value(text, "Ip6OutNoRoutes");
		if (value >= 0)
			all = (all < 0 ? 0 : all) + value;
	}
	return all;
}

void snmp_files(int files[2])
{
	files[0] = open("/proc/self/net/snmp", O_RDONLY | O_CLOEXEC);
	files[1] = open("/proc/self/net/snmp6", O_RDONLY | O_CLOEXEC);
	/* Close the second file if there is no first one: fd_passing_send() sends no descriptor after the first -1. */
	if (files[0] < 0 && files[1] >= 0) {
		close(files[1]);
		files[1] = -1;
	}
}

void snmp_open(struct snmp *snmp, const int files[2])
{
	memcpy(snmp->fd, files, sizeof snmp->fd);
	snmp->began = count(snmp);
}

long long snmp_unroutable(const struct snmp *snmp)
{
	long long now = count(snmp);
	return now < 0 || snmp->began < 0 ? -1 : now - snmp->began;
}
