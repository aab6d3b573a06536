// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * forbid_sockets CGROUP: attaches a BPF program to a cgroup. From then on, socket(2) for AF_INET and AF_INET6 fails with EPERM in processes of
 * this cgroup. The kernel removes the BPF program together with the cgroup.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	/* The BPF program always returns 0, which makes the kernel refuse the socket. */
	static const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_SOCK,
		.expected_attach_type = BPF_CGROUP_INET_SOCK_CREATE,
		.insn_cnt = sizeof code / sizeof *code,
		.insns = (uintptr_t)code,
		.license = (uintptr_t) "GPL",
	};
	if (argc != 2)
		errx(2, "one argument");
	int group = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (group < 0)
		err(1, "%s", argv[1]);
	int program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
	if (program < 0)
		err(1, "bpf(BPF_PROG_LOAD)");
	union bpf_attr attach = {
		.target_fd = (uint32_t)group, .attach_bpf_fd = (uint32_t)program, .attach_type = BPF_CGROUP_INET_SOCK_CREATE};
	if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach) != 0)
		err(1, "bpf(BPF_PROG_ATTACH)");
	return 0;
}
