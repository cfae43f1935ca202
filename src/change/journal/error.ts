/**
 * Why the journal cannot do something:
 * `full` no space; `denied` the file system does not let us (rights, read-only, a folder that is not there); `in-use` another process has
 * it; `io` the disk fails; `damaged` the content is not what was written; `foreign` a file of another program or of a newer Sluice;
 * `behind` too much waits for the disk; `timeout` the disk has not answered in time; `ended` the journal was closed, or its thread died;
 * `unknown-attempt` an outcome of an attempt that is not there or has one already; `too-large` a record over the limit.
 */
export type JournalCode =
  | 'full'
  | 'denied'
  | 'in-use'
  | 'io'
  | 'damaged'
  | 'foreign'
  | 'behind'
  | 'timeout'
  | 'ended'
  | 'unknown-attempt'
  | 'too-large';

/** A failure of the journal; `message` is for operators. */
export class JournalError extends Error {
  readonly code: JournalCode;

  constructor(code: JournalCode, message: string) {
    super(message);
    this.name = 'JournalError';
    this.code = code;
  }
}
