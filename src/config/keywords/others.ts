/** Keywords of the sections that are neither global nor proxies. */

import { parseAddress } from '../address.ts';
import { parseBindLine } from '../bind.ts';
import { type Draft, newServer, type ServerDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import { readDefaultServer, readServer } from '../server.ts';
import type {
  CacheConfig,
  HttpErrorsConfig,
  PeersConfig,
  ResolversConfig,
  RingConfig,
  UserlistConfig,
} from '../types.ts';
import { parseInteger, parseTime } from '../units.ts';
import { integerArgument, sizeArgument, switchArgument, timeText } from './arguments.ts';
import { parseErrorFile } from './errors.ts';
import { LOG_FORMATS } from './log.ts';
import { reportOptions } from './proxy.ts';
import { KeywordTable, noticed, refused, works } from './table.ts';

type Resolvers = Draft<ResolversConfig>;

const HOLDS = ['valid', 'obsolete', 'nx', 'timeout', 'refused', 'other'] as const;

function parseNameserver(line: Line, resolvers: Resolvers): void {
  const [, name, text] = line.words;
  if (name === undefined || text === undefined)
    return line.alert("'nameserver' expects <name> and <addr>[:<port>] as arguments.");
  if (!line.atMost(2)) return;
  const twin = resolvers.nameservers.find((server) => server.name === name);
  if (twin !== undefined)
    return line.alert(
      `name server '${name}' has same name as another nameserver (declared at ${twin.at.file}:${twin.at.line}).`,
      'reader',
    );
  const parsed = parseAddress(text, { names: false, port: 'required' });
  if ('error' in parsed) return line.alert(`'nameserver ${name}' : ${parsed.error}`);
  resolvers.nameservers.push({ name, address: parsed.address, tcp: parsed.type === 'stream', at: line.at });
}

/** A time of this section, whose messages put the keyword in angle brackets. */
function angledTime(line: Line, text: string, keyword: string): number | null {
  const value = parseTime(text);
  if (typeof value === 'number') return value;
  if (value.error === 'character')
    line.alert(`unexpected character '${value.character}' in argument to <${keyword}>.`, 'reader');
  else
    line.alert(
      `timer overflow in argument <${text}> to <${keyword}>, maximum value is 2147483647 ms (~24.8 days).`,
      'reader',
    );
  return null;
}

function parseHold(line: Line, resolvers: Resolvers): void {
  const [, event, time] = line.words;
  if (event === undefined || time === undefined)
    return line.alert("'hold' expects an <event> and a <time> as arguments.");
  const key = HOLDS.find((known) => known === event);
  if (key === undefined)
    return line.alert(
      `'hold' unknown <event>: '${event}', expects either 'nx', 'timeout', 'valid', 'obsolete', 'refused' or 'other'.`,
    );
  const value = angledTime(line, time, 'hold');
  if (value !== null && line.atMost(2)) resolvers.hold[key] = value;
  return undefined;
}

function parseResolversTimeout(line: Line, resolvers: Resolvers): void {
  const [, what, time] = line.words;
  if (what !== 'resolve' && what !== 'retry')
    return line.alert(
      `'timeout' expects 'retry' or 'resolve' and <time> as arguments${what === undefined ? '' : ` got '${what}'`}.`,
    );
  if (time === undefined) return line.alert(`'timeout ${what}' expects <time> as argument.`);
  const value = angledTime(line, time, `timeout ${what}`);
  if (value !== null && line.atMost(1, 2)) resolvers[what === 'resolve' ? 'timeoutResolve' : 'timeoutRetry'] = value;
  return undefined;
}

export const RESOLVERS_KEYWORDS = new KeywordTable<Resolvers>([
  works<Resolvers>('nameserver', '<name> <address>[:<port>]', parseNameserver),
  works<Resolvers>('parse-resolv-conf', '', (line, resolvers) => {
    if (line.atMost(0)) resolvers.parseResolvConf = true;
  }),
  works<Resolvers>('hold', '<event> <time>', parseHold),
  works<Resolvers>('resolve_retries', '<number>', (line, resolvers) => {
    const value = integerArgument(line, { min: 1 });
    if (value !== null) resolvers.resolveRetries = value;
  }),
  works<Resolvers>('timeout', '{resolve|retry} <time>', parseResolversTimeout),
  works<Resolvers>('accepted_payload_size', '<bytes>', (line, resolvers) => {
    const value = parseInteger(line.word(1));
    if (value !== null && value >= 12 && value <= 65535) resolvers.acceptedPayloadSize = value;
    else line.alert(`'accepted_payload_size' must be between 12 and 65535 inclusive (was ${line.word(1)}).`);
  }),
]);

/** A ring, and the settings its servers start from. */
export interface RingDraft {
  readonly ring: Draft<RingConfig>;
  readonly defaultServer: ServerDraft;
  readonly servers: ServerDraft[];
}

function parseRingServer(line: Line, draft: RingDraft): void {
  const { draft: server, error, report } = readServer(line.words.slice(1), draft.defaultServer, line.at);
  reportOptions(line, report, `'server ${draft.ring.name}/${server.name}' : `, 'server');
  if (error !== null) line.alert(`'server ${draft.ring.name}/${server.name}' : ${error}`, 'server');
  else draft.servers.push(server);
}

function parseRingTimeout(line: Line, { ring }: RingDraft): void {
  const [, what, time] = line.words;
  if ((what !== 'connect' && what !== 'server') || time === undefined)
    return line.alert("'timeout' expects 'connect' or 'server' and <time> as arguments.");
  const value = timeText(line, time, `'timeout ${what}'`);
  if (value !== null && line.atMost(1, 2)) ring[what === 'connect' ? 'timeoutConnect' : 'timeoutServer'] = value;
  return undefined;
}

export const RING_KEYWORDS = new KeywordTable<RingDraft>([
  works<RingDraft>('description', '<text>', (line, { ring }) => {
    if (line.word(1) === '') line.alert('missing ring description text.');
    else ring.description = line.words.slice(1).join(' ');
  }),
  works<RingDraft>('format', '<format>', (line, { ring }) => {
    const format = LOG_FORMATS.find((known) => known === line.word(1));
    if (format === undefined) line.alert(`unknown format '${line.word(1)}'.`);
    else if (line.atMost(1)) ring.format = format;
  }),
  works<RingDraft>('maxlen', '<length>', (line, { ring }) => {
    const value = integerArgument(line, { min: 1, max: 65535 });
    if (value !== null) ring.maxLength = value;
  }),
  works<RingDraft>('size', '<size>', (line, { ring }) => {
    const value = sizeArgument(line, { min: 1 });
    if (value !== null) ring.size = value;
  }),
  works<RingDraft>('server', '<name> <address> [<options>]', parseRingServer),
  works<RingDraft>('timeout', '{connect|server} <time>', parseRingTimeout),
  ...refused<RingDraft>('A ring is in memory only: give it a server.', ['backing-file <path>']),
]);

/** A peers section, and the settings its peers start from. */
export interface PeersDraft {
  readonly peers: Draft<PeersConfig>;
  readonly defaultServer: ServerDraft;
}

/** `peer <name> [<addr>]` and `server <name> [<addr>]`: the local one may have no address when a `bind` line gives it. */
function parsePeer(line: Line, { peers, defaultServer }: PeersDraft): void {
  const [, name, address] = line.words;
  if (name === undefined) return line.alert(`'${line.word(0)}' expects <name> and <addr>[:<port>] as arguments.`);
  if (peers.peers.some((peer) => peer.name === name))
    return line.alert(`'${line.word(0)} ${name}' : peer already declared in section '${peers.name}'.`);
  if (address === undefined) {
    peers.peers.push({ name, address: null, at: line.at });
    return;
  }
  const { draft, error, report } = readServer(line.words.slice(1), defaultServer, line.at);
  reportOptions(line, report, `'${line.word(0)} ${name}' : `, 'parsing');
  if (error !== null) return line.alert(`'${line.word(0)} ${name}' : ${error}`);
  peers.peers.push({ name, address: draft.address, at: line.at });
  return undefined;
}

function parsePeersBind(line: Line, { peers }: PeersDraft): void {
  if (line.word(1) === '') return line.alert("'bind' expects {<path>|[addr1]:port1[-end1]} as argument.");
  const { binds, addressError, report } = parseBindLine(line.words.slice(1), { at: line.at });
  if (addressError !== null) return line.alert(`'bind' : ${addressError}`);
  if (!reportOptions(line, report, `'bind ${line.word(1)}' : `, 'parsing'))
    return line.alert(`'bind ${line.word(1)}' : ${report.error!.text}`);
  if (peers.binds.length + binds.length > 1) return line.alert('One listener per "peers" section is authorized.');
  peers.binds.push(...binds);
  return undefined;
}

export const PEERS_KEYWORDS = new KeywordTable<PeersDraft>([
  works<PeersDraft>('peer', '<name> [<address>[:<port>]] [<options>]', parsePeer),
  works<PeersDraft>('server', '<name> [<address>[:<port>]] [<options>]', parsePeer),
  works<PeersDraft>('bind', '<address>:<port> [<options>]', parsePeersBind),
  works<PeersDraft>('default-server', '<options>', (line, draft) => {
    const report = readDefaultServer(line.words.slice(1), draft.defaultServer);
    if (!reportOptions(line, report, '', 'server')) line.alert(report.error!.text, 'server');
  }),
  works<PeersDraft>('disabled', '', (line, { peers }) => {
    if (line.atMost(0)) peers.disabled = true;
  }),
  works<PeersDraft>('enabled', '', (line, { peers }) => {
    if (line.atMost(0)) peers.disabled = false;
  }),
  ...refused<PeersDraft>('Stick tables are not built into this version.', ['table <name> <settings>']),
  ...noticed<PeersDraft>('tables are not exchanged with peers, so that there is nothing to log or to shard.', [
    'log <target> <facility> [...]',
    'default-bind <options>',
    'shards <number>',
  ]),
]);

type Userlist = Draft<UserlistConfig>;

function parseUserlistGroup(line: Line, list: Userlist): void {
  const [, name, option, users] = line.words;
  if (name === undefined) return line.alert("'group' expects <name> as arguments.", 'reader');
  if (list.groups.some((group) => group.name === name))
    return line.warning(`ignoring duplicated group '${name}' in userlist '${list.name}'.`, 'reader');
  if (option !== undefined && (option !== 'users' || users === undefined))
    return line.alert("'group' only supports 'users' option.", 'reader');
  list.groups.push({ name, users: users === undefined ? [] : users.split(',') });
  return undefined;
}

function parseUser(line: Line, list: Userlist): void {
  const name = line.word(1);
  if (name === '') return line.alert("'user' expects <name> as arguments.", 'reader');
  if (list.users.some((user) => user.name === name))
    return line.warning(`ignoring duplicated user '${name}' in userlist '${list.name}'.`, 'reader');
  const user = { name, password: '', insecure: false, groups: [] as string[] };
  for (let i = 2; i < line.words.length; i += 2) {
    const [option, value] = [line.word(i), line.word(i + 1)];
    if (option === 'password' || option === 'insecure-password') {
      user.password = value;
      user.insecure = option === 'insecure-password';
    } else if (option === 'groups') user.groups = value.split(',');
    else return line.alert("'user' only supports 'password', 'insecure-password' and 'groups' options.", 'reader');
  }
  list.users.push(user);
  return undefined;
}

export const USERLIST_KEYWORDS = new KeywordTable<Userlist>([
  works<Userlist>('group', '<name> [users <user>,...]', parseUserlistGroup),
  works<Userlist>('user', '<name> [password|insecure-password <password>] [groups <group>,...]', parseUser),
]);

type Cache = Draft<CacheConfig>;

export const CACHE_KEYWORDS = new KeywordTable<Cache>([
  works<Cache>('total-max-size', '<megabytes>', (line, cache) => {
    const value = integerArgument(line, { min: 1, max: 4095 });
    if (value !== null) cache.totalMaxSize = value * 1_048_576;
  }),
  works<Cache>('max-object-size', '<bytes>', (line, cache) => {
    const value = integerArgument(line, { min: 1 });
    if (value !== null) cache.maxObjectSize = value;
  }),
  works<Cache>('max-age', '<seconds>', (line, cache) => {
    const value = integerArgument(line, { min: 1 });
    if (value !== null) cache.maxAge = value;
  }),
  works<Cache>('process-vary', '{on|off}', (line, cache) => {
    const value = switchArgument(line);
    if (value !== null) cache.processVary = value;
  }),
  works<Cache>('max-secondary-entries', '<number>', (line, cache) => {
    const value = parseInteger(line.word(1));
    if (value === null || value <= 0)
      line.alert("'max-secondary-entries' expects a strictly positive number.", 'reader');
    else if (line.atMost(1)) cache.maxSecondaryEntries = value;
  }),
]);

type HttpErrors = Draft<HttpErrorsConfig>;

export const HTTP_ERRORS_KEYWORDS = new KeywordTable<HttpErrors>([
  works<HttpErrors>('errorfile', '<code> <file>', (line, section) => {
    const page = parseErrorFile(line);
    if (page !== null) section.files.push({ ...page, at: line.at });
  }),
]);

/** Sections that are recognised, so that their lines are told from mistakes, and what to do instead. */
export interface RecognisedSection {
  readonly name: string;
  readonly why: string;
  /** Whether the section alone is refused, or harmless as long as nothing refers to it. */
  readonly status: 'noticed' | 'refused';
  readonly keywords: readonly string[];
}

const MAILER_KEYWORDS = ['mailer <name> <address>', 'timeout mail <time>'];

export const RECOGNISED_SECTIONS: readonly RecognisedSection[] = [
  { name: 'mailers', status: 'noticed', why: 'no mail is sent: email-alert is refused.', keywords: MAILER_KEYWORDS },
  {
    name: 'log-forward',
    status: 'refused',
    why: 'Use a syslog server to forward logs.',
    keywords: [
      'bind',
      'dgram-bind',
      'log',
      'maxconn',
      'timeout client',
      'backlog',
      'option',
      'assume-rfc6587-ntf',
      'dont-parse-log',
    ],
  },
  { name: 'log-profile', status: 'refused', why: 'Use log-format.', keywords: ['log-tag', 'on'] },
  {
    name: 'crt-store',
    status: 'refused',
    why: 'TLS is not built into this version.',
    keywords: ['crt-base', 'key-base', 'load'],
  },
  {
    name: 'program',
    status: 'refused',
    why: "Start the program with the machine's service manager.",
    keywords: ['command', 'option', 'user', 'group'],
  },
  {
    name: 'fcgi-app',
    status: 'refused',
    why: 'Put a web server that speaks FastCGI in front of the application.',
    keywords: ['acl', 'docroot', 'index', 'log-stderr', 'pass-header', 'path-info', 'option', 'set-param'],
  },
  { name: 'traces', status: 'noticed', why: 'traces are switched on over the Runtime API.', keywords: ['trace'] },
  {
    name: 'acme',
    status: 'refused',
    why: 'Certificates are not requested: TLS is not built into this version.',
    keywords: [
      'account-key',
      'acme-vars',
      'bits',
      'challenge',
      'challenge-ready',
      'contact',
      'curves',
      'directory',
      'dns-delay',
      'dns-timeout',
      'eab-key-id',
      'eab-mac-alg',
      'eab-mac-key',
      'keytype',
      'map',
      'profile',
      'provider-name',
      'reuse-key',
    ],
  },
  {
    name: 'healthcheck',
    status: 'refused',
    why: 'Write the checks in the backend.',
    keywords: ['type', 'http-check', 'tcp-check', 'option'],
  },
  {
    name: 'namespace_list',
    status: 'refused',
    why: 'Start Sluice inside the namespace (ip netns exec).',
    keywords: ['namespace'],
  },
];

export function newResolvers(name: string, at: Line['at']): Resolvers {
  return {
    name,
    at,
    nameservers: [],
    parseResolvConf: false,
    acceptedPayloadSize: 512,
    resolveRetries: 3,
    timeoutResolve: 1000,
    timeoutRetry: 1000,
    hold: { valid: 10_000, obsolete: 0, nx: 30_000, timeout: 30_000, refused: 30_000, other: 30_000 },
  };
}

export function newRing(name: string, at: Line['at']): RingDraft {
  return {
    ring: {
      name,
      at,
      description: name,
      format: 'raw',
      maxLength: 1024,
      size: 16384,
      servers: [],
      timeoutConnect: null,
      timeoutServer: null,
    },
    defaultServer: newServer(at),
    servers: [],
  };
}

export function newPeers(name: string, at: Line['at']): PeersDraft {
  return { peers: { name, at, disabled: false, binds: [], peers: [], tables: [] }, defaultServer: newServer(at) };
}

export function newCache(name: string, at: Line['at']): Cache {
  return { name, at, totalMaxSize: 0, maxObjectSize: 0, maxAge: 60, processVary: false, maxSecondaryEntries: 10 };
}
