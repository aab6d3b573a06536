// SPDX-License-Identifier: GPL-2.0-or-later
/* replay FILE...: runs a fuzz target once for each file, with the content as input. Used with valgrind, because valgrind cannot run libFuzzer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *name)
{
	FILE *file = fopen(name, "rb");
	if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
		perror(name);
		return 1;
	}
	long size = ftell(file);
	/* Allocate the exact size, so that valgrind detects an access beyond the input. */
	uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
	rewind(file);
	int failed = data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size;
	fclose(file);
	if (!failed)
		LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;
	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	return failed;
}
