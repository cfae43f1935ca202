/** Keywords of the `global` section that are about TLS (manual, sections 3.1 and 3.2). */

import type { ConfigDraft, Draft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { GlobalTlsConfig, TlsExtraFile } from '../types.ts';
import { parseTime } from '../units.ts';
import { integerArgument, sizeArgument, wordArgument } from './arguments.ts';
import { parseDefaultOptions } from './default-tls-options.ts';
import { type Keyword, noticed, refused, works } from './table.ts';

type Row = Keyword<ConfigDraft>;
type GlobalTls = Draft<GlobalTlsConfig>;
type Side = 'bind' | 'server';
type ListOption = 'ciphers' | 'ciphersuites' | 'curves' | 'sigalgs';

const EXTRA_FILES: readonly TlsExtraFile[] = ['bundle', 'sctl', 'ocsp', 'issuer', 'key'];
const MAX = 2_147_483_647;

/** `ssl-default-bind-ciphers` and its like. */
function list(side: Side, option: ListOption, args: string, expects: string): Row {
  return works<ConfigDraft>(`ssl-default-${side}-${option}`, args, (line, { global }) => {
    const value = wordArgument(line, expects);
    if (value !== null) global.tls[side][option] = value;
  });
}

function folder(name: string, set: (config: ConfigDraft, path: string) => void): Row {
  return works<ConfigDraft>(name, '<directory>', (line, config) => {
    if (config.seen.has(name)) return line.alert(`'${name}' already specified.`);
    const path = wordArgument(line, 'a directory path');
    if (path === null) return;
    config.seen.set(name, line.at);
    set(config, path);
  });
}

function flag(name: string, set: (tls: GlobalTls) => void): Row {
  return works<ConfigDraft>(name, '', (line, { global }) => {
    if (line.atMost(0)) set(global.tls);
  });
}

function number(name: string, args: string, range: { min: number; max: number }, set: Setter<number>): Row {
  return works<ConfigDraft>(name, args, (line, { global }) => {
    const value = integerArgument(line, range);
    if (value !== null) set(global.tls, value);
  });
}

type Setter<T> = (tls: GlobalTls, value: T) => void;

function choice(name: string, words: readonly [string, string], set: Setter<boolean>): Row {
  const [yes, no] = words;
  return works<ConfigDraft>(name, `{${words.join('|')}}`, (line, { global }) => {
    const value = line.word(1);
    if (value !== yes && value !== no)
      return line.alert(`'${name}' expects either '${yes}' or '${no}' but got '${value}'.`);
    if (line.atMost(1)) set(global.tls, value === yes);
  });
}

function parsePassphraseCommand(line: Line, { global }: ConfigDraft): void {
  const words = line.words.slice(1);
  if (words[0] === undefined || words[0] === '') return line.alert("'ssl-passphrase-cmd' expects a command.");
  global.tls.passphraseCommand = words;
}

function parseExtraFiles(line: Line, { global }: ConfigDraft): void {
  const words = line.words.slice(1);
  const alone = words.includes('none') || words.includes('all');
  const known = (word: string): word is TlsExtraFile => EXTRA_FILES.includes(word as TlsExtraFile);
  if (words.length === 0 || words.some((word) => word !== 'none' && word !== 'all' && !known(word)))
    return line.alert(
      "'ssl-load-extra-files' expects one or multiple arguments (none, all, bundle, sctl, ocsp, issuer).",
    );
  if (alone && words.length > 1) return line.alert("'ssl-load-extra-files' 'none' and 'all' can be only used alone");
  global.tls.extraFiles = words[0] === 'all' ? [...EXTRA_FILES] : words.filter(known);
}

function parseServerVerify(line: Line, { global }: ConfigDraft): void {
  const value = line.word(1);
  if (value !== 'none' && value !== 'required')
    return line.alert("'ssl-server-verify' expects 'none' or 'required' as argument.");
  if (line.atMost(1)) global.tls.serverVerify = value;
}

function parseLifetime(line: Line, { global }: ConfigDraft): void {
  const time = parseTime(line.word(1), 's');
  if (typeof time !== 'number') return line.alert(`'${line.word(0)}' expects a time as argument.`);
  if (line.atMost(1)) global.tls.lifetime = time;
}

function parseCaptureBuffer(line: Line, { global }: ConfigDraft): void {
  const value = sizeArgument(line, { min: 0, max: 65_536 });
  if (value !== null) global.tls.captureBufferSize = value;
}

/** `ocsp-update.mindelay` and `.maxdelay`, under both of their names. */
function ocspDelays(prefix: string): Row[] {
  return [
    number(`${prefix}.mindelay`, '<number>', { min: 0, max: MAX / 1000 }, (tls, seconds) => {
      tls.ocspUpdate.minDelay = seconds * 1000;
    }),
    number(`${prefix}.maxdelay`, '<number>', { min: 0, max: MAX / 1000 }, (tls, seconds) => {
      tls.ocspUpdate.maxDelay = seconds * 1000;
    }),
  ];
}

function parseHttpProxy(line: Line, { global }: ConfigDraft): void {
  const value = wordArgument(line, 'an address');
  if (value !== null) global.tls.ocspUpdate.httpProxy = value;
}

function text(name: string, args: string, expects: string, set: Setter<string>): Row {
  return works<ConfigDraft>(name, args, (line, { global }) => {
    const value = wordArgument(line, expects);
    if (value !== null) set(global.tls, value);
  });
}

const LISTS: readonly Row[] = (['bind', 'server'] as const).flatMap((side) => [
  list(side, 'ciphers', '<ciphers>', 'a cipher suite'),
  list(side, 'ciphersuites', '<suites>', 'a cipher suite'),
  list(side, 'curves', '<curves>', 'a curves suite'),
  list(side, 'sigalgs', '<list>', 'a list of signature algorithms'),
  works<ConfigDraft>(`ssl-default-${side}-options`, '<options>', parseDefaultOptions(side)),
]);

const FILES: readonly Row[] = [
  works('ssl-passphrase-cmd', '<command> [<argument>]*', parsePassphraseCommand),
  folder('crt-base', ({ global }, path) => {
    global.crtBase = path;
  }),
  folder('ca-base', ({ global }, path) => {
    global.caBase = path;
  }),
  folder('key-base', ({ global }, path) => {
    global.tls.keyBase = path;
  }),
  text('issuers-chain-path', '<directory>', 'a directory path', (tls, path) => {
    tls.issuersChainPath = path.replace(/(?<=.)\/+$/, '');
  }),
  flag('ssl-skip-self-issued-ca', (tls) => {
    tls.skipSelfIssuedCa = true;
  }),
  works('ssl-load-extra-files', '<list>', parseExtraFiles),
  flag('ssl-load-extra-del-ext', (tls) => {
    tls.extraWithoutExtension = true;
  }),
  text('ssl-dh-param-file', '<file>', 'a file path', (tls, path) => {
    tls.dhParamFile = path;
  }),
];

const LIMITS: readonly Row[] = [
  number('maxsslconn', '<number>', { min: 0, max: MAX }, (tls, value) => {
    tls.maxConn = value;
  }),
  number('ssl-security-level', '<number>', { min: 0, max: 5 }, (tls, value) => {
    tls.securityLevel = value;
  }),
  works('ssl-server-verify', '{none|required}', parseServerVerify),
  number('tune.ssl.cachesize', '<number>', { min: 0, max: MAX }, (tls, value) => {
    tls.cacheSize = value;
  }),
  works('acme.scheduler', '{auto|off}', (line, { global }) => {
    const value = line.word(1);
    if (value !== 'auto' && value !== 'off')
      return line.alert(`'acme.scheduler' expects either 'auto' or 'off' but got '${value}'.`);
    if (line.atMost(1)) global.acmeScheduler = value === 'auto';
  }),
  works('httpclient.ssl.ca-file', '<file>', (line, { global }) => {
    const value = wordArgument(line, 'a file path');
    if (value !== null) global.httpClient.caFile = value;
  }),
  works('httpclient.ssl.verify', '{none|required}', (line, { global }) => {
    const value = line.word(1) || 'required';
    if (value !== 'none' && value !== 'required')
      return line.alert(`'httpclient.ssl.verify' expects 'none' or 'required' as argument (got '${value}').`);
    if (line.atMost(1)) global.httpClient.verify = value === 'required';
  }),
  number('tune.ssl.ssl-ctx-cache-size', '<number>', { min: 0, max: MAX }, (tls, value) => {
    tls.contexts = value;
  }),
  works('tune.ssl.capture-buffer-size', '<size>', parseCaptureBuffer),
  works('tune.ssl.capture-cipherlist-size', '<size>', parseCaptureBuffer),
  number('tune.ssl.default-dh-param', '<number>', { min: 1024, max: 65_536 }, (tls, value) => {
    tls.defaultDhParam = value;
  }),
  number('tune.ssl.hard-maxrecord', '<size>', { min: 0, max: 16_384 }, (tls, value) => {
    tls.hardMaxRecord = value;
  }),
  choice('tune.ssl.keylog', ['on', 'off'], (tls, on) => {
    tls.keylog = on;
  }),
  works('tune.ssl.lifetime', '<time>', parseLifetime),
  choice('tune.ssl.certificate-compression', ['auto', 'off'], (tls, on) => {
    tls.certificateCompression = on;
  }),
];

const OCSP: readonly Row[] = [
  choice('ocsp-update.mode', ['on', 'off'], (tls, on) => {
    tls.ocspUpdate.mode = on;
  }),
  choice('ocsp-update.disable', ['on', 'off'], (tls, on) => {
    tls.ocspUpdate.disabled = on;
  }),
  works('ocsp-update.httpproxy', '<address>', parseHttpProxy),
  ...ocspDelays('ocsp-update'),
  ...ocspDelays('tune.ssl.ocsp-update'),
];

export const GLOBAL_TLS_KEYWORDS: readonly Row[] = [
  ...LISTS,
  ...FILES,
  ...LIMITS,
  ...OCSP,
  ...noticed<ConfigDraft>('records are as large as what there is to send, at most 16 kB.', [
    'tune.ssl.maxrecord <size>',
    'tune.idletimer <time>',
  ]),
  ...noticed<ConfigDraft>('the cache is shared by all threads of the one process.', ['tune.ssl.force-private-cache']),
  ...noticed<ConfigDraft>("Node's TLS does not tell of key updates, so that none is counted.", [
    'tune.ssl.keyupdate-rate-limit <number>',
  ]),
  ...noticed<ConfigDraft>('what is encrypted is moved through buffers.', ['noktls']),
  ...noticed<ConfigDraft>('OpenSSL computes in the traffic threads.', ['ssl-mode-async']),
  ...refused<ConfigDraft>("Node's TLS does not set these apart: use the sigalgs keywords.", [
    'ssl-default-bind-client-sigalgs <list>',
    'ssl-default-server-client-sigalgs <list>',
  ]),
  ...refused<ConfigDraft>(
    "OpenSSL is the one within Node: its engines and providers are those of Node's configuration.",
    ['ssl-engine <name>', 'ssl-propquery <query>', 'ssl-provider <name>', 'ssl-provider-path <directory>'],
  ),
];
