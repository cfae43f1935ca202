import { randomBytes } from 'node:crypto';

/** A new id of an operation: `op-`, the date in ms (base 36, so that ids sort by time) and 40 random bits. */
export function newOperationId(now: number = Date.now()): string {
  return `op-${now.toString(36)}${randomBytes(5).toString('hex')}`;
}
