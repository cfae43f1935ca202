import type { Change } from '../../change.ts';
import type { Reader, Words } from './reader.ts';

/** Entries of another generation (`@1`), and those named by where they are in memory (`#0x...`), are no entries that a Change names. */
const SPECIAL = /^[@#]/;

function named(word: string | undefined): word is string {
  return word !== undefined && word !== '' && !word.startsWith('@');
}

function keyed(word: string | undefined): word is string {
  return word !== undefined && word !== '' && !SPECIAL.test(word);
}

/** Lines of a payload: a key, blanks, a value. */
function pairs(payload: string): (readonly [key: string, value: string])[] | null {
  const found: (readonly [string, string])[] = [];
  for (const line of lines(payload)) {
    const [, key, value] = /^[ \t]*(\S+)[ \t]+(.*?)[ \t]*$/.exec(line) ?? [];
    if (key === undefined || value === undefined || value === '') return null;
    found.push([key, value]);
  }
  return found.length === 0 ? null : found;
}

function lines(payload: string): string[] {
  return payload.split(/\r?\n/).filter((line) => line.trim() !== '');
}

const maps: Readonly<Record<string, Reader>> = {
  'add map': ([map, key, value], payload) => {
    if (!named(map)) return null;
    if (payload !== null)
      return pairs(payload)?.map((pair): Change => ({ kind: 'map.add', map, key: pair[0], value: pair[1] })) ?? null;
    return keyed(key) && value !== undefined ? { kind: 'map.add', map, key, value } : null;
  },
  'set map': ([map, key, value]) =>
    named(map) && keyed(key) && value !== undefined ? { kind: 'map.set', map, key, value } : null,
  'del map': ([map, key]) => (named(map) && keyed(key) ? { kind: 'map.del', map, key } : null),
  'clear map': ([map]) => (named(map) ? { kind: 'map.clear', map } : null),
};

const acls: Readonly<Record<string, Reader>> = {
  'add acl': ([acl, pattern], payload) => {
    if (!named(acl)) return null;
    if (payload !== null) {
      const patterns = lines(payload).map((line) => line.trim());
      return patterns.length === 0 ? null : patterns.map((one): Change => ({ kind: 'acl.add', acl, pattern: one }));
    }
    return keyed(pattern) ? { kind: 'acl.add', acl, pattern } : null;
  },
  'del acl': ([acl, pattern]) => (named(acl) && keyed(pattern) ? { kind: 'acl.del', acl, pattern } : null),
  'clear acl': ([acl]) => (named(acl) ? { kind: 'acl.clear', acl } : null),
};

/** `data.gpc0 5 data.gpc1 6`; null when it is something else. */
function tableData(words: Words): Record<string, string> | null {
  const data: Record<string, string> = {};
  if (words.length === 0 || words.length % 2 === 1) return null;
  for (let i = 0; i < words.length; i += 2) {
    const name = /^data\.(.+)$/.exec(words[i]!)?.[1];
    if (name === undefined || name === '__proto__') return null;
    data[name] = words[i + 1]!;
  }
  return data;
}

const tables: Readonly<Record<string, Reader>> = {
  'set table': ([table, word, key, ...rest]) => {
    const data = tableData(rest);
    return table && word === 'key' && key && data ? { kind: 'table.set', table, key, data } : null;
  },
  'clear table': ([table, word, key]) => {
    if (!table) return null;
    if (word === undefined) return { kind: 'table.clear', table, key: null };
    return word === 'key' && key ? { kind: 'table.clear', table, key } : null;
  },
};

/** `/etc/ssl/a.pem [alpn h2] *.example.net`. */
function listLine(line: string): { certificate: string; options: string; filters: string[] } | null {
  const [, certificate, options = '', rest = ''] = /^\s*(\S+)(?:\s+(\[[^\]]*\]))?(?:\s+(.*\S))?\s*$/.exec(line) ?? [];
  return certificate === undefined || rest.includes('[')
    ? null
    : { certificate, options, filters: rest.split(/\s+/).filter((word) => word !== '') };
}

const tls: Readonly<Record<string, Reader>> = {
  'new ssl cert': ([path]) => (path ? { kind: 'cert.new', path, pem: null } : null),
  'del ssl cert': ([path]) => (path ? { kind: 'cert.del', path } : null),
  'add ssl crt-list': ([list, certificate], payload) => {
    if (!list) return null;
    if (payload === null)
      return certificate ? { kind: 'crt-list.add', list, certificate, options: '', filters: [] } : null;
    const all = lines(payload);
    const entry = all.length === 1 ? listLine(all[0]!) : null;
    return entry && { kind: 'crt-list.add', list, ...entry };
  },
  'del ssl crt-list': ([list, entry]) => {
    if (!list || !entry) return null;
    const [, certificate, line] = /^(.*?)(?::(\d{1,9}))?$/s.exec(entry)!;
    return { kind: 'crt-list.del', list, certificate: certificate!, line: line === undefined ? null : Number(line) };
  },
  'set ssl ocsp-response': ([word], payload) => {
    const response = payload === null ? word : payload.replace(/\s/g, '');
    return response ? { kind: 'ocsp.set', response } : null;
  },
  'set ssl tls-key': ([keys, key]) => (keys && key ? { kind: 'ticket-key.set', keys, key } : null),
};

/** Commands about maps, ACLs, stick tables and certificate stores. */
export const storeReaders: Readonly<Record<string, Reader>> = { ...maps, ...acls, ...tables, ...tls };
