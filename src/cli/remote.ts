import { isServiceAddress } from '../ops/service-address.ts';
import { usageOf } from './sub-commands.ts';
import { UsageError } from './usage-error.ts';

/** The words of `sluice remote URL OPERATION ...` as those of an operation on a target. Throws UsageError. */
export function remoteWords([address, ...words]: readonly string[]): readonly string[] {
  const target = address?.startsWith('unix:') ? `api:${address}` : address;
  if (target === undefined || !isServiceAddress(target) || words.length === 0) throw new UsageError(usageOf('remote'));
  return [...words, '--target', target];
}
