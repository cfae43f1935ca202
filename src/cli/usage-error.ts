/** Arguments that cannot be understood; the answer is the message and the usage. */
export class UsageError extends Error {}
