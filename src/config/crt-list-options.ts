/** Options of TLS that one certificate can have: in brackets on a line of a crt-list, and on `ssl-f-use` lines (manual, `crt-list`). */

import type { Draft } from './draft.ts';
import { basedPath, parseAlpn, parseTlsVersion } from './tls.ts';
import type { TlsOptions } from './types.ts';

type Options = Partial<Draft<TlsOptions>>;

/** What became of a word: how many words it took (`inert`: why it has no effect), why it cannot be taken, or null: it is no such option. */
export type OptionRead =
  | { readonly taken: number; readonly inert?: string }
  | { readonly error: string; readonly refused?: true }
  | null;

/** Reads the option at `words[at]` into `options`. `caBase` goes before names of CA and CRL files. */
export function readCrtListOption(
  options: Options,
  words: readonly string[],
  at: number,
  caBase: string | null,
): OptionRead {
  const word = words[at]!;
  if (word === 'no-alpn') options.alpn = [];
  else if (word === 'no-ca-names') options.noCaNames = true;
  else if (Object.hasOwn(REFUSED, word))
    return { error: `'${word}' is not supported. ${REFUSED[word]}`, refused: true };
  else {
    const isInert = Object.hasOwn(INERT, word);
    if (!isInert && !Object.hasOwn(VALUED, word)) return null;
    const value = words[at + 1];
    if (value === undefined) return { error: `ssl args out of '[]' for ${word}` };
    if (isInert) return { taken: 2, inert: `'${word}' has no effect here: ${INERT[word]}` };
    const error = VALUED[word as keyof typeof VALUED](options, value, caBase);
    return error === null ? { taken: 2 } : { error };
  }
  return { taken: 1 };
}

const REFUSED: Readonly<Record<string, string>> = {
  'allow-0rtt': 'Requests in early data could be replayed: they are asked for again in the handshake',
  'client-sigalgs': "Node's TLS does not set these apart: set sigalgs",
};

/** Words that only tune a process like HAProxy's, or that nobody needs any more. */
const INERT: Readonly<Record<string, string>> = {
  ktls: 'what is encrypted is moved through buffers.',
  npn: 'clients have used ALPN for many years: set alpn.',
};

type Setter = (options: Options, value: string, caBase: string | null) => string | null;

const text =
  (key: 'ciphers' | 'ciphersuites' | 'curves' | 'sigalgs'): Setter =>
  (options, value) => {
    options[key] = value;
    return null;
  };

const file =
  (key: 'caFile' | 'caVerifyFile' | 'crlFile'): Setter =>
  (options, value, caBase) => {
    options[key] = basedPath(caBase, value);
    return null;
  };

const version =
  (name: 'ssl-min-ver' | 'ssl-max-ver', key: 'minVersion' | 'maxVersion'): Setter =>
  (options, value) => {
    const parsed = parseTlsVersion(name, value);
    if ('error' in parsed) return parsed.error;
    options[key] = parsed.version;
    return null;
  };

const VALUED = {
  alpn(options, value) {
    const parsed = parseAlpn('alpn', value);
    if ('error' in parsed) return parsed.error;
    options.alpn = parsed.protocols;
    return null;
  },
  verify(options, value) {
    if (value !== 'none' && value !== 'optional' && value !== 'required')
      return `'verify' : unknown verify method '${value}', only 'none', 'optional', and 'required' are supported`;
    options.verify = value;
    return null;
  },
  'ca-file': file('caFile'),
  'ca-verify-file': file('caVerifyFile'),
  'crl-file': file('crlFile'),
  ciphers: text('ciphers'),
  ciphersuites: text('ciphersuites'),
  curves: text('curves'),
  ecdhe(options, value) {
    options.curves ??= value;
    return null;
  },
  sigalgs: text('sigalgs'),
  'ssl-min-ver': version('ssl-min-ver', 'minVersion'),
  'ssl-max-ver': version('ssl-max-ver', 'maxVersion'),
} satisfies Record<string, Setter>;
