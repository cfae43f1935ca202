/** Where Changes of backends, frontends and the whole process are kept. */

import { type Files, locate, placeOf } from '../../config/edit/places.ts';
import type { ChangeKind, ChangeOf } from '../change.ts';
import type { Keeping, KeptRows } from '../kept.ts';
import { edited, inConfiguration, notKept, onceOnly } from './row.ts';

function keepAdded({ backend, from, mode, guid }: ChangeOf<'backend.add'>): Keeping {
  return edited({
    op: 'section.append',
    title: ['backend', backend, 'from', from],
    statements: [...(mode === null ? [] : [['mode', mode]]), ...(guid === null ? [] : [['guid', guid]])],
  });
}

export const backendRows: KeptRows<Extract<ChangeKind, `backend.${string}`>> = {
  'backend.add': inConfiguration('a `backend` section at the end of the last file; there it is published', keepAdded),
  'backend.del': inConfiguration('the `backend` section is taken away', ({ backend }) =>
    edited({ op: 'section.remove', section: { kind: 'backend', name: backend } }),
  ),
  'backend.publish': inConfiguration('`be-unpublished` in the section', ({ backend, published }) => {
    const line = { section: { kind: 'backend', name: backend }, keyword: 'be-unpublished' };
    return edited(published ? { op: 'statement.unset', ...line } : { op: 'statement.set', ...line, values: [] });
  }),
  'backend.dynamic-cookie': inConfiguration("`dynamic` on the section's `cookie` line", ({ backend, enabled }) =>
    edited({
      op: 'statement.word',
      section: { kind: 'backend', name: backend },
      keyword: 'cookie',
      word: 'dynamic',
      on: enabled,
    }),
  ),
  'backend.dynamic-cookie-key': inConfiguration('`dynamic-cookie-key` in the section', ({ backend, key }) =>
    edited({
      op: 'statement.set',
      section: { kind: 'backend', name: backend },
      keyword: 'dynamic-cookie-key',
      values: [key],
    }),
  ),
};

function keepFrontendState({ frontend, to }: ChangeOf<'frontend.state'>, files: Files): Keeping {
  const section = { kind: 'frontend', name: frontend };
  const place = placeOf(files, section);
  if (!('text' in place) && place.section.kind === 'listen' && to !== 'enabled') {
    const at = locate(files, place.document, place.section.start);
    const text = `'disabled' in section 'listen ${frontend}' would take its servers out as well`;
    return { in: 'no file', problem: { at, text } };
  }
  return edited({ op: 'section.disabled', section, on: to !== 'enabled' });
}

export const frontendRows: KeptRows<Extract<ChangeKind, `frontend.${string}`>> = {
  'frontend.state': inConfiguration(
    '`disabled` in the section; not in a `listen` section, whose servers it would take out as well',
    keepFrontendState,
  ),
  'frontend.maxconn': inConfiguration('`maxconn` in the section', ({ frontend, maxconn }) =>
    edited({
      op: 'statement.set',
      section: { kind: 'frontend', name: frontend },
      keyword: 'maxconn',
      values: [String(maxconn)],
    }),
  ),
};

const GLOBAL = { kind: 'global', name: '' };

const RATE_KEYWORDS: Readonly<Record<ChangeOf<'global.rate-limit'>['what'], string>> = {
  connections: 'maxconnrate',
  sessions: 'maxsessrate',
  'ssl-sessions': 'maxsslrate',
  'http-compression': 'maxcomprate',
};

function keepGlobalMaxconn({ maxconn }: ChangeOf<'global.maxconn'>): Keeping {
  return maxconn > 0
    ? edited({ op: 'statement.set', section: GLOBAL, keyword: 'maxconn', values: [String(maxconn)] })
    : edited();
}

function keepRateLimit({ what, limit }: ChangeOf<'global.rate-limit'>): Keeping {
  const keyword = RATE_KEYWORDS[what];
  if (limit === 0) return edited({ op: 'statement.unset', section: GLOBAL, keyword });
  return edited({ op: 'statement.set', section: GLOBAL, keyword, values: [String(limit)] });
}

function keepVariable({ name, value }: ChangeOf<'var.set'>, files: Files): Keeping {
  const formats = files.documents.flatMap(({ lines }) =>
    lines.filter(({ words }) => words[0] === 'set-var-fmt' && words[1] === name),
  );
  if (formats.length > 0) return notKept(`variable '${name}' has a 'set-var-fmt' line: edit it by hand`);
  const keyword = `set-var ${name}`;
  if (value === null) return edited({ op: 'statement.unset', section: GLOBAL, keyword });
  const expression = expressionOf(value.type, String(value.value));
  if (expression === null) return notKept(`the value of variable '${name}' cannot be written as an expression`);
  return edited({ op: 'statement.set', section: GLOBAL, keyword, values: [expression] });
}

/** A constant as a sample expression (manual, section 7.3.1); null for one that cannot be written without quotes in it. */
function expressionOf(type: string, value: string): string | null {
  if (type === 'sint' || type === 'int') return `int(${value})`;
  if (type === 'bool') return `bool(${value})`;
  if (type === 'ipv4' || type === 'ipv6') return `${type}(${value})`;
  return type === 'str' && /^[\w ./:@%+=!?;-]+$/.test(value) ? `str(${value})` : null;
}

const ONCE = 'it is done once: nothing of it is left to keep';

type ProcessKind = Extract<
  ChangeKind,
  | `global.${string}`
  | `session${string}`
  | 'counters.clear'
  | 'var.set'
  | 'config.reload'
  | 'mmdb.reload'
  | 'lease.confirm'
  | 'fleet.operation'
  | 'runtime.command'
>;

export const processRows: KeptRows<ProcessKind> = {
  'global.maxconn': inConfiguration(
    '`maxconn` in `global`; 0 goes back to what the file says, so that nothing is written',
    keepGlobalMaxconn,
  ),
  'global.rate-limit': inConfiguration(
    '`maxconnrate`, `maxsessrate`, `maxsslrate`, `maxcomprate` in `global`',
    keepRateLimit,
  ),
  'session.kill': onceOnly(ONCE),
  'sessions.kill-server': onceOnly(ONCE),
  'counters.clear': onceOnly(ONCE),
  'var.set': inConfiguration('`set-var` in `global`', keepVariable),
  'config.reload': onceOnly('it reads the files, and has nothing to write to them'),
  'mmdb.reload': onceOnly('it reads a file, and has nothing to write to it'),
  'lease.confirm': onceOnly('it ends a lease: what the lease was on is kept by itself'),
  'fleet.operation': onceOnly('it records an operation on several load balancers: what was made on each is kept there'),
  'runtime.command': onceOnly('what a command does that no other kind stands for is not known'),
};
