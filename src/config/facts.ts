/** What `.if` is told when the caller gives no facts of its own. */

import { FEATURES } from '../util/features.ts';
import { HAPROXY_VERSION } from '../util/version.ts';
import type { Facts } from './conditions.ts';

export const DEFAULT_FACTS: Omit<Facts, 'environment'> = {
  version: HAPROXY_VERSION,
  features: Object.keys(FEATURES).filter((name) => FEATURES[name]),
  enabled: ['EPOLL', 'POLL'],
  tlsLibrary: '',
};
