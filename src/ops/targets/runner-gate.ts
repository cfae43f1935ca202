import { existsSync } from 'node:fs';
import type { Gate } from '../../change/policy/gate.ts';
import { groupsOf } from '../../util/accounts.ts';
import { sudoUser } from '../../util/sudo.ts';
import { OperationError } from '../errors.ts';

/** Where the policy of a machine is. */
const USUAL = '/etc/sluice/policy.yaml';

/**
 * The policy that runners on this machine enforce: the file that SLUICE_POLICY names, else the one at the usual place; null when there is
 * none. Behind sudo the environment does not count: it may be the user's. Throws OperationError when the file cannot be used.
 */
export async function runnerGate(): Promise<Gate | null> {
  const named = sudoUser() !== null ? undefined : process.env['SLUICE_POLICY'];
  if (named === undefined && !existsSync(USUAL)) return null;
  // YAML and schema are loaded only where there is a policy.
  const { policyInForce } = await import('../../change/policy/in-force.ts');
  const found = policyInForce(named ?? USUAL, groupsOf);
  if ('problems' in found)
    throw new OperationError('failed', `the policy cannot be used: ${found.problems.join('; ')}`);
  return found.gate;
}
