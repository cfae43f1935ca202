/** Settings of TLS that `bind` and `server` lines, crt-lists and the global section share: how their words are read, and what they come to. */

import { MAX_X509_ERROR, x509ErrorNumber } from '../util/x509-errors.ts';
import type { Draft } from './draft.ts';
import type { TlsOptions, TlsVersion } from './types.ts';

/** From the oldest to the newest. */
const TLS_VERSIONS: readonly TlsVersion[] = ['TLSv1.0', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

/** The words by which `no-...` and `force-...` name them. */
const VERSION_WORDS: Readonly<Record<string, TlsVersion>> = {
  tlsv10: 'TLSv1.0',
  tlsv11: 'TLSv1.1',
  tlsv12: 'TLSv1.2',
  tlsv13: 'TLSv1.3',
};

/** Nothing said yet. */
export function newTlsOptions(): Draft<TlsOptions> {
  return {
    verify: null,
    caFile: null,
    caVerifyFile: null,
    crlFile: null,
    ciphers: null,
    ciphersuites: null,
    curves: null,
    sigalgs: null,
    clientSigalgs: null,
    minVersion: null,
    maxVersion: null,
    withoutVersions: [],
    alpn: null,
    caIgnoreErrors: [],
    crtIgnoreErrors: [],
    noCaNames: false,
    tickets: true,
  };
}

/** `options` with what they do not say taken from the `ssl-default-*` settings. */
export function withTlsDefaults(options: TlsOptions, defaults: TlsOptions): Draft<TlsOptions> {
  const withoutVersions = [...new Set([...options.withoutVersions, ...defaults.withoutVersions])];
  return {
    ...(options as Draft<TlsOptions>),
    ciphers: options.ciphers ?? defaults.ciphers,
    ciphersuites: options.ciphersuites ?? defaults.ciphersuites,
    curves: options.curves ?? defaults.curves,
    sigalgs: options.sigalgs ?? defaults.sigalgs,
    clientSigalgs: options.clientSigalgs ?? defaults.clientSigalgs,
    minVersion: options.minVersion ?? defaults.minVersion,
    maxVersion: options.maxVersion ?? defaults.maxVersion,
    withoutVersions,
    tickets: options.tickets && defaults.tickets,
  };
}

/** What the settings of versions come to. */
export interface VersionRange {
  readonly min: TlsVersion;
  readonly max: TlsVersion;
  /** A version between them that is left out nevertheless: the one below it is not spoken then. */
  readonly hole: TlsVersion | null;
}

/** The versions that are spoken (manual, `ssl-min-ver`); null when all are switched off. */
export function tlsVersions(
  options: Pick<TlsOptions, 'minVersion' | 'maxVersion' | 'withoutVersions'>,
): VersionRange | null {
  const { minVersion, maxVersion, withoutVersions } = options;
  if (minVersion !== null || maxVersion !== null || withoutVersions.length === 0) {
    const max = maxVersion ?? 'TLSv1.3';
    const oldest = TLS_VERSIONS.indexOf('TLSv1.2');
    const min = minVersion ?? TLS_VERSIONS[Math.min(oldest, TLS_VERSIONS.indexOf(max))]!;
    return TLS_VERSIONS.indexOf(min) > TLS_VERSIONS.indexOf(max) ? null : { min, max, hole: null };
  }
  const spoken = TLS_VERSIONS.filter((version) => !withoutVersions.includes(version));
  if (spoken.length === 0) return null;
  const max = spoken.at(-1)!;
  let first = TLS_VERSIONS.indexOf(max);
  while (first > 0 && spoken.includes(TLS_VERSIONS[first - 1]!)) first--;
  const min = TLS_VERSIONS[first]!;
  return { min, max, hole: spoken[0] === min ? null : TLS_VERSIONS[first - 1]! };
}

/** The version that `ssl-min-ver` or `ssl-max-ver` names, or HAProxy's message. SSLv3 is no longer in the library. */
export function parseTlsVersion(keyword: string, word: string): { version: TlsVersion } | { error: string } {
  if (word === '') return { error: `'${keyword}' : missing the ssl/tls version` };
  const version = TLS_VERSIONS.find((known) => known === word);
  if (version === undefined) return { error: `'${word}' : unknown ssl/tls version` };
  return { version };
}

/** Applies `no-tlsv1x` or `force-tlsv1x`; false for another word. `no-sslv3` says what is so anyway. */
export function applyVersionWord(word: string, options: Draft<TlsOptions>): boolean {
  if (word === 'no-sslv3') return true;
  const [, kind, name] = /^(no|force)-(.*)$/.exec(word) ?? [];
  const version = VERSION_WORDS[name ?? ''];
  if (kind === undefined || version === undefined) return false;
  if (kind === 'force') {
    options.minVersion = version;
    options.maxVersion = version;
  } else if (!options.withoutVersions.includes(version)) options.withoutVersions.push(version);
  return true;
}

/** The protocols of `alpn` and its like, or HAProxy's message. */
export function parseAlpn(keyword: string, word: string): { protocols: string[] } | { error: string } {
  if (word === '') return { error: `'${keyword}' : missing the comma-delimited ALPN protocol suite` };
  const protocols = word.split(',').filter((name) => name !== '');
  const long = protocols.find((name) => Buffer.byteLength(name) > 255);
  return long === undefined ? { protocols } : { error: `'${keyword}' : ALPN protocol name too long : '${long}'` };
}

/** The numbers in `crt-ignore-err` and `ca-ignore-err`, or HAProxy's message. */
export function parseIgnoredErrors(
  keyword: string,
  word: string,
): { errors: TlsOptions['crtIgnoreErrors'] } | { error: string } {
  if (word === '') return { error: `'${keyword}' : missing error IDs list` };
  if (word === 'all') return { errors: 'all' };
  const errors: number[] = [];
  for (const part of word.split(',').filter((text) => text !== '')) {
    if (/^\d/.test(part)) {
      const code = Number.parseInt(part, 10);
      if (code <= 0 || code > MAX_X509_ERROR)
        return {
          error: `'${keyword}' : ID '${code}' out of range (1..${MAX_X509_ERROR}) in error IDs list '${word}'`,
        };
      errors.push(code);
      continue;
    }
    const code = part.startsWith('X509_V_ERR_') ? x509ErrorNumber(part) : null;
    if (code === null) return { error: `'${keyword}' : error constant '${part}' unknown in error IDs list '${word}'` };
    errors.push(code);
  }
  return { errors };
}

/** `path` below the folder that `crt-base` or `ca-base` names, unless it is absolute or no file (`@system-ca`, `@store/name`). */
export function basedPath(base: string | null, path: string): string {
  return base === null || path.startsWith('/') || path.startsWith('@') ? path : `${base}/${path}`;
}
