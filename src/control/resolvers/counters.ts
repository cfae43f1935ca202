/** What is counted for each name server, in the order of `show resolvers`. */
export interface NameServerCounters {
  /** Queries sent, and those that could not be. */
  sent: number;
  snd_error: number;
  /** Answers used. */
  valid: number;
  /** Server addresses changed by them. */
  update: number;
  /** Kept at 0, as HAProxy keeps it. */
  cname: number;
  /** Chains of names that lead to no address. */
  cname_error: number;
  /** Answers without a record. */
  any_err: number;
  nx: number;
  /** Resolutions that ended without an answer of this server. */
  timeout: number;
  refused: number;
  other: number;
  /** Malformed, or about another question. */
  invalid: number;
  /** Longer than `accepted_payload_size`. */
  too_big: number;
  truncated: number;
  /** To queries that were no longer waiting. */
  outdated: number;
}

export function createCounters(): NameServerCounters {
  return {
    sent: 0,
    snd_error: 0,
    valid: 0,
    update: 0,
    cname: 0,
    cname_error: 0,
    any_err: 0,
    nx: 0,
    timeout: 0,
    refused: 0,
    other: 0,
    invalid: 0,
    too_big: 0,
    truncated: 0,
    outdated: 0,
  };
}
