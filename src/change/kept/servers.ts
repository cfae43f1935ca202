/** Where Changes of servers are kept. */

import { isIP } from 'node:net';
import type { Edit } from '../../config/edit/edit.ts';
import { defaultServerLines } from '../../config/edit/inherited.ts';
import { type Files, locate, placeOf, placeText } from '../../config/edit/places.ts';
import { serverLine } from '../../config/edit/server-lines.ts';
import { serverValue } from '../../config/edit/server-values.ts';
import type { ChangeKind, ChangeOf } from '../change.ts';
import type { Keeping, KeptRows } from '../kept.ts';
import { IN_MEMORY } from '../memory-only.ts';
import { edited, inConfiguration, inMemory, notKept } from './row.ts';

type ServerKind = Extract<ChangeKind, `server.${string}`>;

/** A parameter with a value: set, or taken off the line for null. */
function parameter(change: { backend: string; server: string }, keyword: string, value: string | null): Edit {
  const { backend, server } = change;
  if (value === null) return { op: 'server.unset', backend, server, keyword };
  return { op: 'server.set', backend, server, keyword, value };
}

function flag(change: { backend: string; server: string }, keyword: string, on: boolean): Edit {
  return { op: 'server.flag', backend: change.backend, server: change.server, keyword, on };
}

/** Weight that the files give a server; null where that cannot be told. */
function weightInFile(files: Files, change: ChangeOf<'server.weight'>): number | null {
  const found = serverLine(files, change);
  if ('text' in found) return null;
  const value = serverValue(files, found, 'weight');
  if (value !== null) return /^\d{1,3}$/.test(value) ? Number(value) : null;
  // No value may be the default of 1, or one that depends on the environment.
  const lines = [
    found.line.words.map(({ text }) => text),
    ...defaultServerLines(files, found.place, found.index).map(({ words }) => words),
  ];
  return lines.some((words) => words.includes('weight') || words.some((word) => word.startsWith('$'))) ? null : 1;
}

function keepWeight(change: ChangeOf<'server.weight'>, files: Files, running: Files): Keeping {
  if (!change.percent) return edited(parameter(change, 'weight', String(change.weight)));
  const isNew = 'text' in serverLine(running, change);
  const before = weightInFile(isNew ? files : running, change);
  if (before === null) {
    const found = serverLine(files, change);
    if ('text' in found) return { in: 'no file', problem: found };
    return notKept(
      `the weight of server '${change.server}' in the file is not known, so neither is ${change.weight}% of it`,
    );
  }
  const weight = Math.min(256, Math.floor((before * change.weight) / 100));
  return edited(parameter(change, 'weight', String(weight)));
}

/** Where checks go: `''` and 0 take the keyword off the line. */
function keepTarget(
  change: ChangeOf<'server.check-addr' | 'server.agent-addr'>,
  [addr, port]: readonly [addr: string, port: string],
  files: Files,
): Keeping {
  const found = serverLine(files, change);
  if ('text' in found) return { in: 'no file', problem: found };
  const before = serverValue(files, found, addr) ?? '';
  if (change.addr !== null && isIP(before) === 0 && /:\d+$/.test(before)) {
    const at = locate(files, found.place.document, found.index);
    return { in: 'no file', problem: { at, text: `'${addr} ${before}' has a port in it: edit the line by hand` } };
  }
  return edited(
    ...(change.addr === null ? [] : [parameter(change, addr, change.addr === '' ? null : change.addr)]),
    ...(change.port === null ? [] : [parameter(change, port, change.port === 0 ? null : String(change.port))]),
  );
}

function keepAdded(change: ChangeOf<'server.add'>, files: Files): Keeping {
  const { backend, server, addr, from, words } = change;
  const own = from === 'be:' || from === `be:${backend}`;
  if (from !== null && from !== 'none' && !own)
    return notKept(
      `server '${server}' takes its settings from '${from}', which a line in the file cannot: write them out`,
    );
  const append: Edit = {
    op: 'server.append',
    backend,
    server,
    address: addr,
    words: words.includes('disabled') ? words : [...words, 'disabled'],
  };
  const place = placeOf(files, { kind: 'backend', name: backend });
  const defaults = 'text' in place || own ? [] : defaultServerLines(files, place, place.section.end);
  const notes = defaults.map(
    ({ document, index }) =>
      `the 'default-server' at ${placeText(locate(files, document, index))} applies to the line of server '${server}', and did not to the server that was added`,
  );
  return { in: 'configuration', edits: [append], notes };
}

export const serverRows: KeptRows<ServerKind> = {
  'server.state': inConfiguration(
    '`disabled` on the `server` line for maintenance, without it for ready; drain is in memory only',
    (change) =>
      change.to === 'drain'
        ? { in: 'memory', why: 'a server cannot drain by what a file says: it is ready again after a restart' }
        : edited(flag(change, 'disabled', change.to === 'maint')),
  ),
  'server.weight': inConfiguration(
    '`weight` on the `server` line; percent of what the file says, as a number',
    keepWeight,
  ),
  'server.health': inMemory(IN_MEMORY['server.health']),
  'server.agent': inMemory(IN_MEMORY['server.agent']),
  'server.addr': inConfiguration('the address on the `server` line', (change) =>
    edited({
      op: 'server.address',
      backend: change.backend,
      server: change.server,
      host: change.addr,
      port: change.port,
    }),
  ),
  'server.fqdn': inConfiguration('the name in place of the address on the `server` line', (change) =>
    edited({ op: 'server.address', backend: change.backend, server: change.server, host: change.fqdn, port: null }),
  ),
  'server.check-addr': inConfiguration('`addr` and `port` on the `server` line', (change, files) =>
    keepTarget(change, ['addr', 'port'], files),
  ),
  'server.agent-addr': inConfiguration('`agent-addr` and `agent-port` on the `server` line', (change, files) =>
    keepTarget(change, ['agent-addr', 'agent-port'], files),
  ),
  'server.agent-send': inConfiguration('`agent-send` on the `server` line', (change) =>
    edited(parameter(change, 'agent-send', change.send === '' ? null : change.send)),
  ),
  'server.name': inConfiguration('the name on the `server` line', ({ backend, server, name }) =>
    edited({ op: 'server.rename', backend, server, name }),
  ),
  'server.ssl': inConfiguration('`ssl` on the `server` line', (change) => edited(flag(change, 'ssl', change.enabled))),
  'server.maxconn': inConfiguration('`maxconn` on the `server` line', (change) =>
    change.maxconn < 0
      ? notKept(`a 'maxconn' of ${change.maxconn} cannot be written in a file`)
      : edited(parameter(change, 'maxconn', String(change.maxconn))),
  ),
  'server.checks': inConfiguration('`check` or `agent-check` on the `server` line', (change) =>
    edited(flag(change, change.which === 'health' ? 'check' : 'agent-check', change.enabled)),
  ),
  'server.add': inConfiguration(
    'a `server` line after the last one of the section, with `disabled` as in memory',
    keepAdded,
  ),
  'server.del': inConfiguration('the `server` line is taken away', ({ backend, server }) =>
    edited({ op: 'server.remove', backend, server }),
  ),
};
