import type { ChangeOf } from '../../change.ts';
import type { Live } from '../live.ts';
import {
  badKey,
  badName,
  contentNow,
  contentText,
  durablePatterns,
  entries,
  lacksPatterns,
  patternLevel,
  replaceAll,
  valuesOf,
} from '../patterns.ts';
import { plain } from '../plain.ts';
import { CONTENT, EVERYWHERE, type RemoteRow } from '../row.ts';
import type { Command } from '../wire.ts';

const COMMON = { ...EVERYWHERE, level: patternLevel } as const;

async function presence({ acl, pattern }: { readonly acl: string; readonly pattern: string }, live: Live) {
  return (await valuesOf('acl', acl, pattern, live)).length > 0 ? 'present' : 'absent';
}

async function problem(change: { readonly acl: string; readonly pattern: string }, live: Live): Promise<string | null> {
  return (await lacksPatterns('acl', change.acl, live)) ?? badName(change.pattern);
}

/** `add acl`. HAProxy would take a pattern a second time. */
export const aclAdd: RemoteRow<ChangeOf<'acl.add'>> = {
  ...COMMON,
  async problem(change, live) {
    const found = await problem(change, live);
    if (found) return found;
    const there = (await presence(change, live)) === 'present';
    return there ? `${change.acl} has the pattern '${change.pattern}' already` : null;
  },
  read: presence,
  after: async () => 'present',
  commands: async ({ acl, pattern }) => [{ words: ['add', 'acl', acl, pattern] }],
  inverse: async ({ acl, pattern }) => ({ kind: 'acl.del', acl, pattern }),
  durable: ({ acl, pattern }, live) => durablePatterns('acl', acl, `key ${pattern}`, live),
};

/** `del acl`. */
export const aclDel: RemoteRow<ChangeOf<'acl.del'>> = {
  ...COMMON,
  async problem(change, live) {
    const found = await problem(change, live);
    if (found) return found;
    return (await presence(change, live)) === 'absent' ? `${change.acl} has no pattern '${change.pattern}'` : null;
  },
  read: presence,
  after: async () => 'absent',
  commands: async ({ acl, pattern }) => [{ words: ['del', 'acl', acl, pattern] }],
  inverse: async ({ acl, pattern }) => ({ kind: 'acl.add', acl, pattern }),
  durable: ({ acl, pattern }, live) => durablePatterns('acl', acl, `key ${pattern}`, live),
};

/** `clear acl`. */
export const aclClear: RemoteRow<ChangeOf<'acl.clear'>> = {
  ...COMMON,
  problem: ({ acl }, live) => lacksPatterns('acl', acl, live),
  read: ({ acl }, live) => contentNow('acl', acl, live),
  after: async () => '0 patterns',
  commands: async ({ acl }) => [{ words: ['clear', 'acl', acl] }],
  inverse: async ({ acl }, live) => ({ kind: 'acl.replace', acl, patterns: await entries('acl', acl, live) }),
  durable: ({ acl }, live) => durablePatterns('acl', acl, CONTENT, live),
};

/** `prepare acl`, `add acl @version`, `commit acl`. There is no payload for ACLs. */
export const aclReplace: RemoteRow<ChangeOf<'acl.replace'>> = {
  ...COMMON,
  async problem({ acl, patterns }, live) {
    for (const pattern of plain(patterns)) {
      const found = badKey(pattern);
      if (found) return found;
    }
    return lacksPatterns('acl', acl, live);
  },
  read: ({ acl }, live) => contentNow('acl', acl, live),
  after: async ({ patterns }) => contentText('acl', plain(patterns), plain(patterns).length),
  commands: async ({ acl, patterns }) => [
    { words: ['prepare', 'acl', acl] },
    ...additions(acl, '@<version>', plain(patterns)),
    { words: ['commit', 'acl', '@<version>', acl] },
  ],
  run: ({ acl, patterns }, _live, wire) =>
    replaceAll('acl', acl, wire, (generation) => additions(acl, generation, plain(patterns))),
  inverse: async ({ acl }, live) => ({ kind: 'acl.replace', acl, patterns: await entries('acl', acl, live) }),
  durable: ({ acl }, live) => durablePatterns('acl', acl, CONTENT, live),
};

function* additions(acl: string, generation: string, patterns: readonly string[]): Generator<Command> {
  for (const pattern of patterns) yield { words: ['add', 'acl', generation, acl, pattern] };
}
