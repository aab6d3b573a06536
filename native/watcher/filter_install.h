/* Puts the filter on the process that becomes the command. */
#ifndef AUDIT_INSTALL_H
#define AUDIT_INSTALL_H

#include <stdbool.h>

#include "watcher/filter.h"

/*
 * Installs the filter in the calling process, to be kept by all it starts, and has the listener sent to the watcher at the
 * other end of news; or sends why there is none. While capabilities over its user namespace are held, without no_new_privs;
 * else under it, which a listener of somebody without privileges always needs. Closes news, leaves no descriptor and no
 * child. Returns whether the filter is installed.
 */
bool filter_install(int news, const struct filter_rules *rules);

/* Installs a filter without a listener, under no_new_privs where it takes that. Returns false with errno. */
bool filter_install_plain(const struct filter_rules *rules);

/* Installs it in the calling process, which should have nothing else to do. Returns NULL, or why that can't be, with errno. */
const char *filter_try(void);

#endif
