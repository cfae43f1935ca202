/** Options of `bind` lines that belong to TLS (manual, section 5.1). */

import type { Draft } from '../draft.ts';
import {
  applyVersionWord,
  basedPath,
  newTlsOptions,
  parseAlpn,
  parseIgnoredErrors,
  parseTlsVersion,
  withTlsDefaults,
} from '../tls.ts';
import type { BindTlsConfig, GlobalConfig, TlsOptions } from '../types.ts';
import { inertOptions, type Option, type OptionInput, type OptionResult } from './option.ts';

/** What the options of TLS on a `bind` line have said so far. */
export interface BindTlsDraft extends Draft<BindTlsConfig> {
  /** `ssl` was written. */
  on: boolean;
  /** Certificates were given. */
  certified: boolean;
  /** `no-strict-sni`, `tls-tickets`: against the defaults of the global section. */
  strictSniSet: boolean;
  ticketsForced: boolean;
  readonly crtBase: string | null;
  readonly caBase: string | null;
}

/** A line's settings that the rows below write to. */
export interface WithTls {
  readonly tlsDraft: BindTlsDraft;
}

/** What the options of TLS build on: folders and defaults of the global section. */
export type BindTlsBasis = Pick<GlobalConfig, 'crtBase' | 'caBase' | 'tls'>;

/** Before the first option. */
export function newBindTls(basis: BindTlsBasis | null): BindTlsDraft {
  return {
    on: false,
    certified: false,
    strictSniSet: false,
    ticketsForced: false,
    crtBase: basis?.crtBase ?? null,
    caBase: basis?.caBase ?? null,
    crts: [],
    defaultCrts: [],
    crtLists: [],
    strictSni: false,
    ticketKeys: null,
    ocspUpdate: null,
    preferClientCiphers: false,
    options: newTlsOptions(),
  };
}

/** What the line comes to with the defaults of the global section; null without `ssl`. */
export function finishBindTls(draft: BindTlsDraft, global: BindTlsBasis): Draft<BindTlsConfig> | null {
  if (!draft.on) return null;
  const { crts, defaultCrts, crtLists, ticketKeys, ocspUpdate } = draft;
  const options = withTlsDefaults(draft.options, global.tls.bind);
  if (draft.ticketsForced) options.tickets = true;
  return {
    crts,
    defaultCrts,
    crtLists,
    strictSni: draft.strictSniSet ? draft.strictSni : global.tls.bindStrictSni,
    ticketKeys,
    ocspUpdate,
    preferClientCiphers: draft.preferClientCiphers || global.tls.bindPreferClientCiphers,
    options,
  };
}

type Row = Option<WithTls>;
type Input = OptionInput<WithTls>;

function flag(name: string, set: (tls: BindTlsDraft) => void): Row {
  return {
    name,
    takes: 0,
    args: '',
    status: 'works',
    tls: true,
    parse: ({ draft }) => set(draft.tlsDraft) as undefined,
  };
}

/** An option with one word; `missing` is what HAProxy says when there is none. */
function word(name: string, args: string, missing: string, set: (tls: BindTlsDraft, value: string) => void): Row {
  return valued(name, args, ({ value, draft }) => {
    if (value === '') return `'${name}' : ${missing}`;
    set(draft.tlsDraft, value);
    return undefined;
  });
}

function valued(name: string, args: string, parse: (input: Input) => OptionResult): Row {
  return { name, takes: 1, args, status: 'works', tls: true, parse };
}

type TextOption = 'ciphers' | 'ciphersuites' | 'curves' | 'sigalgs' | 'caFile' | 'caVerifyFile' | 'crlFile';

function text(name: string, args: string, missing: string, key: TextOption): Row {
  const isFile = key.endsWith('File');
  return word(name, args, missing, (tls, value) => {
    tls.options[key] = isFile ? basedPath(tls.caBase, value) : value;
  });
}

function version(name: 'ssl-min-ver' | 'ssl-max-ver', key: 'minVersion' | 'maxVersion'): Row {
  return valued(name, '<version>', ({ value, draft }) => {
    const parsed = parseTlsVersion(name, value);
    if ('error' in parsed) return parsed.error;
    draft.tlsDraft.options[key] = parsed.version;
    return undefined;
  });
}

function ignored(name: string, key: 'caIgnoreErrors' | 'crtIgnoreErrors'): Row {
  return valued(name, '<list>', ({ value, draft }) => {
    const parsed = parseIgnoredErrors(name, value);
    if ('error' in parsed) return parsed.error;
    draft.tlsDraft.options[key] = parsed.errors as Draft<TlsOptions>['crtIgnoreErrors'];
    return undefined;
  });
}

function certificates(name: string, args: string, key: 'crts' | 'defaultCrts' | 'crtLists'): Row {
  return word(name, args, 'missing certificate location', (tls, value) => {
    tls[key].push(key === 'crtLists' ? value : basedPath(tls.crtBase, value));
    tls.certified = true;
  });
}

