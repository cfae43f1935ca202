/** Options of `server`, `server-template`, `default-server` and `add server` (manual, section 5.2). */

import { isIP } from 'node:net';
import { parseAddress } from '../address.ts';
import type { ServerDraft } from '../draft-server.ts';
import type { SourceConfig } from '../types.ts';
import { parseInteger, parseTime } from '../units.ts';
import { inertOptions, type Option, type OptionInput, type OptionResult, OptionTable } from './option.ts';
import { SERVER_TLS_OPTIONS } from './server-tls.ts';
import { parseShownSource } from './usesrc.ts';

type Input = OptionInput<ServerDraft>;
type Flags = Partial<Option<ServerDraft>>;

function flag(name: string, set: (draft: ServerDraft) => void, more: Flags = {}): Option<ServerDraft> {
  return { name, takes: 0, args: '', status: 'works', parse: ({ draft }) => set(draft) as undefined, ...more };
}

/** `expects` ends the message when the argument is missing. */
function value(
  name: string,
  args: string,
  expects: string,
  parse: (input: Input) => OptionResult,
  more: Flags = {},
): Option<ServerDraft> {
  const checked = (input: Input) => (input.value === '' ? `'${name}' expects ${expects}.` : parse(input));
  return { name, takes: 1, args, status: 'works', parse: checked, ...more };
}

function text(
  name: string,
  args: string,
  expects: string,
  set: (draft: ServerDraft, value: string) => void,
  more: Flags = {},
): Option<ServerDraft> {
  return value(
    name,
    args,
    expects,
    (input) => {
      set(input.draft, input.value);
      return undefined;
    },
    more,
  );
}

function integer(
  name: string,
  min: number,
  set: (draft: ServerDraft, value: number) => void,
  more: Flags = {},
  max = 2_147_483_647,
): Option<ServerDraft> {
  return value(
    name,
    '<number>',
    'an integer argument',
    (input) => {
      const number = parseInteger(input.value);
      if (number === null) return `'${name}' expects an integer argument (got '${input.value}').`;
      if (number < min) return min === 1 ? `'${name}' has to be > 0.` : `'${name}' must be >= ${min}`;
      if (number > max) return `'${name}' must be <= ${max}`;
      set(input.draft, number);
      return undefined;
    },
    more,
  );
}

function time(
  name: string,
  min: number,
  set: (draft: ServerDraft, value: number) => void,
  more: Flags = {},
): Option<ServerDraft> {
  return value(
    name,
    '<time>',
    'a delay as argument',
    (input) => {
      const result = parseTime(input.value);
      const server = input.draft.name === '' ? 'default-server' : input.draft.name;
      if (typeof result !== 'number') {
        if (result.error === 'character')
          return `unexpected character '${result.character}' in '${name}' argument of server ${server}.`;
        return `timer overflow in argument <${input.value}> to <${name}> of server ${server}, maximum value is 2147483647 ms (~24.8 days).`;
      }
      if (result < min) return `invalid value ${result} for argument '${name}' of server ${server}.`;
      set(input.draft, result);
      return undefined;
    },
    more,
  );
}

/** One of a list of words. */
function choice<T extends string>(
  name: string,
  choices: readonly T[],
  error: (got: string) => string,
  set: (draft: ServerDraft, value: T) => void,
  more: Flags = {},
): Option<ServerDraft> {
  return value(
    name,
    `<${choices.join('|')}>`,
    '<mode> as argument',
    (input) => {
      const found = choices.find((word) => word === input.value);
      if (found === undefined) return error(input.value);
      set(input.draft, found);
      return undefined;
    },
    more,
  );
}

function parseWeight({ draft, value: word }: Input): OptionResult {
  const weight = parseInteger(word);
  if (weight === null || weight < 0 || weight > 256) {
    return `weight of server ${draft.name === '' ? 'default-server' : draft.name} is not within 0 and 256 (${word}).`;
  }
  draft.weight = weight;
  return undefined;
}

