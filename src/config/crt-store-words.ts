/** What may be said of a certificate besides its file: on `load` and `ssl-f-use` lines, and in brackets on a line of a crt-list (manual, section 3.12). */

import { isIP } from 'node:net';
import { basedPath } from './tls.ts';

export const CRT_STORE_WORDS = ['key', 'ocsp', 'issuer', 'sctl', 'ocsp-update', 'jwt', 'acme', 'domains'] as const;

/** The words as written; files without their folders. */
export type CrtStoreWords = Readonly<Partial<Record<(typeof CRT_STORE_WORDS)[number], string>>>;

/** With one of these no other files than those named are looked for. */
const NAMES_FILES = ['key', 'ocsp', 'issuer', 'sctl', 'acme'] as const;

/** What words come to. */
export interface CrtStoreSettings {
  readonly key: string | null;
  readonly ocsp: string | null;
  readonly issuer: string | null;
  readonly sctl: string | null;
  readonly ocspUpdate: boolean | null;
  /** Tokens may be checked with it. */
  readonly jwt: boolean;
  /** It is ordered from the ACME server of this section, for these names. */
  readonly acme: { readonly section: string; readonly domains: readonly string[] } | null;
}

/** Whether a word is one of these. */
export function isCrtStoreWord(word: string): word is keyof CrtStoreWords {
  return (CRT_STORE_WORDS as readonly string[]).includes(word);
}

/** Whether words name the files of a certificate, so that none are looked for beside it. */
export function namesFiles(words: CrtStoreWords): boolean {
  return NAMES_FILES.some((name) => words[name] !== undefined);
}

/** What is wrong with the values of words; null when nothing is. `begin` stands before what HAProxy tells with it. */
export function crtStoreProblem(words: CrtStoreWords, begin = ''): string | null {
  const { acme, domains } = words;
  for (const name of ['ocsp-update', 'jwt'] as const) {
    const value = words[name];
    if (value !== undefined && value !== 'on' && value !== 'off')
      return `cannot parse '${name}' value '${value}', 'on' or 'off' is expected`;
  }
  if ((acme === undefined) !== (domains === undefined)) return `${begin}'acme' and 'domains' need each other`;
  const strange = domains?.split(',').find((one) => !isOrderable(one));
  return strange === undefined ? null : `${begin}'${strange}' in 'domains' is no name and no address`;
}

/** What words without a problem come to. `crtBase`, `keyBase`: folders that names of files begin in. */
export function crtStoreSettings(
  words: CrtStoreWords,
  { crtBase, keyBase }: { readonly crtBase: string | null; readonly keyBase: string | null },
): CrtStoreSettings {
  const file = (path: string | undefined, folder: string | null) =>
    path === undefined ? null : basedPath(folder, path);
  const update = words['ocsp-update'];
  return {
    key: file(words.key, keyBase),
    ocsp: file(words.ocsp, crtBase),
    issuer: file(words.issuer, crtBase),
    sctl: file(words.sctl, crtBase),
    ocspUpdate: update === undefined ? null : update === 'on',
    jwt: words.jwt === 'on',
    acme: words.acme === undefined ? null : { section: words.acme, domains: words.domains!.toLowerCase().split(',') },
  };
}

/** Words as they are written in brackets. */
export function crtStoreText(words: CrtStoreWords): string {
  return CRT_STORE_WORDS.flatMap((name) => (words[name] === undefined ? [] : [`${name} ${words[name]}`])).join(' ');
}

/**
 * Why a line cannot say `words` of a certificate that something else has said other words of, null when it can. What a crt-list says has to
 * be said everywhere; what a `crt-store` says may also be left out.
 */
export function crtStoreClash(
  before: { readonly words: CrtStoreWords; readonly inStore: boolean },
  words: CrtStoreWords,
): string | null {
  if (before.inStore && Object.keys(words).length === 0) return null;
  const told = (value: string | undefined) => (value === undefined ? 'nothing' : `'${value}'`);
  const different = CRT_STORE_WORDS.filter((name) => before.words[name] !== words[name]).map(
    (name) => `- different parameter '${name}' : previously ${told(before.words[name])} vs ${told(words[name])}`,
  );
  return different.length === 0 ? null : different.join('\n');
}

/** What an ACME server may be asked for: a host name, `*.` and one, or an address. */
function isOrderable(text: string): boolean {
  return (
    isIP(text) !== 0 || /^(\*\.)?([a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?\.)*[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i.test(text)
  );
}
