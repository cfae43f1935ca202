import type { Change } from '../change.ts';

/**
 * Changes in their order, in groups of such as are about different things: within a group, what one does alters nothing that another one looks at.
 */
export function independentGroups(changes: readonly Change[]): Change[][] {
  const groups: Change[][] = [];
  let seen = new Map<string, Set<string>>();
  let alone = true;
  for (const change of changes) {
    const [object, part] = subject(change);
    const parts = seen.get(object);
    // Which name stands behind a number is not looked up here.
    const numbered = /(^| )#\d+$/.test(object) || /^#\d+$/.test(part);
    if (alone || numbered || (parts && (part === WHOLE || parts.has(WHOLE) || parts.has(part)))) {
      groups.push([]);
      seen = new Map();
    }
    alone = numbered;
    groups.at(-1)!.push(change);
    seen.set(object, (seen.get(object) ?? new Set()).add(part));
  }
  return groups;
}

const WHOLE = '*';

/** What a Change is about: an object, and which part of it. */
function subject(change: Change): readonly [object: string, part: string] {
  if ('scope' in change) return ['counters', WHOLE];
  if ('backend' in change) return [`backend ${change.backend}`, 'server' in change ? change.server : WHOLE];
  if ('frontend' in change) return [`frontend ${change.frontend}`, WHOLE];
  if ('map' in change) return [`map ${change.map}`, 'key' in change ? change.key : WHOLE];
  if ('acl' in change) return [`acl ${change.acl}`, 'pattern' in change ? change.pattern : WHOLE];
  if ('table' in change) return [`table ${change.table}`, change.key ?? WHOLE];
  // Certificates, crt-lists and keys are about each other; so may be what is of the process.
  return [change.kind.slice(0, change.kind.indexOf('.')).replace(/^(cert|crt-list|ocsp|ticket-key)$/, 'tls'), WHOLE];
}
