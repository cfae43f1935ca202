import type { CrtListEntry } from '../../config/certificates.ts';
import { readCrtListOption } from '../../config/crt-list-options.ts';
import { type CrtStoreWords, crtStoreProblem, crtStoreText, isCrtStoreWord } from '../../config/crt-store-words.ts';
import type { Draft } from '../../config/draft.ts';
import type { TlsOptions } from '../../config/types.ts';

/** A line of a crt-list, taken apart. */
export interface CrtListLine extends Omit<CrtListEntry, 'line'> {
  /** What operators should know although it does not hinder. */
  readonly warning: string | null;
  /** What has no effect, and why. */
  readonly inert: readonly string[];
}

/** Words on one line, at most. */
const MOST_WORDS = 2048;

/**
 * Reads `certificate [options] filters...` (manual, `crt-list`). null for an empty line. Errors are HAProxy's; `place` is the file and
 * line in them. `caBase` goes before names of CA and CRL files.
 */
export function parseCrtListLine(
  text: string,
  place: string,
  caBase: string | null,
): CrtListLine | null | { readonly error: string } {
  const bad = (what: string) => ({ error: `parsing [${place}]: ${what}` });
  const [begin, end] = [text.indexOf('['), text.indexOf(']')];
  if (begin >= 0 && text.indexOf('[', begin + 1) >= 0) return bad("too many '['");
  if (end >= 0 && text.indexOf(']', end + 1) >= 0) return bad("too many ']'");
  if (end >= 0 && (begin < 0 || begin > end)) return bad("missing '['");
  if (begin >= 0 && end < 0) return bad("missing ']'");
  const before = wordsOf(begin < 0 ? text : text.slice(0, begin));
  const inside = begin < 0 ? [] : wordsOf(text.slice(begin + 1, end));
  const behind = begin < 0 ? [] : wordsOf(text.slice(end + 1));
  const [certificate, ...early] = before;
  if (certificate === undefined) return begin < 0 ? null : bad('file must start with a cert');
  if (before.length + inside.length + behind.length > MOST_WORDS) return bad('too many args ');
  const options = parseOptions(inside, caBase, bad);
  if ('error' in options) return options;
  const misplaced = begin >= 0 && early.length > 0;
  return {
    certificate,
    ...options,
    filters: begin < 0 ? early : behind,
    warning: misplaced ? `parsing [${place}]: malformated line, filters can't be between filename and options!` : null,
  };
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

type Read = Pick<CrtListEntry, 'options' | 'words'>;

function parseOptions(
  inside: readonly string[],
  caBase: string | null,
  bad: (what: string) => { readonly error: string },
): (Read & Pick<CrtListLine, 'inert'>) | { readonly error: string } {
  const options: Partial<Draft<TlsOptions>> = {};
  const words: Draft<CrtStoreWords> = {};
  const inert: string[] = [];
  for (let i = 0; i < inside.length; ) {
    const word = inside[i]!;
    if (Object.hasOwn(ELSEWHERE, word))
      return bad(`'${word}' is not supported here. ${ELSEWHERE[word as keyof typeof ELSEWHERE]}`);
    if (isCrtStoreWord(word)) {
      const value = inside[i + 1];
      if (value === undefined) return bad(`ssl args out of '[]' for ${word}`);
      words[word] = value;
      i += 2;
      continue;
    }
    const read = readCrtListOption(options, inside, i, caBase);
    if (read === null) return bad(`unknown ssl keyword ${word}`);
    // What is wrong with a value HAProxy says without the place.
    if ('error' in read)
      return read.refused || read.error.startsWith('ssl args') ? bad(read.error) : { error: read.error };
    if (read.inert !== undefined) inert.push(read.inert);
    i += read.taken;
  }
  const problem = crtStoreProblem(words);
  if (problem !== null) return bad(problem);
  return { options: Object.keys(options).length === 0 ? null : options, words, inert };
}

/** HAProxy takes these, and goes on as if they were not there. */
const ELSEWHERE = {
  crt: 'The file of the certificate is what the line begins with',
  alias: 'Lines of a crt-store give another name',
};

/** Options as `show ssl crt-list` prints them, with brackets; '' where there are none. */
export function optionsText({ options, words: stored }: Read): string {
  const {
    alpn,
    verify,
    noCaNames,
    caFile,
    caVerifyFile,
    crlFile,
    ciphers,
    ciphersuites,
    curves,
    sigalgs,
    minVersion,
    maxVersion,
  } = options ?? {};
  const words = [
    // HAProxy prints the end of the list as it keeps it.
    alpn && (alpn.length === 0 ? 'no-alpn' : `alpn ${alpn.join(',')}\0`),
    verify && `verify ${verify}`,
    noCaNames && 'no-ca-names',
    caFile && `ca-file ${caFile}`,
    caVerifyFile && `ca-verify-file ${caVerifyFile}`,
    crlFile && `crl-file ${crlFile}`,
    ciphers && `ciphers ${ciphers}`,
    ciphersuites && `ciphersuites ${ciphersuites}`,
    curves && `curves ${curves}`,
    sigalgs && `sigalgs ${sigalgs}`,
    minVersion && `ssl-min-ver ${minVersion}`,
    maxVersion && `ssl-max-ver ${maxVersion}`,
    crtStoreText(stored),
  ].filter(Boolean);
  return words.length === 0 ? '' : `[${words.join(' ')}]`;
}