function parseId({ draft, value: word }: Input): OptionResult {
  const id = parseInteger(word);
  if (id === null) return "'id' : expects an integer argument";
  if (id <= 0) return "'id' : custom id has to be > 0";
  draft.id = id;
  return undefined;
}

/** `addr` and `port` of checks: `<ip>[:port]`. */
function parseCheckAddress({ draft, value: word }: Input): OptionResult {
  const parsed = parseAddress(word, { names: false });
  if ('error' in parsed) return `'addr' : ${parsed.error}`;
  const { address } = parsed;
  if (address.family !== 'inet' && address.family !== 'inet6')
    return `'addr' : address family not supported in '${word}'`;
  draft.check.addr = address.host;
  if (address.port > 0) draft.check.port = address.port;
  return undefined;
}

function parseAgentAddress({ draft, value: word }: Input): OptionResult {
  const host = word.replace(/^\[(.*)\]$/, '$1');
  const parsed = parseAddress(word, { port: isIP(host) === 6 ? 'none' : 'optional' });
  if ('error' in parsed || !('host' in parsed.address))
    return `parsing agent-addr failed. Check if '${word}' is correct address.`;
  draft.agent.addr = parsed.address.host;
  return undefined;
}

function parseCheckPort({ draft, value: word }: Input): OptionResult {
  const port = parseInteger(word);
  if (port === null || port < 1 || port > 65535) return `'port' : invalid port '${word}'`;
  draft.check.port = port;
  return undefined;
}

function parseAgentPort({ draft, value: word }: Input): OptionResult {
  const port = parseInteger(word);
  if (port === null || port < 1 || port > 65535) return `'agent-port' : invalid port '${word}'`;
  draft.agent.port = port;
  return undefined;
}

const INIT_ADDR = ['libc', 'last', 'none'];

function parseInitAddr({ draft, value: word }: Input): OptionResult {
  const methods = word.split(',');
  for (const method of methods) {
    if (!INIT_ADDR.includes(method) && isIP(method) === 0) {
      return `'init-addr' : unknown init-addr method '${method}', supported methods are 'libc', 'last', 'none'.`;
    }
  }
  if (new Set(methods).size < methods.length)
    return `'init-addr' : too many init-addr methods when trying to add '${methods[methods.length - 1]}'`;
  draft.initAddr = methods;
  return undefined;
}

const RESOLVE_OPTS = ['allow-dup-ip', 'ignore-weight', 'prevent-dup-ip'];

function parseResolveOpts({ draft, value: word }: Input): OptionResult {
  const options = word.split(',');
  const unknown = options.find((option) => !RESOLVE_OPTS.includes(option));
  if (unknown !== undefined) {
    return `'resolve-opts' : unknown resolve-opts option '${unknown}', supported methods are 'allow-dup-ip', 'ignore-weight', and 'prevent-dup-ip'.`;
  }
  draft.resolveOpts = options;
  return undefined;
}

/** Networks that `resolve-net` may name. */
const MAX_NETWORKS = 5;

function parseResolveNet({ draft, value: word }: Input): OptionResult {
  if (word === '') return "'resolve-net' expects a list of networks.";
  const networks = word.split(',');
  const wrong = networks.find((network) => !isNetwork(network));
  if (wrong !== undefined) return `'resolve-net' invalid network '${wrong}'.`;
  if (networks.length > MAX_NETWORKS) return `'resolve-net' exceed ${MAX_NETWORKS} networks.`;
  draft.resolveNet = networks;
  return undefined;
}

function isNetwork(text: string): boolean {
  const [address = '', length, extra] = text.split('/');
  const family = isIP(address);
  if (family === 0 || extra !== undefined) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128));
}

const PROXY_V2_OPTIONS = ['ssl', 'cert-cn', 'cert-key', 'cert-sig', 'ssl-cipher', 'authority', 'crc32c', 'unique-id'];

