#include "init/exec_command.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "init/errno_filter.h"
#include "init/environment.h"
#include "util/fail.h"

extern char **environ;

static char **read_environment(int fd)
{
	char **environment = environment_read(fd);
	if (environment == NULL)
		refuse("--environ %d: reading it: %m", fd);
	/* confine's to close, not the command's to find; one of 0 to 2 stays, as the command needs it for something else. */
	if (fd > STDERR_FILENO && close(fd) != 0)
		refuse("--environ %d: closing it: %m", fd);
	return environment;
}

noreturn void exec_command(const struct options *options, const struct signals *signals)
{
	char **environment = environ;
	if (options->environ_fd >= 0)
		environment = read_environment(options->environ_fd);
	else
		environment_restore(environment);
	if (options->chown_eperm && !errno_filter_install())
		refuse("--chown-eperm: seccomp: %m");
	if (!signals_give_back(signals))
		refuse("restoring signals: %m");
	/* Before the search: execvp looks in the PATH of environ. */
	environ = environment;
	execvp(options->command[0], options->command);
	int error = errno;
	complain("%s: %m", options->command[0]);
	_exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}
