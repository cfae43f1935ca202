/** Options of `server` lines that belong to TLS (manual, section 5.2). */

import type { Draft } from '../draft.ts';
import type { ServerDraft } from '../draft-server.ts';
import { applyVersionWord, basedPath, newTlsOptions, parseAlpn, parseTlsVersion, withTlsDefaults } from '../tls.ts';
import type { GlobalConfig, ServerTlsConfig, TlsOptions } from '../types.ts';
import { inertOptions, type Option, type OptionInput, type OptionResult } from './option.ts';

/** What the options of TLS on a `server` line have said so far. */
export interface ServerTlsDraft extends Draft<ServerTlsConfig> {
  /** Some of them was written. */
  mentioned: boolean;
  /** `tls-tickets`: against the defaults of the global section. */
  ticketsForced: boolean;
  /** Folders of the files that are named. */
  crtBase: string | null;
  caBase: string | null;
}

/** Why it is not set whether servers may begin a second handshake. */
export const RENEGOTIATION = 'whether a server may negotiate anew is up to the library: TLS 1.3 has no such thing.';

/** Before the first option. */
export function newServerTls(): ServerTlsDraft {
  return {
    mentioned: false,
    ticketsForced: false,
    crtBase: null,
    caBase: null,
    on: false,
    off: false,
    wasOn: false,
    options: newTlsOptions(),
    crt: null,
    sni: null,
    sniAuto: true,
    verifyHost: null,
    reuse: true,
    checkSsl: null,
    checkSni: null,
    checkSniAuto: true,
    checkAlpn: null,
  };
}

/** A copy that shares nothing with `draft` that is changed in place. */
export function copyServerTls(draft: ServerTlsDraft): ServerTlsDraft {
  return { ...draft, options: { ...draft.options, withoutVersions: [...draft.options.withoutVersions] } };
}

/** What the line comes to; null where it says nothing of TLS. */
export function finishServerTls(draft: ServerTlsDraft): Draft<ServerTlsConfig> | null {
  const { mentioned, ticketsForced: _forced, crtBase: _crt, caBase: _ca, ...tls } = draft;
  return mentioned ? tls : null;
}

/** The settings of a server that says nothing of TLS. */
export function plainServerTls(global: Pick<GlobalConfig, 'tls'>): ServerTlsConfig {
  const draft = { ...newServerTls(), mentioned: true };
  completeServerTls(draft, global);
  return finishServerTls(draft)!;
}

/** Fills in what the global section says for all servers. */
export function completeServerTls(draft: ServerTlsDraft, global: Pick<GlobalConfig, 'tls'>): void {
  if (!draft.mentioned) return;
  draft.options = withTlsDefaults(draft.options, global.tls.server);
  if (draft.ticketsForced) draft.options.tickets = true;
  draft.options.verify ??= global.tls.serverVerify;
}

type Row = Option<ServerDraft>;
type Input = OptionInput<ServerDraft>;

function valued(name: string, args: string, parse: (tls: ServerTlsDraft, input: Input) => OptionResult): Row {
  return {
    name,
    takes: 1,
    args,
    status: 'works',
    tls: true,
    parse: (input) => {
      input.draft.tls.mentioned = true;
      return parse(input.draft.tls, input);
    },
  };
}

function flag(name: string, set: (tls: ServerTlsDraft) => void, more: Partial<Row> = {}): Row {
  return {
    name,
    takes: 0,
    args: '',
    status: 'works',
    tls: true,
    parse: ({ draft }) => {
      draft.tls.mentioned = true;
      set(draft.tls);
      return undefined;
    },
    ...more,
  };
}

/** An option with one word; `missing` is what HAProxy says when there is none. */
function word(name: string, args: string, missing: string, set: (tls: ServerTlsDraft, value: string) => void): Row {
  return valued(name, args, (tls, { value }) => {
    if (value === '') return `'${name}' : missing ${missing}`;
    set(tls, value);
    return undefined;
  });
}

type TextOption = 'ciphers' | 'ciphersuites' | 'curves' | 'sigalgs' | 'clientSigalgs';

function text(name: string, args: string, missing: string, key: TextOption): Row {
  return word(name, args, missing, (tls, value) => {
    tls.options[key] = value;
  });
}

function version(name: 'ssl-min-ver' | 'ssl-max-ver', key: 'minVersion' | 'maxVersion'): Row {
  return valued(name, '<version>', ({ options }, { value }) => {
    const parsed = parseTlsVersion(name, value);
    if ('error' in parsed) return parsed.error;
    options[key] = parsed.version;
    return undefined;
  });
}

