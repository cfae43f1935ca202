import type { Group, Operation } from './operation.ts';
import { drain } from './operations/drain.ts';
import { frontendDisable, frontendEnable, frontendMaxconn } from './operations/frontend.ts';
import { maint } from './operations/maint.ts';
import { ready } from './operations/ready.ts';
import { status } from './operations/status.ts';
import { weight } from './operations/weight.ts';

/** Every operation, in the order of help and reference. */
export const OPERATIONS: readonly Operation[] = [
  status,
  drain,
  maint,
  ready,
  weight,
  frontendDisable,
  frontendEnable,
  frontendMaxconn,
];

/** Headings of the groups, in their order. */
export const GROUPS: Readonly<Record<Group, string>> = {
  looking: 'Looking',
  servers: 'Servers',
  traffic: 'Traffic',
  frontends: 'Frontends',
  sessions: 'Sessions',
  journal: 'Taking back',
};

/** The operation that the words begin with, and the words behind its name; null when there is none. Longer names are found first. */
export function findOperation(
  words: readonly string[],
): { readonly operation: Operation; readonly args: readonly string[] } | null {
  const byLength = [...OPERATIONS].sort((a, b) => b.name.split(' ').length - a.name.split(' ').length);
  for (const operation of byLength) {
    const name = operation.name.split(' ');
    if (name.every((word, i) => words[i] === word)) return { operation, args: words.slice(name.length) };
  }
  return null;
}
