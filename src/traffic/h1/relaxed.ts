import type { Head } from './head.ts';
import type { parseRequest, parseResponse } from './parse.ts';

/** A mistake that was let pass: where it is in the head, and the state of the parser in HAProxy's words. */
export interface Violation {
  readonly at: number;
  readonly state: string;
  /** The head as it came. */
  readonly bytes: Buffer;
}

/** What a head comes to that was refused by `parse`, when mistakes are let pass (`option accept-unsafe-violations-in-http-request`). */
export interface Relaxed {
  /** As `parseRequest` gives it. */
  readonly next: number;
  readonly violation: Violation;
}

/** Reads a head again in which `parse` has found a mistake, and lets pass what HAProxy lets pass. */
export function parseAgain(
  parse: typeof parseRequest | typeof parseResponse,
  head: Head,
  buf: Buffer,
  start: number,
  limit: number,
  maxHeaders: number,
): Relaxed {
  const violation = {
    at: head.errorAt - start,
    state: head.errorState,
    bytes: Buffer.from(buf.subarray(start, limit)),
  };
  head.relaxed = true;
  const next = parse(head, buf, start, limit, maxHeaders);
  head.relaxed = false;
  return { next, violation };
}
