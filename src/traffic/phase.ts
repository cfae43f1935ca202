/** Where an exchange stands. */
export const Phase = {
  idle: 0,
  /** A rule waits (tarpit, pause, body). */
  rules: 1,
  queue: 2,
  /** Pause before connecting again to the server that just failed. */
  turnaround: 3,
  connect: 4,
  /** Request sent or being sent, response head awaited. */
  response: 5,
  /** A rule for the response waits. */
  responseRules: 6,
  relay: 7,
  tunnel: 8,
  closed: 9,
} as const;
