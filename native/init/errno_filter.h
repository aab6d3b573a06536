/* What chown(2) says in a user namespace about an id that is not mapped there. */
#ifndef CHOWN_EPERM_H
#define CHOWN_EPERM_H

#include <stdbool.h>

/*
 * Where our user namespace maps one user alone, has the kernel answer EPERM to every chown to another, as it does to ordinary users
 * outside, for the rest of this process's life and its children's. By itself it says EINVAL, and libfakeroot, which forgives
 * EPERM, passes that on: `fowners root` then fails the build. Elsewhere nothing is done. Needs CAP_SYS_ADMIN in that namespace or
 * no_new_privs. Returns false with errno.
 *
 * Not for every phase: a test suite that makes user namespaces of its own can chown to what they map.
 */
bool errno_filter_install(void);

#endif