function protocols(name: string, set: (tls: ServerTlsDraft, protocols: string[]) => void): Row {
  return valued(name, '<protocols>', (tls, { value }) => {
    const parsed = parseAlpn(name, value);
    if ('error' in parsed) return parsed.error;
    set(tls, parsed.protocols);
    return undefined;
  });
}

function parseVerify({ options }: { options: Draft<TlsOptions> }, { value }: Input): OptionResult {
  if (value === '') return "'verify' : missing verify method";
  if (value !== 'none' && value !== 'required')
    return `'verify' : unknown verify method '${value}', only 'none' and 'required' are supported`;
  options.verify = value;
  return undefined;
}

const VERSION_WORDS = [
  'no-sslv3',
  ...['no', 'force'].flatMap((kind) => ['10', '11', '12', '13'].map((digits) => `${kind}-tlsv${digits}`)),
];

export const SERVER_TLS_OPTIONS: readonly Row[] = [
  protocols('alpn', (tls, list) => {
    tls.options.alpn = list;
  }),
  word('ca-file', '<file>', 'CAfile path', (tls, value) => {
    tls.options.caFile = basedPath(tls.caBase, value);
  }),
  protocols('check-alpn', (tls, list) => {
    tls.checkAlpn = list;
  }),
  word('check-sni', '<name>', 'SNI', (tls, value) => {
    tls.checkSni = value;
  }),
  flag('check-sni-auto', (tls) => {
    tls.checkSniAuto = true;
  }),
  flag('check-ssl', (tls) => {
    tls.checkSsl = true;
  }),
  text('ciphers', '<ciphers>', 'cipher suite', 'ciphers'),
  text('ciphersuites', '<suites>', 'cipher suite', 'ciphersuites'),
  word('crl-file', '<file>', 'CRLfile path', (tls, value) => {
    tls.options.crlFile = basedPath(tls.caBase, value);
  }),
  word('crt', '<file>', 'certificate file path', (tls, value) => {
    tls.crt = basedPath(tls.crtBase, value);
  }),
  text('curves', '<curves>', 'curve suite', 'curves'),
  flag('no-check-sni-auto', (tls) => {
    tls.checkSniAuto = false;
  }),
  flag(
    'no-check-ssl',
    (tls) => {
      tls.checkSsl = false;
    },
    { notDynamic: true },
  ),
  flag('no-sni-auto', (tls) => {
    tls.sniAuto = false;
  }),
  flag(
    'no-ssl',
    (tls) => {
      tls.wasOn ||= tls.on;
      tls.on = false;
      tls.off = true;
    },
    { notDynamic: true },
  ),
  flag('no-ssl-reuse', (tls) => {
    tls.reuse = false;
  }),
  flag('no-tls-tickets', (tls) => {
    tls.options.tickets = false;
  }),
  ...VERSION_WORDS.map((name) =>
    flag(name, (tls) => {
      applyVersionWord(name, tls.options);
    }),
  ),
  text('sigalgs', '<list>', 'signature algorithm list', 'sigalgs'),
  word('sni', '<expression>', 'sni expression', (tls, value) => {
    tls.sni = value;
  }),
  flag('sni-auto', (tls) => {
    tls.sniAuto = true;
  }),
  flag('ssl', (tls) => {
    tls.on = true;
    tls.off = false;
  }),
  version('ssl-max-ver', 'maxVersion'),
  version('ssl-min-ver', 'minVersion'),
  flag(
    'ssl-reuse',
    (tls) => {
      tls.reuse = true;
    },
    { notDynamic: true },
  ),
  flag('tls-tickets', (tls) => {
    tls.options.tickets = true;
    tls.ticketsForced = true;
  }),
  valued('verify', '<none|required>', parseVerify),
  word('verifyhost', '<name>', 'hostname to verify against', (tls, value) => {
    tls.verifyHost = value.toLowerCase();
  }),
  ...inertOptions<ServerDraft>('noticed', 'what is encrypted is moved through buffers.', ['ktls <on|off>'], {
    tls: true,
  }),
  ...inertOptions<ServerDraft>('noticed', 'servers have used ALPN for many years: set alpn.', ['npn <protocols>'], {
    tls: true,
  }),
  ...inertOptions<ServerDraft>('noticed', RENEGOTIATION, ['no-renegotiate', 'renegotiate'], { tls: true }),
  ...inertOptions<ServerDraft>(
    'refused',
    'Requests in early data could be replayed: they are sent when the handshake is done.',
    ['allow-0rtt'],
    { tls: true },
  ),
  ...inertOptions<ServerDraft>(
    'refused',
    "Node's TLS does not set these apart: set sigalgs.",
    ['client-sigalgs <list>'],
    { tls: true },
  ),
  ...inertOptions<ServerDraft>('refused', 'Use TLS 1.2 or 1.3: SSL 3.0 is broken.', ['force-sslv3'], { tls: true }),
];
