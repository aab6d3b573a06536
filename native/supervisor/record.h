/* The record of a phase: one line of JSON, schema 1. */
#ifndef RECORD_H
#define RECORD_H

#include "options/options.h"
#include "supervisor/outcome.h"

/*
 * Appends the record to options->record, whole, in one write, and puts the same line into options->tell where there is
 * something a user should hear. Both are opened as the caller, never through a symbolic link, only as regular files.
 * What can't be written is complained of; it changes nothing else.
 */
void record_write(const struct options *options, const struct outcome *outcome);

#endif
