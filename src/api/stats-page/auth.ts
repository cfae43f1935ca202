import { createHash, timingSafeEqual } from 'node:crypto';
import type { StatsConfig } from '../../config/types.ts';

/** Whether a request carries the name and password of one of the page's users (`stats auth`); true when there are none. RFC 7617. */
export function isAuthorised(authorization: string | null, users: StatsConfig['auth']): boolean {
  if (users.length === 0) return true;
  const credentials = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization ?? '')?.[1];
  if (credentials === undefined) return false;
  const given = digest(Buffer.from(credentials, 'base64'));
  let found = false;
  // All are compared, so that the time taken tells nothing.
  for (const { user, password } of users) if (timingSafeEqual(given, digest(`${user}:${password}`))) found = true;
  return found;
}

function digest(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}