function parseProxyV2Options({ draft, value: word }: Input): OptionResult {
  const options = word.split(',');
  const unknown = options.find((option) => !PROXY_V2_OPTIONS.includes(option));
  if (unknown !== undefined) return `'${unknown}' : proxy v2 option not implemented`;
  draft.proxyV2Options = [...new Set([...draft.proxyV2Options, ...options])];
  // As in HAProxy: without a version, the header of the first one is sent.
  draft.sendProxy ||= 1;
  return undefined;
}

/** `set-proxy-v2-tlv-fmt(<id>) <fmt>`: a TLV whose value is a log-format. */
function parseProxyTlv({ draft, words, index, value: format }: Input): OptionResult {
  const id = /\((.*)\)$/.exec(words[index]!)?.[1];
  const type = id !== undefined && /^(0x[0-9a-f]+|\d+)$/i.test(id) ? Number(id) : -1;
  if (type < 0 || type > 255) return `'set-proxy-v2-tlv-fmt' : could not convert TLV ID, it is a number from 0 to 255`;
  if (format === '') return `'set-proxy-v2-tlv-fmt' : missing value`;
  draft.proxyTlvs = [...draft.proxyTlvs.filter((tlv) => tlv.type !== type), { type, format }];
  return undefined;
}

function sendProxyV2(draft: ServerDraft, options: readonly string[]): void {
  draft.sendProxy = 2;
  draft.proxyV2Options = [...new Set([...draft.proxyV2Options, ...options])];
}

function sendNoProxyV2(draft: ServerDraft, options: readonly string[]): void {
  if (draft.sendProxy === 2) draft.sendProxy = 0;
  draft.proxyV2Options = draft.proxyV2Options.filter((option) => !options.includes(option));
}

/** Does `source <addr>[:port[-port]] [interface <name>]`; the same form is a proxy keyword. Words read, or the error. */
export function parseSource(
  words: readonly string[],
  index: number,
): { source: SourceConfig; used: number } | { error: string } {
  const word = words[index + 1] ?? '';
  if (word === '') {
    return {
      error:
        "'source' expects <addr>[:<port>[-<port>]], and optionally 'usesrc' <addr>, and 'interface' <name> as argument.",
    };
  }
  const parsed = parseAddress(word, { names: false, range: true });
  if ('error' in parsed) return { error: `'source ${word}' : ${parsed.error}` };
  const { address } = parsed;
  if (address.family !== 'inet' && address.family !== 'inet6')
    return { error: `'source ${word}' : address family not supported` };
  let used = 1;
  let iface: string | null = null;
  let shown: SourceConfig['shown'] = null;
  if (words[index + 2] === 'usesrc') {
    const parsed = parseShownSource(words[index + 3] ?? '');
    if ('error' in parsed) return parsed;
    shown = parsed;
    used = 3;
  }
  if (words[index + used + 1] === 'interface') {
    iface = words[index + used + 2] ?? '';
    if (iface === '') return { error: "'interface' : missing interface name." };
    used += 2;
  }
  const { host, port, portEnd } = address;
  return { source: { shown, host, port, portEnd, interface: iface }, used };
}

function parseSocks4({ draft, value: word }: Input): OptionResult {
  if (word === '') return "'socks4' expects <addr>:<port> as argument.";
  const parsed = parseAddress(word, { names: false, port: 'required' });
  if ('error' in parsed) return `'socks4' : ${parsed.error}`;
  const { address } = parsed;
  if (address.family !== 'inet' && address.family !== 'inet6') return `'socks4' : address family not supported`;
  draft.socks4 = { family: address.family, host: address.host, port: address.port };
  return undefined;
}

function parseServerSource({ draft, words, index }: Input): OptionResult {
  const result = parseSource(words, index);
  if ('error' in result) return result.error;
  draft.source = result.source;
  return result.used;
}

function parseProto({ draft, value: word }: Input): OptionResult {
  if (word !== 'h1' && word !== 'h2') return `'proto' :  unknown MUX protocol '${word}'`;
  draft.proto = word;
  return undefined;
}

