import { createHash } from 'node:crypto';

/** Hides a name or an address in what a connection is told while `set anon on` holds: the same text gives the same hash. */
export function anonymise(text: string, key: number): string {
  if (key === 0 || text === '' || text === '-') return text;
  return createHash('sha1').update(`${key} ${text}`).digest('hex').slice(0, 6);
}
