/** What `.if` and `-cc` are told when the caller gives no facts of its own. */

import type { Facts } from './conditions.ts';

/** The version of HAProxy whose configuration language and Runtime API are followed. */
const HAPROXY_VERSION = '3.5.0';

export const DEFAULT_FACTS: Omit<Facts, 'environment'> = {
  version: HAPROXY_VERSION,
  features: ['EPOLL', 'THREAD', 'NETFILTER', 'PROMEX'],
  enabled: ['EPOLL', 'POLL'],
  tlsLibrary: '',
};
