/** Keywords of `crt-store` sections (manual, section 3.12). */

import { isIP } from 'node:net';
import type { Draft } from '../draft.ts';
import type { Line } from '../line.ts';
import { didYouMean } from '../suggest.ts';
import { basedPath } from '../tls.ts';
import type { CrtStoreConfig } from '../types.ts';
import { wordArgument } from './arguments.ts';
import { type Keyword, KeywordTable, works } from './table.ts';

/** A `crt-store` while it is read. */
export interface CrtStoreDraft {
  readonly store: Draft<CrtStoreConfig>;
  crtBase: string | null;
  keyBase: string | null;
}

const LOAD_WORDS = ['crt', 'key', 'ocsp', 'issuer', 'sctl', 'alias', 'ocsp-update', 'acme', 'domains'] as const;

type LoadWord = (typeof LOAD_WORDS)[number];

function parseLoad(line: Line, { store, crtBase, keyBase }: CrtStoreDraft): void {
  const found: Partial<Record<LoadWord, string>> = {};
  const begin = `'load' in section 'crt-store'`;
  for (let i = 1; i < line.words.length; i += 2) {
    const word = line.word(i);
    const name = LOAD_WORDS.find((known) => known === word);
    if (name === undefined) {
      if (word === 'jwt') return line.alert(`'${word}' is not supported on 'load' lines. Take it out.`);
      return line.alert(
        `'load ${word}' in section 'crt-store': unknown keyword '${word}'${didYouMean(word, LOAD_WORDS)}`,
      );
    }
    if (line.word(i + 1) === '') return line.alert(`${begin}: '${word}' expects a value.`);
    found[name] = line.word(i + 1);
  }
  const { global } = line.context.config;
  const load = loadOf(line, begin, found, {
    crt: crtBase ?? global.crtBase,
    key: keyBase ?? global.tls.keyBase,
    store: store.name,
  });
  if (load !== null) store.loads.push(load);
}

/** What words say of a certificate and its files; null when there is something wrong, which is told with `begin` in front. */
export function loadOf(
  line: Line,
  begin: string,
  found: Partial<Record<LoadWord, string>>,
  folders: { readonly crt: string | null; readonly key: string | null; readonly store: string },
): Draft<CrtStoreConfig>['loads'][number] | null {
  const bad = (text: string) => line.alert(text) ?? null;
  const { crt, alias, acme, domains } = found;
  if (crt === undefined) return bad(`${begin}: mandatory 'crt' parameter not found.`);
  const update = found['ocsp-update'];
  if (update !== undefined && update !== 'on' && update !== 'off')
    return bad(`cannot parse 'ocsp-update' value '${update}', 'on' or 'off' is expected.`);
  if (alias?.includes('/')) return bad(`${begin}: the alias '${alias}' has a '/' in it; use another name.`);
  if ((acme === undefined) !== (domains === undefined)) return bad(`${begin}: 'acme' and 'domains' need each other.`);
  const strange = domains?.split(',').find((one) => !isOrderable(one));
  if (strange !== undefined) return bad(`${begin}: '${strange}' in 'domains' is no name and no address.`);
  const file = (path: string | undefined) => (path === undefined ? null : basedPath(folders.crt, path));
  const path = basedPath(folders.crt, crt);
  return {
    at: line.at,
    path: alias === undefined ? path : `@${folders.store}/${alias}`,
    also: alias === undefined && folders.store !== '' ? `@${folders.store}/${crt}` : null,
    crt: path,
    key: found.key === undefined ? null : basedPath(folders.key, found.key),
    ocsp: file(found.ocsp),
    issuer: file(found.issuer),
    sctl: file(found.sctl),
    ocspUpdate: update === undefined ? null : update === 'on',
    acme: acme === undefined ? null : { section: acme, domains: domains!.toLowerCase().split(',') },
  };
}

/** What an ACME server may be asked for: a host name, `*.` and one, or an address. */
function isOrderable(text: string): boolean {
  return (
    isIP(text) !== 0 || /^(\*\.)?([a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?\.)*[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i.test(text)
  );
}

function storeFolder(name: string, key: 'crtBase' | 'keyBase'): Keyword<CrtStoreDraft> {
  return works<CrtStoreDraft>(name, '<directory>', (line, draft) => {
    const value = wordArgument(line, 'a directory path');
    if (value === null) return;
    if (draft.store.loads.length > 0)
      return line.alert(`'${name}' must stand before the first 'load' line of its section.`);
    draft[key] = value;
  });
}

export const CRT_STORE_KEYWORDS = new KeywordTable<CrtStoreDraft>([
  storeFolder('crt-base', 'crtBase'),
  storeFolder('key-base', 'keyBase'),
  works<CrtStoreDraft>(
    'load',
    'crt <file> [key <file>] [ocsp <file>] [issuer <file>] [sctl <file>] [alias <name>] [ocsp-update {on|off}] [acme <section> domains <name>[,...]]',
    parseLoad,
  ),
]);
