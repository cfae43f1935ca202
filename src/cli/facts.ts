import type { Facts } from '../config/conditions.ts';
import { FEATURES } from '../util/features.ts';
import { HAPROXY_VERSION } from '../util/version.ts';

/** What conditions (`-cc`, `.if`) may ask about this program. */
export const PROGRAM_FACTS: Omit<Facts, 'environment'> = {
  version: HAPROXY_VERSION,
  features: Object.keys(FEATURES).filter((name) => FEATURES[name]),
  enabled: ['POLL', 'EPOLL', 'GETADDRINFO', 'REUSEPORT'],
  tlsLibrary: `OpenSSL ${process.versions.openssl}`,
};
