// SPDX-License-Identifier: GPL-2.0-or-later
/** An error in the command line. portcullis prints its message on standard error and exits with 2. */
export class UsageError extends Error {}

/** A refusal to run programs that another user can replace. portcullis prints its message on standard error and exits with 10, like install.sh. */
export class UntrustedError extends Error {}
