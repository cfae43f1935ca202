import { isDeepStrictEqual } from 'node:util';
import { readCrtListOption } from '../crt-list-options.ts';
import type { Draft, ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { TlsOptions } from '../types.ts';
import { loadOf } from './crt-store.ts';

/** Words about files, as on `load` lines. */
const FILES = ['crt', 'key', 'ocsp', 'issuer', 'sctl', 'ocsp-update', 'acme', 'domains'] as const;

/** With one of these the certificate is loaded as a `load` line says; else it is a file, a folder's file or what a crt-store has. */
const LOADED = ['key', 'ocsp', 'issuer', 'sctl', 'acme'] as const;

/** `ssl-f-use crt <file> [options]`: a certificate of all `ssl` bind lines of the section (manual, section 4.2). */
export function parseSslUse(line: Line, proxy: ProxyDraft): void {
  const { config } = line.context;
  const { global } = config;
  const found: Partial<Record<(typeof FILES)[number], string>> = {};
  const options: Partial<Draft<TlsOptions>> = {};
  for (let i = 1; i < line.words.length; ) {
    const word = line.word(i);
    const name = FILES.find((known) => known === word);
    if (name !== undefined) {
      if (found[name] !== undefined) return line.alert(`'${word}' already specified, aborting.`);
      if (line.word(i + 1) === '') return line.alert(`'ssl-f-use': '${word}' expects a value.`);
      found[name] = line.word(i + 1);
      i += 2;
      continue;
    }
    const read = readCrtListOption(options, line.words, i, global.caBase);
    if (read === null) return line.alert(`unknown crt keyword '${word}'`);
    if ('error' in read)
      return line.alert(
        read.error.startsWith('ssl args') ? `'ssl-f-use': '${word}' expects a value.` : `${read.error}.`,
      );
    i += read.taken;
  }
  const load = loadOf(line, "'ssl-f-use'", found, { crt: global.crtBase, key: global.tls.keyBase, store: '' });
  if (load === null) return;
  if (LOADED.some((name) => found[name] !== undefined) && !takeLoad(line, load)) return;
  proxy.config.sslUses.push({
    at: line.at,
    certificate: load.path,
    options: Object.keys(options).length === 0 ? null : options,
    ocspUpdate: load.ocspUpdate,
  });
}

/** Several lines may name a certificate, with the same files; false, and told, where they are others. */
function takeLoad(line: Line, load: NonNullable<ReturnType<typeof loadOf>>): boolean {
  const { crtStores } = line.context.config;
  const known = crtStores.flatMap(({ loads }) => loads).find(({ path }) => path === load.path);
  if (known === undefined) {
    crtStores.push({ name: '', at: line.at, loads: [load] });
    return true;
  }
  if (isDeepStrictEqual({ ...known, at: null }, { ...load, at: null })) return true;
  line.alert(
    `'ssl-f-use': '${load.path}' is already defined with incompatible parameters at ${known.at.file}:${known.at.line}.`,
  );
  return false;
}

/** Has the `ssl` bind lines of a section show the certificates of its `ssl-f-use` lines: a crt-list with the section's name. */
export function applySslUses({ config }: ProxyDraft): void {
  if (config.sslUses.length === 0) return;
  const list = `@${config.name}`;
  for (const { tls } of config.binds) if (tls !== null && !tls.crtLists.includes(list)) tls.crtLists.push(list);
}