function parseCheckProto({ draft, value: word }: Input): OptionResult {
  if (word !== 'h1' && word !== 'h2') return `'check-proto' :  unknown MUX protocol '${word}'`;
  draft.check.proto = word;
  return undefined;
}

const flags: Option<ServerDraft>[] = [
  flag('agent-check', (draft) => {
    draft.agentEnabled = true;
  }),
  flag(
    'no-agent-check',
    (draft) => {
      draft.agentEnabled = false;
    },
    { notDynamic: true },
  ),
  flag('backup', (draft) => {
    draft.backup = true;
  }),
  flag('no-backup', (draft) => {
    draft.backup = false;
  }),
  flag(
    'non-stick',
    (draft) => {
      draft.nonStick = true;
    },
    { notDynamic: true },
  ),
  flag(
    'stick',
    (draft) => {
      draft.nonStick = false;
    },
    { notDynamic: true },
  ),
  flag('check', (draft) => {
    draft.checkEnabled = true;
  }),
  flag(
    'no-check',
    (draft) => {
      draft.checkEnabled = false;
    },
    { notDynamic: true },
  ),
  flag('check-send-proxy', (draft) => {
    draft.check.sendProxy = true;
  }),
  flag(
    'no-check-send-proxy',
    (draft) => {
      draft.check.sendProxy = false;
    },
    { notDynamic: true },
  ),
  flag('disabled', (draft) => {
    draft.disabled = true;
  }),
  flag(
    'enabled',
    (draft) => {
      draft.disabled = false;
    },
    { notDynamic: true },
  ),
  flag('send-proxy', (draft) => {
    draft.sendProxy ||= 1;
  }),
  flag('no-send-proxy', (draft) => {
    if (draft.sendProxy === 1) draft.sendProxy = 0;
  }),
  flag('send-proxy-v2', (draft) => {
    draft.sendProxy = 2;
  }),
  flag('no-send-proxy-v2', (draft) => {
    if (draft.sendProxy === 2) draft.sendProxy = 0;
  }),
  flag('send-proxy-v2-ssl', (draft) => sendProxyV2(draft, ['ssl']), { tls: true }),
  flag('send-proxy-v2-ssl-cn', (draft) => sendProxyV2(draft, ['ssl', 'cert-cn']), { tls: true }),
  flag('no-send-proxy-v2-ssl', (draft) => sendNoProxyV2(draft, ['ssl']), { notDynamic: true, tls: true }),
  flag('no-send-proxy-v2-ssl-cn', (draft) => sendNoProxyV2(draft, ['ssl', 'cert-cn']), {
    notDynamic: true,
    tls: true,
  }),
];

const checks: Option<ServerDraft>[] = [
  value('addr', '<address>', 'an address as argument', parseCheckAddress),
  value('agent-addr', '<address>', 'an address as argument', parseAgentAddress),
  time('agent-inter', 1, (draft, ms) => {
    draft.agent.inter = ms;
  }),
  value('agent-port', '<port>', 'a port number as argument', parseAgentPort),
  text('agent-send', '<string>', 'a string as argument', (draft, word) => {
    draft.agent.send = word;
  }),
  value('check-proto', '<h1|h2>', 'a MUX protocol as argument', parseCheckProto),
  time('downinter', 1, (draft, ms) => {
    draft.check.downinter = ms;
  }),
  integer('error-limit', 1, (draft, number) => {
    draft.errorLimit = number;
  }),
  integer('fall', 1, (draft, number) => {
    draft.check.fall = number;
  }),
  time('fastinter', 1, (draft, ms) => {
    draft.check.fastinter = ms;
  }),
  time('inter', 1, (draft, ms) => {
    draft.check.inter = ms;
  }),
  choice(
    'observe',
    ['none', 'layer4', 'layer7'],
    (got) => `'observe' expects one of 'none', 'layer4', 'layer7' but got '${got}'`,
    (draft, word) => {
      draft.observe = word;
    },
  ),
  choice(
    'on-error',
    ['fastinter', 'fail-check', 'sudden-death', 'mark-down'],
    (got) => `'on-error' expects one of 'fastinter', 'fail-check', 'sudden-death' or 'mark-down' but got '${got}'`,
    (draft, word) => {
      draft.onError = word;
    },
  ),
  choice(
    'on-marked-down',
    ['shutdown-sessions'],
    (got) => `'on-marked-down' expects 'shutdown-sessions' but got '${got}'`,
    (draft, word) => {
      draft.onMarkedDown = word;
    },
  ),
  choice(
    'on-marked-up',
    ['shutdown-backup-sessions'],
    (got) => `'on-marked-up' expects 'shutdown-backup-sessions' but got '${got}'`,
    (draft, word) => {
      draft.onMarkedUp = word;
    },
  ),
  value('port', '<port>', 'a port number as argument', parseCheckPort),
  integer('rise', 1, (draft, number) => {
    draft.check.rise = number;
  }),
  text('track', '[<backend>/]<server>', '[<proxy>/]<server> as argument', (draft, word) => {
    draft.track = word;
  }),
  choice(
    'init-state',
    ['fully-up', 'up', 'down', 'fully-down'],
    (got) => `'init-state' expects one of 'fully-up', 'up', 'down', or 'fully-down' but got '${got}'`,
    (draft, word) => {
      draft.initState = word;
    },
  ),
];