function parseVerify({ value, draft }: Input): OptionResult {
  if (value === '') return "'verify' : missing verify method";
  if (value !== 'none' && value !== 'optional' && value !== 'required')
    return `'verify' : unknown verify method '${value}', only 'none', 'optional', and 'required' are supported`;
  draft.tlsDraft.options.verify = value;
  return undefined;
}

function parseAlpnOption({ value, draft }: Input): OptionResult {
  const parsed = parseAlpn('alpn', value);
  if ('error' in parsed) return parsed.error;
  draft.tlsDraft.options.alpn = parsed.protocols;
  return undefined;
}

function parseOcspUpdate({ value, draft }: Input): OptionResult {
  if (value !== 'on' && value !== 'off') return "'ocsp-update' : expects <on|off>";
  draft.tlsDraft.ocspUpdate = value === 'on';
  return undefined;
}

/** One curve: what came before the lists of `curves`, which go before it. */
function parseEcdhe({ value, draft }: Input): OptionResult {
  if (value === '') return "'ecdhe' : missing named curve";
  draft.tlsDraft.options.curves ??= value;
  return undefined;
}

const VERSION_WORDS = [
  'no-sslv3',
  ...['no', 'force'].flatMap((kind) => ['10', '11', '12', '13'].map((digits) => `${kind}-tlsv${digits}`)),
];

export const BIND_TLS_OPTIONS: readonly Row[] = [
  valued('alpn', '<protocols>', parseAlpnOption),
  text('ca-file', '<file>', 'missing CAfile path', 'caFile'),
  ignored('ca-ignore-err', 'caIgnoreErrors'),
  text('ca-verify-file', '<file>', 'missing CAfile path', 'caVerifyFile'),
  text('ciphers', '<ciphers>', 'missing cipher suite', 'ciphers'),
  text('ciphersuites', '<suites>', 'missing cipher suite', 'ciphersuites'),
  text('crl-file', '<file>', 'missing CRLfile path', 'crlFile'),
  certificates('crt', '<file>', 'crts'),
  ignored('crt-ignore-err', 'crtIgnoreErrors'),
  certificates('crt-list', '<file>', 'crtLists'),
  text('curves', '<curves>', 'missing curve suite', 'curves'),
  certificates('default-crt', '<file>', 'defaultCrts'),
  valued('ecdhe', '<curve>', parseEcdhe),
  flag('no-alpn', (tls) => {
    tls.options.alpn = [];
  }),
  flag('no-ca-names', (tls) => {
    tls.options.noCaNames = true;
  }),
  flag('no-strict-sni', (tls) => {
    tls.strictSni = false;
    tls.strictSniSet = true;
  }),
  flag('no-tls-tickets', (tls) => {
    tls.options.tickets = false;
  }),
  ...VERSION_WORDS.map((name) =>
    flag(name, (tls) => {
      applyVersionWord(name, tls.options);
    }),
  ),
  valued('ocsp-update', '<on|off>', parseOcspUpdate),
  flag('prefer-client-ciphers', (tls) => {
    tls.preferClientCiphers = true;
  }),
  text('sigalgs', '<list>', 'missing signature algorithm list', 'sigalgs'),
  flag('ssl', (tls) => {
    tls.on = true;
  }),
  version('ssl-max-ver', 'maxVersion'),
  version('ssl-min-ver', 'minVersion'),
  flag('strict-sni', (tls) => {
    tls.strictSni = true;
    tls.strictSniSet = true;
  }),
  word('tls-ticket-keys', '<file>', 'missing TLS ticket keys file path', (tls, value) => {
    tls.ticketKeys = value;
  }),
  flag('tls-tickets', (tls) => {
    tls.options.tickets = true;
    tls.ticketsForced = true;
  }),
  valued('verify', '<none|optional|required>', parseVerify),
  ...inertOptions<WithTls>('noticed', 'what is encrypted is moved through buffers.', ['ktls <on|off>'], { tls: true }),
  ...inertOptions<WithTls>('noticed', 'clients have used ALPN for many years: set alpn.', ['npn <protocols>'], {
    tls: true,
  }),
  ...inertOptions<WithTls>(
    'refused',
    'Requests in early data could be replayed: they are asked for again in the handshake.',
    ['allow-0rtt'],
    { tls: true },
  ),
  ...inertOptions<WithTls>(
    'refused',
    'Make the certificates before (crt-list, new ssl cert).',
    ['ca-sign-file <file>', 'ca-sign-pass <pass>', 'generate-certificates'],
    { tls: true },
  ),
  ...inertOptions<WithTls>('refused', "Node's TLS does not set these apart: set sigalgs.", ['client-sigalgs <list>'], {
    tls: true,
  }),
  ...inertOptions<WithTls>('refused', "Node's TLS has no encrypted client hello.", ['ech <dir>'], { tls: true }),
  ...inertOptions<WithTls>('refused', 'Use TLS 1.2 or 1.3: SSL 3.0 is broken.', ['force-sslv3'], { tls: true }),
];
