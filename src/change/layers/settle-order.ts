import type { Change } from '../change.ts';
import type { Override } from '../journal/journal.ts';

/**
 * Backends before their servers, names before what is set by them, the port of checks before ports that are mapped, certificates and
 * authorities before the lines that name them, what is to be gone last; else as they were made.
 */
export function inOrder(overrides: readonly Override[]): Override[] {
  return overrides.toSorted((a, b) => rank(a) - rank(b) || lineOf(a) - lineOf(b));
}

/** Where a line of a crt-list stood that was added. */
function lineOf({ change }: Override): number {
  return change.kind === 'crt-list.add' ? (change.at ?? 0) : 0;
}

const FIRST: readonly Change['kind'][] = [
  'map.replace',
  'acl.replace',
  'backend.add',
  'server.add',
  'server.name',
  'server.check-addr',
  'trust.new',
  'cert.new',
  'cert.set',
];
const LAST: readonly Change['kind'][] = [
  'server.del',
  'backend.del',
  'crt-list.add',
  'crt-list.del',
  'cert.del',
  'trust.del',
];

function rank({ change: { kind } }: Override): number {
  const last = LAST.indexOf(kind);
  return last >= 0 ? FIRST.length + 1 + last : FIRST.includes(kind) ? FIRST.indexOf(kind) : FIRST.length;
}
