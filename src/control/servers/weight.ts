import type { Proxy } from '../../model/proxy.ts';
import type { Server } from '../../model/server.ts';

/** Weights that balancers use are in sixteenths of a user weight. */
const SCALE = 16;

/** Weights can be changed live: all algorithms but static-rr and the map-based hashes (manual, section 4.2 "balance"). */
export function isDynamicBalance(proxy: Proxy): boolean {
  const { algorithm, hashType } = proxy.config.balance;
  switch (algorithm) {
    case 'roundrobin':
    case 'leastconn':
    case 'first':
    case 'random':
    case 'sticky':
      return true;
    case 'static-rr':
    case 'log-hash':
      return false;
    default:
      return hashType === 'consistent';
  }
}

/** Effective weight in 1/16 units, 0..4096: the user weight, lowered while a slow start is under way. */
export function effectiveWeight(server: Server): number {
  return server.userWeight * Math.round(server.warmup * SCALE);
}

/** How far a slow start is after `age` ms, in steps of 1/16 from 1/16 to 1; always 1 where weights cannot be changed live. */
export function warmupAfter(server: Server, age: number): number {
  const { slowstart } = server.config;
  if (slowstart === 0 || !isDynamicBalance(server.proxy)) return 1;
  return Math.min(SCALE, Math.floor((SCALE * age) / slowstart) + 1) / SCALE;
}

/** A weight as operators and agents write it: `<n>` or `<n>%`. */
export type WeightRequest = { readonly weight: number; readonly percent: boolean } | { readonly error: string };

/** Reads a weight the way HAProxy does: a leading integer, then nothing or `%`. Ranges are checked by `resolveWeight`. */
export function parseWeight(text: string): WeightRequest {
  const number = /^\s*[+-]?\d+/.exec(text);
  if (!number) return { error: 'Empty weight string empty or preceded by garbage' };
  const weight = Number(number[0]);
  const rest = text.slice(number[0].length);
  if (rest === '%') return weight < 0 ? { error: 'Relative weight must be positive.' } : { weight, percent: true };
  if (weight < 0 || weight > 256) return { error: 'Absolute weight can only be between 0 and 256 inclusive.' };
  return rest === '' ? { weight, percent: false } : { error: 'Trailing garbage in weight string' };
}

/** The user weight 0..256 that a request means for a server, or why it is refused. */
export function resolveWeight(
  server: Server,
  request: { readonly weight: number; readonly percent: boolean },
): number | { readonly error: string } {
  let weight = request.weight;
  if (!Number.isInteger(weight)) return { error: 'Empty weight string empty or preceded by garbage' };
  if (request.percent) {
    if (weight < 0) return { error: 'Relative weight must be positive.' };
    weight = Math.min(256, Math.floor((server.initialWeight * Math.min(weight, 25600)) / 100));
  } else if (weight < 0 || weight > 256) return { error: 'Absolute weight can only be between 0 and 256 inclusive.' };
  if (weight !== 0 && weight !== server.initialWeight && !isDynamicBalance(server.proxy)) {
    return { error: "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'." };
  }
  return weight;
}
