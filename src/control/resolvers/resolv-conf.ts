import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

/** Addresses of the `nameserver` lines of a resolv.conf(5), in order, each once; none when it cannot be read. */
export function readResolvConf(file = '/etc/resolv.conf'): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    return [];
  }
  const addresses = new Set<string>();
  for (const line of text.split('\n')) {
    const [keyword, address = ''] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && isIP(address) !== 0) addresses.add(address);
  }
  return [...addresses];
}
