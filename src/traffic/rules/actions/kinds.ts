import type { RuleKind } from '../types.ts';

/** Sets of rules that see a request head, a response head, or make up what is sent back. */
export const ALL_HTTP: readonly RuleKind[] = ['http-request', 'http-response', 'http-after-response'];

/** All sets of rules. */
export const EVERYWHERE: readonly RuleKind[] = [
  ...ALL_HTTP,
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'tcp-response content',
];

/** Before a server is chosen, from the connection on. */
export const CLIENT_SIDE: readonly RuleKind[] = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'http-request',
];

/** For each stream, before a server is chosen. */
export const REQUEST: readonly RuleKind[] = ['http-request', 'tcp-request content'];
