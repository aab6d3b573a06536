/* Fuzzes the parser of /proc/TID/fdinfo/FD. Other processes control part of it (the data of epoll). Input: the file. */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "egress/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct epoll_event event = {.events = 0xA5A5};
	/* Allocated in the exact size, so that the sanitizer detects an access beyond it. */
	char *text = malloc(size + 1);
	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	int flags = fdinfo_close_on_exec(text, 4711);
	assert(flags == -1 || flags == 0 || flags == O_CLOEXEC);
	assert(flags == -1 || (strstr(text, "flags:") != NULL && strstr(text, "ino:") != NULL));
	if (fdinfo_has_registration(text, 7, 4711, &event))
		assert(strstr(text, "tfd:") != NULL && strstr(text, "ino:") != NULL);
	/* Another inode does not match. */
	assert(flags == -1 || fdinfo_close_on_exec(text, 4712) == -1);
	free(text);
	return 0;
}
