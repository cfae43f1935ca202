import type { ChangeOf } from '../../change.ts';
import { oneOf, type Reader, serverPath, wholeNumber } from './reader.ts';

function frontendState(to: ChangeOf<'frontend.state'>['to']): Reader {
  return ([frontend]) => (frontend ? { kind: 'frontend.state', frontend, to } : null);
}

function dynamicCookie(enabled: boolean): Reader {
  return ([what, backend]) =>
    what === 'backend' && backend ? { kind: 'backend.dynamic-cookie', backend, enabled } : null;
}

/** Commands about frontends, and about the cookies of backends. */
export const frontendReaders: Readonly<Record<string, Reader>> = {
  'enable frontend': frontendState('enabled'),
  'disable frontend': frontendState('disabled'),
  'shutdown frontend': frontendState('shutdown'),
  'set maxconn frontend': ([frontend, word]) => {
    const maxconn = wholeNumber(word);
    return frontend && maxconn !== null ? { kind: 'frontend.maxconn', frontend, maxconn } : null;
  },
  'enable dynamic-cookie': dynamicCookie(true),
  'disable dynamic-cookie': dynamicCookie(false),
  'set dynamic-cookie-key': ([what, backend, key]) =>
    what === 'backend' && backend && key ? { kind: 'backend.dynamic-cookie-key', backend, key } : null,
};

/** Commands about the process. */
export const processReaders: Readonly<Record<string, Reader>> = {
  'set maxconn global': ([word]) => {
    const maxconn = wholeNumber(word);
    return maxconn === null ? null : { kind: 'global.maxconn', maxconn };
  },
  'set rate-limit': ([word, where, digits]) => {
    const what = oneOf(word, ['connections', 'sessions', 'ssl-sessions', 'http-compression']);
    const limit = wholeNumber(digits);
    return what && where === 'global' && limit !== null ? { kind: 'global.rate-limit', what, limit } : null;
  },
  'set var': ([name, word, ...more]) => {
    const value = more.length === 0 ? constant(word ?? '') : null;
    if (!name || !value) return null;
    return { kind: 'var.set', name, value };
  },
};

/** The value of an expression that is a constant; null for any other. */
function constant(expression: string): ChangeOf<'var.set'>['value'] {
  const [, type, inner] = /^(str|int|bool|ipv4|ipv6)\((.*)\)$/s.exec(expression) ?? [];
  if (type === undefined || inner === undefined) return null;
  if (type === 'str') {
    // Between single quotes; one within stands as '"'"'.
    const quoted = /^'(.*)'$/s.exec(inner)?.[1]?.replaceAll(`'"'"'`, '\0');
    if (quoted !== undefined) return quoted.includes("'") ? null : { type, value: quoted.replaceAll('\0', "'") };
    return /^[\w.:/ -]*$/.test(inner) ? { type, value: inner } : null;
  }
  if (type === 'int') return /^-?\d{1,15}$/.test(inner) ? { type: 'sint', value: Number(inner) } : null;
  if (type === 'bool') return /^(true|false)$/.test(inner) ? { type, value: inner === 'true' } : null;
  return /^[\da-fA-F.:]+$/.test(inner) ? { type, value: inner } : null;
}

/** Commands that do something once. */
export const oneShotReaders: Readonly<Record<string, Reader>> = {
  'shutdown session': ([id]) => (id ? { kind: 'session.kill', id } : null),
  'shutdown sessions server': ([path]) => {
    const name = serverPath(path);
    return name && { kind: 'sessions.kill-server', ...name };
  },
  'clear counters': ([what, path]) => {
    if (what === undefined) return { kind: 'counters.clear', scope: 'maxima' };
    if (what === 'all') return { kind: 'counters.clear', scope: 'all' };
    const scope = what === 'server' ? serverPath(path) : null;
    return scope && { kind: 'counters.clear', scope };
  },
};
