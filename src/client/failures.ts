/** Why no whole answer came (what the program refuses is an answer, see refusals.ts). */
export class RuntimeClientError extends Error {
  /**
   * `EINVAL`: the request cannot be written; an errno name (`ENOENT`, `ECONNREFUSED`, ...): no connection; `TIMEOUT`; `TOO_LONG`: more than
   * the limit; `CLOSED`: the connection ended before the answer did; `PROTOCOL`: what answers is no Runtime API, or not in this form; `TLS`.
   */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'RuntimeClientError';
    this.code = code;
  }
}