const names: Option<ServerDraft>[] = [
  value('init-addr', '{last|libc|none|<ip>},[...]', 'a list of methods', parseInitAddr, { notDynamic: true }),
  text(
    'resolvers',
    '<section>',
    'a section name as argument',
    (draft, word) => {
      draft.resolvers = word;
    },
    { notDynamic: true },
  ),
  choice(
    'resolve-prefer',
    ['ipv4', 'ipv6'],
    () => "'resolve-prefer' expects either ipv4 or ipv6 as argument.",
    (draft, word) => {
      draft.resolvePrefer = word === 'ipv4' ? 4 : 6;
    },
    { notDynamic: true },
  ),
  {
    name: 'resolve-net',
    takes: 1,
    args: '<network>,[...]',
    status: 'works',
    notDynamic: true,
    parse: parseResolveNet,
  },
  value('resolve-opts', '<option>,[...]', 'a list of options', parseResolveOpts, { notDynamic: true }),
];

const traffic: Option<ServerDraft>[] = [
  choice(
    'log-proto',
    ['legacy', 'octet-count'],
    (got) => `'log-proto' expects one of 'legacy' or 'octet-count' but got '${got}'`,
    (draft, word) => {
      draft.logProto = word;
    },
    { notDynamic: true },
  ),
  text('cookie', '<value>', '<value> as argument', (draft, word) => {
    draft.cookie = word;
  }),
  text(
    'guid',
    '<string>',
    'a string as argument',
    (draft, word) => {
      draft.guid = word;
    },
    { notDefault: true },
  ),
  choice(
    'hash-key',
    ['id', 'addr', 'addr-port'],
    () => "'hash-key' has to be 'id', 'addr', or 'addr-port'",
    (draft, word) => {
      draft.hashKey = word;
    },
  ),
  value('id', '<number>', 'an integer argument', parseId, { notDefault: true }),
  integer('maxconn', 0, (draft, number) => {
    draft.maxconn = number;
  }),
  integer('maxqueue', 0, (draft, number) => {
    draft.maxqueue = number;
  }),
  integer(
    'max-reuse',
    -1,
    (draft, number) => {
      draft.maxReuse = number;
    },
    { notDynamic: true },
  ),
  integer('minconn', 0, (draft, number) => {
    draft.minconn = number;
  }),
  integer('pool-low-conn', 0, (draft, number) => {
    draft.poolLowConn = number;
  }),
  integer('pool-max-conn', -1, (draft, number) => {
    draft.poolMaxConn = number;
  }),
  time('pool-purge-delay', 0, (draft, ms) => {
    draft.poolPurgeDelay = ms;
  }),
  value('proto', '<h1|h2>', 'a MUX protocol as argument', parseProto),
  value('proxy-v2-options', '<option>,[...]', 'a list of options', parseProxyV2Options),
  {
    name: 'set-proxy-v2-tlv-fmt',
    takes: 1,
    args: '(<id>) <fmt>',
    status: 'works',
    parameter: true,
    parse: parseProxyTlv,
  },
  text(
    'redir',
    '<prefix>',
    '<prefix> as argument',
    (draft, word) => {
      draft.redir = word;
    },
    { notDynamic: true },
  ),
  { name: 'socks4', takes: 1, args: '<addr>:<port>', status: 'works', parse: parseSocks4, notDynamic: true },
  text('cc', '<algorithm>', '<algorithm> as argument', (draft, word) => {
    draft.congestion = word;
  }),
  flag('check-via-socks4', (draft) => {
    draft.checkViaSocks4 = true;
  }),
  time('slowstart', 0, (draft, ms) => {
    draft.slowstart = ms;
  }),
  {
    name: 'source',
    takes: 0,
    args: '<addr>[:<port>[-<port>]] [usesrc {<addr2>[:<port2>]|client|clientip|hdr_ip(<header>[,<occurrence>])}] [interface <name>]',
    status: 'works',
    parse: parseServerSource,
  },
  time(
    'tcp-ut',
    0,
    (draft, ms) => {
      draft.tcpUserTimeout = ms;
    },
    { notDynamic: true },
  ),
  value('weight', '<weight>', 'an integer argument', parseWeight),
  {
    name: 'ws',
    takes: 1,
    args: '<auto|h1|h2>',
    status: 'works',
    parse: ({ draft, value: word }) => {
      if (word !== 'auto' && word !== 'h1' && word !== 'h2') return "'ws' has to be 'auto', 'h1' or 'h2'";
      draft.ws = word;
      return undefined;
    },
  },
];

