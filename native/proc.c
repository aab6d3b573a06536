#include "proc.h"

#include <stdio.h>
#include <stdlib.h>

#include "text.h"

bool proc_is_masked(void)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	bool masked = mounts == NULL;
	while (!masked && getline(&line, &size, mounts) > 0)
		masked = text_hides_proc(line);
	masked = masked || ferror(mounts) != 0;
	free(line);
	if (mounts != NULL)
		fclose(mounts);
	return masked;
}
