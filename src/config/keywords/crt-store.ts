/** Keywords of `crt-store` sections (manual, section 3.12). */

import { CRT_STORE_WORDS, type CrtStoreSettings, crtStoreProblem, crtStoreSettings } from '../crt-store-words.ts';
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

const LOAD_WORDS = ['crt', 'alias', ...CRT_STORE_WORDS] as const;

function parseLoad(line: Line, { store, crtBase, keyBase }: CrtStoreDraft): void {
  const found: Partial<Record<(typeof LOAD_WORDS)[number], string>> = {};
  const begin = `'load' in section 'crt-store': `;
  for (let i = 1; i < line.words.length; i += 2) {
    const word = line.word(i);
    const name = LOAD_WORDS.find((known) => known === word);
    if (name === undefined)
      return line.alert(
        `'load ${word}' in section 'crt-store': unknown keyword '${word}'${didYouMean(word, LOAD_WORDS)}`,
      );
    if (line.word(i + 1) === '') return line.alert(`${begin}'${word}' expects a value.`);
    found[name] = line.word(i + 1);
  }
  const { crt, alias, ...words } = found;
  if (crt === undefined) return line.alert(`${begin}mandatory 'crt' parameter not found.`);
  const problem = crtStoreProblem(words, begin);
  if (problem !== null) return line.alert(`${problem}.`);
  if (alias?.includes('/')) return line.alert(`${begin}the alias '${alias}' has a '/' in it; use another name.`);
  const { global } = line.context.config;
  const folders = { crtBase: crtBase ?? global.crtBase, keyBase: keyBase ?? global.tls.keyBase };
  const path = basedPath(folders.crtBase, crt);
  store.loads.push({
    at: line.at,
    path: alias === undefined ? path : `@${store.name}/${alias}`,
    also: alias === undefined && store.name !== '' ? `@${store.name}/${crt}` : null,
    crt: path,
    words,
    ...(crtStoreSettings(words, folders) as Draft<CrtStoreSettings>),
  });
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
    'crt <file> [key <file>] [ocsp <file>] [issuer <file>] [sctl <file>] [alias <name>] [ocsp-update {on|off}] [jwt {on|off}] [acme <section> domains <name>[,...]]',
    parseLoad,
  ),
]);
