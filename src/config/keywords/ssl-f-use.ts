import { readCrtListOption } from '../crt-list-options.ts';
import { type CrtStoreWords, crtStoreProblem, isCrtStoreWord } from '../crt-store-words.ts';
import type { Draft, ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import { basedPath } from '../tls.ts';
import type { TlsOptions } from '../types.ts';

/** `ssl-f-use crt <file> [options]`: a certificate of all `ssl` bind lines of the section (manual, section 4.2). */
export function parseSslUse(line: Line, proxy: ProxyDraft): void {
  const { global } = line.context.config;
  const begin = "'ssl-f-use': ";
  const words: Draft<CrtStoreWords> = {};
  let crt: string | null = null;
  const options: Partial<Draft<TlsOptions>> = {};
  for (let i = 1; i < line.words.length; ) {
    const word = line.word(i);
    if (word === 'crt' || isCrtStoreWord(word)) {
      if (word === 'crt' ? crt !== null : words[word] !== undefined)
        return line.alert(`'${word}' already specified, aborting.`);
      if (line.word(i + 1) === '') return line.alert(`${begin}'${word}' expects a value.`);
      if (word === 'crt') crt = line.word(i + 1);
      else words[word] = line.word(i + 1);
      i += 2;
      continue;
    }
    const read = readCrtListOption(options, line.words, i, global.caBase);
    if (read === null) return line.alert(`unknown crt keyword '${word}'`);
    if ('error' in read)
      return line.alert(read.error.startsWith('ssl args') ? `${begin}'${word}' expects a value.` : `${read.error}.`);
    if (read.inert !== undefined) line.context.diagnostics.verbose(line.at, read.inert);
    i += read.taken;
  }
  if (crt === null) return line.alert(`${begin}mandatory 'crt' parameter not found.`);
  const problem = crtStoreProblem(words, begin);
  if (problem !== null) return line.alert(`${problem}.`);
  proxy.config.sslUses.push({
    at: line.at,
    certificate: basedPath(global.crtBase, crt),
    options: Object.keys(options).length === 0 ? null : options,
    words,
  });
}

/** Has the `ssl` bind lines of a section show the certificates of its `ssl-f-use` lines: a crt-list with the section's name. */
export function applySslUses({ config }: ProxyDraft): void {
  if (config.sslUses.length === 0) return;
  const list = `@${config.name}`;
  for (const { tls } of config.binds) if (tls !== null && !tls.crtLists.includes(list)) tls.crtLists.push(list);
}
