import os from 'node:os';
import { HAPROXY_VERSION, RELEASE_DATE } from '../util/version.ts';

/** What `-v` prints; the third word is the version (management guide, section 3). */
export function versionText(): string {
  return (
    `HAProxy version ${HAPROXY_VERSION} ${RELEASE_DATE}\n` +
    'Status: development branch - not safe for use in production.\n' +
    `Running on: ${os.type()} ${os.release()} ${os.version()} ${os.machine()}\n`
  );
}
