#include "egress/emulate_option.h"

#include <asm/socket.h>
#include <errno.h>
#include <sys/socket.h>

#include "watcher/target.h"
#include "egress/socket_permit.h"

/* No permitted option takes more (struct ip_mreqn, TCP_CA_NAME_MAX). */
enum { MOST = 64 };

/* i386 has half as wide a struct timeval, which the kernel takes from 32-bit callers only (sock_set_timeout()). */
struct time32 {
	int32_t seconds, microseconds;
};
struct time64 {
	int64_t seconds, microseconds;
};

static int set(int socket, int level, int name, const void *value, socklen_t length)
{
	return setsockopt(socket, level, name, value, length) == 0 ? 0 : errno;
}

int emulate_set_option(const struct egress_call *call, const struct request *request)
{
	uint32_t level = (uint32_t)request->arguments[1], name = (uint32_t)request->arguments[2];
	int32_t length = (int32_t)request->arguments[4];
	union {
		char bytes[MOST];
		struct time32 time;
	} value = {0};
	if (!socket_permits(level, name))
		return ENOPROTOOPT;
	if (length < 0)
		return EINVAL;
	if (length > MOST)
		length = MOST;
	if (length > 0 && !target_read(call->tid, request->arguments[3], &value, (size_t)length))
		return EFAULT;
	if (level != SOL_SOCKET || (name != SO_RCVTIMEO_OLD && name != SO_SNDTIMEO_OLD))
		return set(call->socket, (int)level, (int)name, &value, (socklen_t)length);
	struct time64 time = {value.time.seconds, value.time.microseconds};
	if ((size_t)length < sizeof value.time)
		return EINVAL;
	return set(call->socket, SOL_SOCKET, name == SO_RCVTIMEO_OLD ? SO_RCVTIMEO_NEW : SO_SNDTIMEO_NEW, &time, sizeof time);
}
