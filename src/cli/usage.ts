/** An error in the command line: portcullis prints one line on standard error and exits with 2. */
export class UsageError extends Error {}
