import { createHash, timingSafeEqual } from 'node:crypto';
import type { StatsConfig } from '../../config/types.ts';

/** The user (`stats auth`) whose name and password a request carries; null when it carries none or others. RFC 7617. */
export function userOf(authorization: string | null, users: StatsConfig['auth']): string | null {
  const credentials = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization ?? '')?.[1];
  if (credentials === undefined) return null;
  const given = digest(Buffer.from(credentials, 'base64'));
  let found: string | null = null;
  // All are compared, so that the time taken tells nothing.
  for (const { user, password } of users) if (timingSafeEqual(given, digest(`${user}:${password}`))) found = user;
  return found;
}

function digest(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}
