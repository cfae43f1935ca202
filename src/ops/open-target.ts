import { connect } from '../client/index.ts';
import { OperationError } from './errors.ts';
import type { Target } from './target.ts';
import { sluiceTarget } from './targets/sluice.ts';

/** Connects to the load balancer that is meant. Throws OperationError `unreachable`, or a RuntimeClientError. */
export async function openTarget(given: string | null): Promise<Target> {
  const name = given ?? process.env['SLUICE_TARGET'] ?? null;
  if (name === null)
    throw new OperationError(
      'unreachable',
      'which load balancer is meant is not said; name its socket with --target or SLUICE_TARGET',
    );
  return sluiceTarget(name, await connect(name));
}
