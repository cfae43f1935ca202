/** Why an ACME server did not do what it was asked for. */
export class AcmeError extends Error {
  override readonly name = 'AcmeError';
  /** Type of the problem (RFC 8555, section 6.7) without its prefix: `rateLimited`; '' when the server told none. */
  readonly type: string;
  /** How long to wait before the next try, ms; null when the server did not say. */
  readonly retryAfter: number | null;

  constructor(message: string, { type = '', retryAfter = null as number | null } = {}) {
    super(message);
    this.type = type;
    this.retryAfter = retryAfter;
  }
}