export const SERVER_OPTIONS = new OptionTable<ServerDraft>([
  ...flags,
  ...checks,
  ...names,
  ...traffic,
  ...inertOptions<ServerDraft>('noticed', 'the kernel default is used.', ['tfo', 'no-tfo']),
  ...inertOptions<ServerDraft>('refused', 'Health checks open their own connection.', [
    'check-pool-conn-name <name>',
    'check-reuse-pool',
  ]),
  ...inertOptions<ServerDraft>('noticed', 'health checks open their own connection anyway.', ['no-check-reuse-pool']),
  ...inertOptions<ServerDraft>('refused', 'Write the checks in the backend.', ['healthcheck <section>']),
  ...inertOptions<ServerDraft>('refused', 'Use timeout server and pool-purge-delay.', ['idle-ping <time>']),
  ...inertOptions<ServerDraft>('refused', 'Logs are not balanced over servers.', ['log-bufsize <size>'], {
    notDynamic: true,
  }),
  ...inertOptions<ServerDraft>('refused', 'Start Sluice inside the namespace (ip netns exec).', ['namespace <name>'], {
    notDynamic: true,
  }),
  ...inertOptions<ServerDraft>('refused', 'Connections are matched by address and source.', [
    'pool-conn-name <expression>',
  ]),
  ...inertOptions<ServerDraft>('refused', 'Servers are spoken to over TCP.', ['quic-cc-algo <algorithm>'], {
    notDynamic: true,
  }),
  ...inertOptions<ServerDraft>('refused', 'Stick tables are not exchanged with peers.', ['shard <number>']),
  ...inertOptions<ServerDraft>(
    'refused',
    'maxconn counts connections that carry a request; idle ones are bounded by pool-max-conn.',
    ['strict-maxconn'],
  ),
  ...inertOptions<ServerDraft>('refused', 'Protect the connection by other means.', ['tcp-md5sig <password>'], {
    notDynamic: true,
  }),
  {
    name: 'usesrc',
    takes: 1,
    args: '<addr>',
    status: 'works',
    parse: () => "'usesrc' only allowed after a 'source' statement",
  },
  ...SERVER_TLS_OPTIONS,
]);
