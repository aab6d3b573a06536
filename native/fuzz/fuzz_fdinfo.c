/* The readers of /proc/TID/fdinfo/FD, part of which other processes choose (an epoll's data). Input: the file. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "egress/internal.h"

static void check(int condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct epoll_event event = {.events = 0xA5A5};
	/* Of the exact size, so that the sanitizer sees one byte too many. */
	char *text = malloc(size + 1);
	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	int kept = fdinfo_close_on_exec(text, 4711);
	check(kept == -1 || kept == 0 || kept == O_CLOEXEC);
	check(kept == -1 || (strstr(text, "flags:") != NULL && strstr(text, "ino:") != NULL));
	if (fdinfo_has_registration(text, 7, 4711, &event))
		check(strstr(text, "tfd:") != NULL && strstr(text, "ino:") != NULL);
	/* Another file is not taken for that one. */
	check(kept == -1 || fdinfo_close_on_exec(text, 4712) == -1);
	free(text);
	return 0;
}
