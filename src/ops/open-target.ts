import { addressText, parseAddress } from '../client/address.ts';
import { connect } from '../client/index.ts';
import { OperationError } from './errors.ts';
import type { Target } from './target.ts';
import { openHaproxyTarget } from './targets/open-haproxy.ts';
import { sluiceTarget } from './targets/sluice.ts';

/** Connects to the load balancer that is meant. Throws OperationError `unreachable`, or a RuntimeClientError. */
export async function openTarget(given: string | null): Promise<Target> {
  const name = given ?? process.env['SLUICE_TARGET'] ?? null;
  if (name === null)
    throw new OperationError(
      'unreachable',
      'which load balancer is meant is not said; name its socket with --target or SLUICE_TARGET',
    );
  const client = await connect(name);
  if (client.product === 'sluice') return sluiceTarget(name, client);
  // However it was written: what is recorded of it is found again.
  const address = addressText(parseAddress(name));
  return openHaproxyTarget(address, address, client);
}
