import { RuntimeClientError } from './failures.ts';
import type { Identity } from './identity.ts';

/** What not every HAProxy since 2.4 has -> the first version with it. */
const since = {
  /** `add ssl ca-file`. */
  'add ssl ca-file': [2, 7],
  /** `reload` on a master tells whether it worked. */
  'reload result': [2, 7],
  'update ssl ocsp-response': [2, 8],
  /** Payloads with empty lines: an end of one's own (`<<END`). */
  'payload terminator': [2, 9],
  'wait srv-removable': [3, 0],
  'dump ssl cert': [3, 1],
  /** Severities (`set severity-output`) on a master CLI; in the sources since 3.0, but not dependable there. */
  'master severity': [3, 1],
  'table ptr': [3, 1],
  'add backend': [3, 4],
  'set server name': [3, 5],
} as const satisfies Record<string, readonly [number, number]>;

/** Something that not every version has. */
export type Feature = keyof typeof since;

/** True when the version of the program has the feature. */
export function supports({ version }: Identity, feature: Feature): boolean {
  const [major, minor] = since[feature];
  return version.atLeast(major, minor);
}

/** Throws a RuntimeClientError (EINVAL) when the version of the program lacks the feature. */
export function requireFeature(identity: Identity, feature: Feature, what: string): void {
  if (supports(identity, feature)) return;
  const needed = since[feature].join('.');
  throw new RuntimeClientError('EINVAL', `${what} needs HAProxy ${needed}, this is ${identity.version.text}`);
}
