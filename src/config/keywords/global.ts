/** Keywords of the `global` section (manual, section 3). */

import { parseBindLine } from '../bind.ts';
import type { ConfigDraft, Draft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { GlobalConfig } from '../types.ts';
import { parseInteger, parseTime } from '../units.ts';
import { integerArgument, timeArgument, timeText, wordArgument } from './arguments.ts';
import { reportOptions } from './ends.ts';
import { ENVIRONMENT_KEYWORDS } from './environment.ts';
import { GLOBAL_TLS_KEYWORDS } from './global-tls.ts';
import { type LogDraft, parseLogTarget } from './log.ts';
import { type Keyword, KeywordTable, noticed, refused, works } from './table.ts';
import { TUNE_KEYWORDS } from './tune.ts';

type Row = Keyword<ConfigDraft>;

type Global = Draft<GlobalConfig>;

/** Keys of `GlobalConfig` whose value is a `T`. */
type KeysOf<T> = { [K in keyof Global]-?: T extends Global[K] ? K : never }[keyof Global];

function set<K extends keyof Global>(global: Global, key: K, value: Global[K]): void {
  global[key] = value;
}

/** A keyword with one number. */
function number(name: string, key: KeysOf<number>, min = 0, max?: number): Row {
  return works<ConfigDraft>(name, '<number>', (line, { global }) => {
    const value = integerArgument(line, max === undefined ? { min } : { min, max });
    if (value !== null) set(global, key, value as Global[typeof key]);
  });
}

/** A keyword with one word. */
function text(name: string, args: string, key: KeysOf<string>, expects: string, more: Partial<Row> = {}): Row {
  const parse = (line: Line, { global }: ConfigDraft) => {
    const value = wordArgument(line, expects);
    if (value !== null) set(global, key, value as Global[typeof key]);
  };
  return works<ConfigDraft>(name, args, parse, more);
}

/** A switch without argument. */
function flag(name: string, key: KeysOf<boolean>, more: Partial<Row> = {}): Row {
  return works<ConfigDraft>(
    name,
    '',
    (line, { global }) => {
      if (line.atMost(0)) set(global, key, (line.prefix === '') as Global[typeof key]);
    },
    more,
  );
}

/** Rights of root that may be kept (`setcap`). */
const KEPT_CAPABILITIES = ['cap_net_raw', 'cap_net_admin', 'cap_net_bind_service', 'cap_sys_admin'] as const;
type KeptCapability = GlobalConfig['capabilities'][number];

/** Refuses a second value for something that cannot have two. True when this is the first. */
function once(line: Line, config: ConfigDraft, key: string, what: string): boolean {
  if (config.seen.has(key)) {
    line.alert(`${what} already specified. Continuing.`);
    return false;
  }
  config.seen.set(key, line.at);
  return true;
}

function parseMaxconn(line: Line, config: ConfigDraft): void {
  const value = integerArgument(line, { min: 0 });
  if (value === null || !once(line, config, 'maxconn', "'maxconn'")) return;
  config.global.maxconn = value === 0 ? null : value;
}

function parseNbthread(line: Line, { global }: ConfigDraft): void {
  const value = parseInteger(line.word(1));
  if (value === null) return line.alert(`'nbthread' not a number (${line.word(1)})`);
  if (value < 1 || value > MAX_THREADS)
    return line.alert(`'nbthread' value must be between 1 and ${MAX_THREADS} (was ${value})`);
  if (line.atMost(1)) global.nbthread = value;
}

const MAX_THREADS = 64;

function parseUser(line: Line, config: ConfigDraft): void {
  const name = wordArgument(line, 'a user name as argument');
  if (name !== null && once(line, config, 'user', 'user/uid')) config.global.user = name;
}

function parseGroup(line: Line, config: ConfigDraft): void {
  const name = wordArgument(line, 'a group name as argument');
  if (name !== null && once(line, config, 'group', 'gid/group was')) config.global.group = name;
}

function numericId(name: 'uid' | 'gid', key: string, what: string): Row {
  return works<ConfigDraft>(name, '<number>', (line, config) => {
    const id = parseInteger(line.word(1));
    if (id === null || id < 0) return line.alert(` ${name}: string '${line.word(1)}' is not a number.`);
    if (line.atMost(1) && once(line, config, key, what)) config.global[name] = id;
    return undefined;
  });
}

function parseCapabilities(line: Line, { global }: ConfigDraft): void {
  const supported = 'Supported ones are: cap_net_raw, cap_net_admin, cap_net_bind_service and cap_sys_admin.';
  const names = line.word(1);
  if (names === '') return line.alert(`'setcap' : missing capability name(s).  ${supported}`);
  const capabilities = names.split(',').filter((name) => name !== '');
  if (!capabilities.every(isKeptCapability))
    return line.alert(`'setcap' : unsupported capability '${names}'.  ${supported}`);
  if (line.atMost(1)) global.capabilities = [...new Set([...global.capabilities, ...capabilities])];
}

function isKeptCapability(name: string): name is KeptCapability {
  return KEPT_CAPABILITIES.some((capability) => capability === name);
}

function parseChroot(line: Line, config: ConfigDraft): void {
  const directory = wordArgument(line, 'a directory as an argument');
  if (directory !== null && once(line, config, 'chroot', "'chroot'")) config.global.chroot = directory;
}

function parsePidfile(line: Line, config: ConfigDraft): void {
  const file = wordArgument(line, 'a file name as an argument');
  if (file !== null && once(line, config, 'pidfile', "'pidfile'")) config.global.pidfile = file;
}

function parseLog(line: Line, { global }: ConfigDraft): void {
  if (line.prefix === 'no') {
    global.logs = [];
    return;
  }
  const target = parseLogTarget(line, '<address> and <facility> ');
  if (target !== null) global.logs.push(target as LogDraft & { format: 'local' });
}

/** Those that mean something for one certificate and clients that are operators. */
const SOCKET_TLS_OPTIONS: ReadonlySet<string> = new Set([
  ...['ssl', 'crt', 'ca-file', 'crl-file', 'verify', 'ciphers', 'ciphersuites', 'curves', 'sigalgs'],
  ...['ssl-min-ver', 'ssl-max-ver', 'no-tlsv10', 'no-tlsv11', 'no-tlsv12', 'no-tlsv13'],
]);

function parseStatsSocket(line: Line, config: ConfigDraft): void {
  const words = line.words.slice(2);
  if (words.length === 0)
    return line.alert("'stats socket' in global section expects an address or a path to a UNIX socket");
  const { prefix, ...unix } = config.unixBind;
  const { binds, addressError, report } = parseBindLine(words, {
    ...{ at: line.at, unixPrefix: prefix, unix },
    ...{ tls: config.global, tlsOptions: SOCKET_TLS_OPTIONS },
  });
  if (addressError !== null) return line.alert(`'stats socket' : ${addressError}`);
  if (!reportOptions(line, report, "'stats socket' : ", 'parsing')) {
    const { text: error, kind } = report.error!;
    return line.alert(
      `'stats socket' : ${kind === 'unknown' ? error.replace('; did you mean', '. Did you mean') : `'${error}'`}`,
    );
  }
  config.global.statsSockets.push(...binds);
}

function parseStatsTimeout(line: Line, { global }: ConfigDraft): void {
  if (line.word(2) === '') return line.alert("'stats timeout' in global section expects a timeout value");
  const value = timeText(line, line.word(2), "'stats timeout'");
  if (value === null) return;
  if (value === 0) return line.alert("'stats timeout' expects a positive value");
  if (line.atMost(1, 2)) global.statsTimeout = value;
}

function parseStatsMaxconn(line: Line, { global }: ConfigDraft): void {
  const value = parseInteger(line.word(2));
  if (value === null || value <= 0) line.alert("'stats maxconn' needs a positive value in global section.");
  else if (line.atMost(1, 2)) global.statsMaxconn = value;
}

function parseHardStop(line: Line, { global }: ConfigDraft): void {
  const value = delay(line, 'hard-stop-after');
  if (value !== null) global.hardStopAfter = value;
}

function delay(line: Line, keyword: string): number | null {
  const word = line.word(1);
  if (word === '') {
    line.alert(`'${keyword}' expects <time> as argument.`);
    return null;
  }
  const value = parseTime(word);
  if (typeof value === 'number') return line.atMost(1) ? value : null;
  if (value.error === 'character') line.alert(`unexpected character '${value.character}' in argument to <${keyword}>.`);
  else line.alert(`timer overflow in argument <${word}> to <${keyword}>, maximum value is 2147483647 ms (~24.8 days).`);
  return null;
}

function parseDescription(line: Line, { global }: ConfigDraft): void {
  if (line.word(1) === '') line.alert("'description' expects a string argument.", 'reader');
  else global.description = line.words.slice(1).join(' ');
}

function parseNode(line: Line, { global }: ConfigDraft): void {
  if (!line.atMost(1)) return;
  if (/^[A-Za-z0-9._-]+$/.test(line.word(1))) global.node = line.word(1);
  else {
    line.alert(
      "'node' requires valid node name - non-empty string with digits(0-9), letters(A-Z, a-z), dot(.), hyphen(-) or underscode(_).",
      'reader',
    );
  }
}

function parseLogTag(line: Line, { global }: ConfigDraft): void {
  if (line.word(1) === '') line.alert("'log-tag' expects a tag for use in syslog.");
  else if (line.atMost(1)) global.logTag = line.word(1);
}

function parseLogSendHostname(line: Line, { global }: ConfigDraft): void {
  // An empty name asks for the machine's own.
  if (line.atMost(1)) global.logSendHostname = line.word(1);
}

function parseSpreadChecks(line: Line, config: ConfigDraft): void {
  if (config.seen.has('spread-checks')) return line.alert('spread-checks already specified. Continuing.', 'reader');
  if (line.word(1) === '') return line.alert("'spread-checks' expects an integer argument (0..50).", 'reader');
  const value = parseInteger(line.word(1));
  if (value === null || value < 0 || value > 50)
    return line.alert("'spread-checks' needs a positive value in range 0..50.", 'reader');
  if (!line.atMost(1)) return;
  config.seen.set('spread-checks', line.at);
  config.global.spreadChecks = value;
}

function parseMaxSpreadChecks(line: Line, { global }: ConfigDraft): void {
  const value = delay(line, 'max-spread-checks');
  if (value !== null) global.maxSpreadChecks = value;
}

function parseLocalpeer(line: Line, { global }: ConfigDraft): void {
  const name = line.word(1);
  if (name === '') return line.alert("'localpeer' expects a name as an argument.");
  if (line.context.localpeerForced)
    return line.warning("'localpeer' ignored since it is already set by using the '-L' command line argument.");
  if (line.context.config.peers.length > 0)
    return line.warning("'localpeer' ignored since it is used after 'peers' section.");
  if (!line.atMost(1)) return;
  global.localpeer = name;
  line.context.env.set('HAPROXY_LOCALPEER', name);
}

function parseSetVar(line: Line, { global }: ConfigDraft): void {
  if (!line.word(1).startsWith('proc.') || line.word(2) === '') {
    return line.alert(
      `'${line.word(0)}' requires a process-wide variable name ('proc.<name>') and a sample expression.`,
    );
  }
  global.setVars.push({ words: [...line.words], at: line.at });
}

const PATH_MODES = ['current', 'config', 'parent', 'origin'];

/** `http-err-codes`, `http-fail-codes`: ranges with a sign add to the list or take out of it, others replace it. */
function statusList(keyword: string, key: 'errCodes' | 'failCodes'): Row {
  return works<ConfigDraft>(keyword, '[+-]<range>[,...] ...', (line, { global }) => {
    const codes = new Set(global[key]);
    if (line.words.length < 2)
      return line.alert(`'${keyword}' expects one or more ranges of status codes as arguments.`);
    for (const word of line.words.slice(1)) {
      const sign = word[0] === '+' || word[0] === '-' ? word[0] : '';
      if (sign === '') codes.clear();
      for (const range of word.slice(sign.length).split(',')) {
        const [, low, high] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
        const [from, to] = [Number(low), Number(high ?? low)];
        if (!(from >= 100 && from <= to && to <= 599))
          return line.alert(`'${keyword}' : '${range}' is no range of status codes between 100 and 599.`);
        for (let code = from; code <= to; code++) {
          if (sign === '-') codes.delete(code);
          else codes.add(code);
        }
      }
    }
    global[key] = [...codes].sort((a, b) => a - b);
    return undefined;
  });
}

function parseDefaultPath(line: Line, { global }: ConfigDraft): void {
  const mode = line.word(1);
  if (!PATH_MODES.includes(mode))
    return line.alert("default-path expects a mode among 'current', 'config', 'parent' and 'origin'.");
  if (mode === 'origin' && line.word(2) === '')
    return line.alert("'default-path origin' expects a directory as argument.");
  if (line.atMost(mode === 'origin' ? 2 : 1)) global.defaultPath = line.words.slice(1);
}

function parseUnixBind(line: Line, { unixBind }: ConfigDraft): void {
  for (let i = 1; i < line.words.length; i += 2) {
    const [option, value] = [line.word(i), line.word(i + 1)];
    if (option === 'prefix') {
      if (value === '') return line.alert("unix_bind 'prefix' expects a path as an argument.");
      unixBind.prefix = value;
    } else if (option === 'user' || option === 'group') unixBind[option] = value;
    else if (option === 'mode') {
      if (!/^[0-7]{1,4}$/.test(value))
        return line.alert(`'unix-bind' : 'mode' : missing or invalid mode '${value}' (octal integer expected)`);
      unixBind.mode = Number.parseInt(value, 8);
    } else if (option === 'uid' || option === 'gid') {
      const id = parseInteger(value);
      if (id === null || id < 0) return line.alert(`'unix-bind' : '${option}' : invalid value '${value}'`);
      unixBind[option] = id;
    } else
      return line.alert("'unix-bind' only supports the 'prefix', 'mode', 'uid', 'gid', 'user' and 'group' options.");
  }
}

/** Kept as words for the room that reads it by name. */
function kept(name: string, args: string, min: number, expects: string): Row {
  return works<ConfigDraft>(name, args, (line, { global }) => {
    if (line.words.length <= min) return line.alert(`'${name}' expects ${expects}.`);
    global.other[name] = [...(global.other[name] ?? []), { words: line.words.slice(1), at: line.at }];
    return undefined;
  });
}

function parseExternalCheck(line: Line, { global }: ConfigDraft): void {
  const [, option, extra] = line.words;
  if (option !== undefined && option !== 'preserve-env')
    return line.alert(`'external-check' only supports 'preserve-env' (got '${option}')`);
  if (extra !== undefined) return line.alert(`'external-check' cannot handle unexpected argument '${extra}'.`);
  global.externalCheck = true;
  if (option !== undefined) global.other['external-check'] = [{ words: [option], at: line.at }];
  return undefined;
}

const processRows: Row[] = [
  flag('daemon', 'daemon'),
  flag('master-worker', 'masterWorker'),
  works('setcap', '<name>[,<name>...]', parseCapabilities),
  works('user', '<name>', parseUser),
  works('group', '<name>', parseGroup),
  numericId('uid', 'user', 'user/uid'),
  numericId('gid', 'group', 'group/gid'),
  works('chroot', '<directory>', parseChroot),
  works('pidfile', '<file>', parsePidfile),
  works('nbthread', '<number>', parseNbthread),
  number('ulimit-n', 'ulimitN', 1),
  works('hard-stop-after', '<time>', parseHardStop),
  works('grace', '<time>', (line, { global }) => {
    const value = timeArgument(line);
    if (value !== null) global.grace = value;
  }),
  works('localpeer', '<name>', parseLocalpeer),
  statusList('http-err-codes', 'errCodes'),
  statusList('http-fail-codes', 'failCodes'),
  works('node', '<name>', parseNode),
  works('description', '<text>', parseDescription),
  works('default-path', '{current|config|parent|origin <directory>}', parseDefaultPath),
  flag('h2-workaround-bogus-websocket-clients', 'h2WithoutWebSockets', { negatable: true }),
  flag('pp2-never-send-local', 'pp2NeverLocal'),
  flag('insecure-fork-wanted', 'insecureForkWanted', { negatable: true }),
  works('external-check', '[preserve-env]', parseExternalCheck),
  works(
    'unix-bind',
    '[prefix <prefix>] [mode <mode>] [user <user>] [uid <uid>] [group <group>] [gid <gid>]',
    parseUnixBind,
  ),
  works('set-var', 'proc.<name> <expression>', parseSetVar),
  works('set-var-fmt', 'proc.<name> <format>', parseSetVar),
];

const limitRows: Row[] = [
  works('maxconn', '<number>', parseMaxconn),
  number('maxconnrate', 'maxconnrate'),
  number('maxsessrate', 'maxsessrate'),
  number('maxsslrate', 'maxsslrate'),
  number('maxcomprate', 'maxcomprate'),
  works('maxcompcpuusage', '<percent>', (line, { global }) => {
    const value = integerArgument(line, { min: 0, max: 100 });
    if (value !== null) global.maxcompcpuusage = value;
  }),
  works('spread-checks', '<percent>', parseSpreadChecks),
  works('max-spread-checks', '<time>', parseMaxSpreadChecks),
];

const stateRows: Row[] = [
  works(
    'log',
    '<target> [len <length>] [format <format>] [sample <ranges>:<size>] <facility> [<level> [<minlevel>]]',
    parseLog,
    { negatable: true },
  ),
  works('log-send-hostname', '[<name>]', parseLogSendHostname),
  works('log-tag', '<string>', parseLogTag),
  text('server-state-base', '<directory>', 'serverStateBase', 'one argument: a directory path'),
  text('server-state-file', '<file>', 'serverStateFile', 'one argument: a file path'),
  works('stats socket', '<address> [<options>]', parseStatsSocket),
  works('stats timeout', '<time>', parseStatsTimeout),
  works('stats maxconn', '<number>', parseStatsMaxconn),
  works(
    'stats',
    '',
    (line) => {
      line.alert(`'stats' only supports 'socket', 'maxconn', 'bind-process' and 'timeout' (got '${line.word(1)}')`);
    },
    { group: true },
  ),
];

/** Sluice's own, beside HAProxy's `noepoll` and its like. */
const noUring = works<ConfigDraft>('nouring', '', (line, { global }) => {
  if (line.atMost(0)) global.uring = false;
});

const headerRows: Row[] = [
  kept('h1-case-adjust', '<from> <to>', 2, '<from> and <to> as argument'),
  kept('h1-case-adjust-file', '<file>', 1, '<file> as argument'),
  kept('h1-accept-payload-with-any-method', '', 0, 'no argument'),
  kept('h1-do-not-close-on-insecure-transfer-encoding', '', 0, 'no argument'),
  works('zero-warning', '', (line, config) => {
    if (line.atMost(0)) config.zeroWarning = true;
  }),
];

const inert: Row[] = [
  ...noticed<ConfigDraft>(
    "Node's event loop polls by itself.",
    ['noepoll', 'noevports', 'nokqueue', 'nopoll', 'busy-polling'],
    { negatable: true },
  ),
  ...noticed<ConfigDraft>('there is one process; nbthread sets the number of traffic threads.', ['nbproc <number>']),
  ...noticed<ConfigDraft>(
    'the kernel places the threads.',
    [
      'cpu-map <threads> <cpus>',
      'cpu-affinity <mode>',
      'cpu-policy <policy>',
      'cpu-set <directive>',
      'numa-cpu-mapping',
      'thread-group <group> <threads>',
      'thread-groups <number>',
      'max-threads-per-group <number>',
    ],
    { negatable: true },
  ),
  ...noticed<ConfigDraft>('memory is managed by the JavaScript engine.', [
    'no-memory-trimming',
    'prealloc-fd',
    'maxpipes <number>',
  ]),
  ...noticed<ConfigDraft>('compression keeps no memory between the pieces of a body.', ['maxzlibmem <number>']),
  ...noticed<ConfigDraft>(
    'it is for the debugging of HAProxy itself.',
    [
      'set-dumpable',
      'stress-level <number>',
      'force-cfg-parser-pause <time>',
      'profiling.tasks {on|off|auto}',
      'profiling.memory {on|off}',
      'warn-blocked-traffic-after <time>',
      'anonkey <number>',
    ],
    { negatable: true },
  ),
  ...noticed<ConfigDraft>('messages are left out with -q.', ['quiet']),
  ...noticed<ConfigDraft>('no keyword here is experimental or deprecated.', [
    'expose-deprecated-directives',
    'expose-experimental-directives',
  ]),
  ...noticed<ConfigDraft>('there is no QUIC.', ['limited-quic', 'no-quic']),
  ...noticed<ConfigDraft>('data is always moved through buffers.', ['nosplice']),
  ...noticed<ConfigDraft>("the threads' sockets need it.", ['noreuseport']),
  ...noticed<ConfigDraft>("names are resolved by the machine's resolver.", ['nogetaddrinfo']),
  ...noticed<ConfigDraft>('set nbthread.', ['thread-hard-limit <number>']),
  ...noticed<ConfigDraft>('the limit is that of the process, which ulimit-n sets.', ['fd-hard-limit <number>']),
  ...noticed<ConfigDraft>('both families are asked for; resolve-prefer chooses.', [
    'dns-accept-family {ipv4|ipv6|auto}',
  ]),
  ...noticed<ConfigDraft>('a reload starts no process.', ['mworker-max-reloads <number>']),
  ...noticed<ConfigDraft>('limits that cannot be set are reported and never end the start.', ['strict-limits'], {
    negatable: true,
  }),
  ...noticed<ConfigDraft>('connections close over time by their timeouts.', ['close-spread-time <time>']),
  ...noticed<ConfigDraft>('statistics are kept across reloads, which do not start a new process.', [
    'shm-stats-file <file>',
    'shm-stats-file-max-objects <number>',
  ]),
  ...noticed<ConfigDraft>('privileged source ports are not treated apart.', [
    'harden.reject-privileged-ports.quic {on|off}',
    'harden.reject-privileged-ports.tcp {on|off}',
  ]),
  ...noticed<ConfigDraft>(
    'requests to ACME and OCSP servers have limits of their own, and names are resolved by the machine.',
    [
      'httpclient.resolvers.disabled {on|off}',
      'httpclient.resolvers.id <name>',
      'httpclient.resolvers.prefer {ipv4|ipv6}',
      'httpclient.retries <number>',
      'httpclient.timeout.connect <time>',
    ],
  ),
  ...noticed<ConfigDraft>('what tokens may be decrypted with is said where they are.', [
    'jwt.decrypt_alg_list <list>',
    'jwt.decrypt_enc_list <list>',
  ]),
  ...noticed<ConfigDraft>('there are no QUIC connections and no peers to keep secret.', ['cluster-secret <secret>']),
];

const refusals: Row[] = [
  ...refused<ConfigDraft>('Use http-request rules.', [
    'lua-load <file>',
    'lua-load-per-thread <file>',
    'lua-prepend-path <path>',
  ]),
  ...refused<ConfigDraft>('Programs that change their user again are not started.', ['insecure-setuid-wanted']),
  ...refused<ConfigDraft>('Detect devices in the application.', [
    '51degrees-cache-size <number>',
    '51degrees-data-file <file>',
    '51degrees-property-name-list <names>',
    '51degrees-property-separator <string>',
    'deviceatlas-json-file <file>',
    'deviceatlas-log-level <number>',
    'deviceatlas-properties-cookie <name>',
    'deviceatlas-separator <string>',
    'wurfl-cache-size <number>',
    'wurfl-data-file <file>',
    'wurfl-information-list <names>',
    'wurfl-information-list-separator <string>',
  ]),
];

export const GLOBAL_KEYWORDS = new KeywordTable<ConfigDraft>([
  ...processRows,
  ...limitRows,
  ...stateRows,
  ...headerRows,
  noUring,
  ...ENVIRONMENT_KEYWORDS,
  ...TUNE_KEYWORDS,
  ...GLOBAL_TLS_KEYWORDS,
  ...inert,
  ...refusals,
]);
