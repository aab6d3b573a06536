// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * see_ipc make NAME KEY     makes a POSIX message queue and a shared memory segment, and prints the id of the segment
 * see_ipc see NAME KEY      prints for the queue and the segment whether they exist
 * see_ipc remove NAME KEY   removes the queue and the segment
 */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	key_t key = (key_t)strtol(argv[3], NULL, 0);
	if (strcmp(argv[1], "make") == 0) {
		int segment = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0666);
		printf("%d\n", segment);
		return segment < 0 || mq_open(argv[2], O_CREAT | O_EXCL | O_RDWR, 0666, NULL) < 0;
	}
	int segment = shmget(key, 0, 0);
	if (strcmp(argv[1], "remove") == 0)
		return mq_unlink(argv[2]) != 0 || shmctl(segment, IPC_RMID, NULL) != 0;
	printf("queue=%s segment=%s\n", mq_open(argv[2], O_RDONLY) < 0 ? "no" : "yes", segment < 0 ? "no" : "yes");
	return 0;
}
