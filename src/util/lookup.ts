import { lookup } from 'node:dns/promises';

/**
 * The first address that the system's resolver (`/etc/hosts`, DNS, ...) has for a host name, in its order; null when it has none.
 * `family`: 4 or 6 for that family only, else 0.
 */
export async function lookupHost(host: string, family: 0 | 4 | 6): Promise<string | null> {
  try {
    return (await lookup(host, { family, order: 'verbatim' })).address;
  } catch {
    return null;
  }
}
