/** Keywords of `defaults`, `frontend`, `backend` and `listen` sections (manual, section 4). */

import { parseAddress } from '../address.ts';
import { parseBindLine } from '../bind.ts';
import type { ProxyDraft } from '../draft.ts';
import type { ServerDraft } from '../draft-server.ts';
import type { Line } from '../line.ts';
import { expandTemplate, readDefaultServer, readServer, templateRange } from '../server.ts';
import type { Address } from '../types.ts';
import { parseInteger } from '../units.ts';
import { integerArgument, wordArgument } from './arguments.ts';
import { BALANCE_KEYWORDS } from './balance.ts';
import { CHECK_KEYWORDS } from './checks.ts';
import { COOKIE_KEYWORDS } from './cookie.ts';
import { ERROR_KEYWORDS } from './errors.ts';
import { type LogDraft, parseLogTarget } from './log.ts';
import type { OptionReport } from './option.ts';
import { warnOverride } from './options.ts';
import { RULE_KEYWORDS } from './rules.ts';
import { inSections } from './sections.ts';
import { parseSource } from './server.ts';
import { STATS_KEYWORDS } from './stats.ts';
import { type Keyword, KeywordTable, noticed, refused, remark, works } from './table.ts';
import { TIMEOUT_KEYWORDS } from './timeouts.ts';

type Row = Keyword<ProxyDraft>;

const EVERYWHERE = { sections: inSections('DFLB') };
const FRONTEND = { sections: inSections('DFL') };
const BACKEND = { sections: inSections('DLB') };

/** Tells what an option table said about the options of `line`; false when there was a mistake. */
export function reportOptions(line: Line, report: OptionReport, prefix: string, form: 'parsing' | 'server'): boolean {
  for (const warning of report.warnings) line.warning(`${prefix}${warning}`, form);
  // Options that belong together (`ssl crt ... alpn ...`) are refused for one reason: it is said once.
  const said = new Set<string>();
  for (const { option, status, why } of report.remarks) {
    if (status === 'refused' && said.has(why)) continue;
    said.add(why);
    remark(line, option, status, why);
  }
  return report.error === null;
}

function parseMode(line: Line, proxy: ProxyDraft): void {
  const mode = line.word(1);
  if (mode === 'http' || mode === 'tcp') {
    if (!line.atMost(1)) return;
    proxy.config.mode = mode;
    proxy.config.modeSet = true;
  } else if (mode === 'health')
    line.alert("'mode health' doesn't exist anymore. Please use 'http-request return status 200' instead.");
  else if (mode === 'log' || mode === 'spop' || mode === 'haterm')
    remark(line, `mode ${mode}`, 'refused', "Use 'mode tcp' or 'mode http'.");
  else line.alert(`unknown proxy mode '${mode}'.`);
}

function parseBind(line: Line, proxy: ProxyDraft): void {
  const addresses = line.word(1);
  if (addresses === '')
    return line.alert("'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.");
  const { prefix, ...unix } = line.context.config.unixBind;
  const { binds, addressError, report } = parseBindLine(line.words.slice(1), { at: line.at, unixPrefix: prefix, unix });
  if (addressError !== null) return line.alert(`'bind' : ${addressError}`);
  const where = `'bind ${addresses}' in section '${line.section}'`;
  if (!reportOptions(line, report, `${where} : `, 'parsing')) {
    return line.alert(
      report.error!.kind === 'unknown'
        ? `${where}: ${report.error!.text}.`.replace(/ \?\.$/, ' ?')
        : `${where} : ${report.error!.text}`,
    );
  }
  for (const bind of binds) {
    if (bind.id !== null && proxy.bindIds.has(bind.id))
      return line.alert(`${where} : 'id' : custom id ${bind.id} already used in this proxy.`);
    if (bind.id !== null) proxy.bindIds.add(bind.id);
    proxy.config.binds.push(bind);
  }
}

/** Adds a server that was read without mistake; its name and forced id must be new. */
function addServer(line: Line, proxy: ProxyDraft, server: ServerDraft): void {
  const { name } = proxy.config;
  if (server.id !== null) {
    const other = proxy.serverIds.get(server.id);
    if (other !== undefined) {
      const where = `${other.at.file}:${other.at.line}`;
      return line.alert(
        `'server ${name}/${server.name}' : 'id' : custom id ${server.id} already used at ${where} ('server ${other.name}').`,
        'server',
      );
    }
    proxy.serverIds.set(server.id, server);
  }
  const twin = proxy.serverNames.get(server.name);
  if (twin !== undefined) {
    return line.alert(
      `${proxy.kind === 'listen' ? 'proxy' : proxy.kind} '${name}', another server named '${server.name}' was already defined at line ${twin.at.line}, please use distinct names.`,
    );
  }
  proxy.serverNames.set(server.name, server);
  proxy.servers.push(server);
}

/** The server's mistakes and remarks; null when there was a mistake. */
function readServerLine(line: Line, proxy: ProxyDraft, words: readonly string[]): ServerDraft | null {
  const { draft, error, report } = readServer(words, proxy.defaultServer, line.at);
  const where = words.length < 2 ? '' : `'server ${proxy.config.name}/${draft.name}' : `;
  reportOptions(line, report, where, 'server');
  if (error === null) return draft;
  line.alert(error.startsWith('character ') ? error : `${where}${error}`, 'server');
  return null;
}

function parseServer(line: Line, proxy: ProxyDraft): void {
  const server = readServerLine(line, proxy, line.words.slice(1));
  if (server !== null) addServer(line, proxy, server);
}

function parseServerTemplate(line: Line, proxy: ProxyDraft): void {
  const [, prefix, count, ...rest] = line.words;
  if (prefix === undefined || count === undefined || rest.length === 0) {
    return line.alert("'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments.", 'server');
  }
  const range = templateRange(count);
  if (range === null) return line.alert(`Wrong server-template number or range arg '${count}'.`, 'server');
  const model = readServerLine(line, proxy, [prefix, ...rest]);
  if (model === null) return;
  for (const server of expandTemplate(model, prefix, range)) addServer(line, proxy, server);
}

function parseDefaultServer(line: Line, proxy: ProxyDraft): void {
  const report = readDefaultServer(line.words.slice(1), proxy.defaultServer);
  if (reportOptions(line, report, '', 'server')) return;
  const { text, kind } = report.error!;
  line.alert(
    kind === 'unknown'
      ? `${text}${text.endsWith('?') ? '' : '.'} Hint: no address was expected for this server.`
      : text,
    'server',
  );
}

function parseId(line: Line, proxy: ProxyDraft): void {
  if (line.word(1) === '') return line.alert("'id' expects an integer argument.", 'reader');
  const id = parseInteger(line.word(1));
  if (id === null || id <= 0) return line.alert('custom id has to be > 0.', 'reader');
  const { proxiesById } = line.context.config;
  const other = proxiesById.get(id);
  if (other !== undefined && other !== proxy) {
    const { kind, name, at } = other.config;
    return line.alert(
      `${proxy.kind} ${proxy.config.name} reuses same custom id as ${kind} ${name} (declared at ${at.file}:${at.line}).`,
      'reader',
    );
  }
  if (!line.atMost(1)) return;
  proxiesById.set(id, proxy);
  proxy.config.id = id;
  proxy.config.idForced = true;
}

function parseRetryOn(line: Line, proxy: ProxyDraft): void {
  const words = line.words.slice(1);
  if (words.length === 0) return line.alert("'retry-on' needs at least one keyword to specify when to retry.");
  if (words.includes('none') && words.length > 1) return line.alert("'retry-on' 'none' keyword only usable alone");
  const unknown = words.find((word) => !RETRY_ON.includes(word));
  if (unknown !== undefined) return line.alert(`'retry-on': unknown keyword '${unknown}'`);
  proxy.config.retryOn = words;
}

const RETRY_ON = [
  'none',
  'conn-failure',
  'empty-response',
  'junk-response',
  'response-timeout',
  '0rtt-rejected',
  'all-retryable-errors',
  '401',
  '403',
  '404',
  '408',
  '421',
  '425',
  '429',
  '500',
  '501',
  '502',
  '503',
  '504',
];

function parseHttpReuse(line: Line, proxy: ProxyDraft): void {
  const mode = line.word(1);
  if (mode !== 'never' && mode !== 'safe' && mode !== 'aggressive' && mode !== 'always') {
    return line.alert("'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.");
  }
  if (line.atMost(1)) proxy.config.httpReuse = mode;
}

function parseProxySource(line: Line, proxy: ProxyDraft): void {
  if (line.word(1) === '')
    return line.alert("'source' expects <addr>[:<port>], and optionally 'usesrc' <addr>, and 'interface' <name>.");
  const result = parseSource(line.words, 0);
  if ('error' in result) return line.alert(result.error);
  if (line.atMost(result.used)) proxy.config.source = result.source;
}

function parseDispatch(line: Line, proxy: ProxyDraft): void {
  const parsed = parseAddress(line.word(1), { port: 'required' });
  if ('error' in parsed) line.alert(`'dispatch' : ${parsed.error}`);
  else if (line.atMost(1)) proxy.config.dispatch = parsed.address as Address;
}

function parseLoadState(line: Line, proxy: ProxyDraft): void {
  const word = line.word(1);
  if (word !== 'global' && word !== 'local' && word !== 'none') {
    return line.alert(`'load-server-state-from-file' expects 'global', 'local' or 'none'. Got '${word}'`);
  }
  if (line.atMost(1)) proxy.config.serverStateFile = word;
}

function parseStateFileName(line: Line, proxy: ProxyDraft): void {
  const name = line.word(1);
  if (name === '') line.alert("'server-state-file-name' expects 'use-backend-name' or a string. Got no argument");
  else if (line.atMost(1)) proxy.config.serverStateFileName = name === 'use-backend-name' ? proxy.config.name : name;
}

function parseRateLimit(line: Line, proxy: ProxyDraft): void {
  if (line.word(1) !== 'sessions') return line.alert(`'rate-limit' only supports 'sessions' (got '${line.word(1)}')`);
  const value = plainInteger(line, 2, 'rate-limit sessions');
  if (value !== null) proxy.config.rateLimitSessions = value;
}

function parseKeepAliveQueue(line: Line, proxy: ProxyDraft): void {
  const value = plainInteger(line, 1, 'max-keep-alive-queue');
  if (value !== null) proxy.config.maxKeepAliveQueue = value;
}

function plainInteger(line: Line, index: number, keyword: string): number | null {
  const text = line.word(index);
  if (text === '') line.alert(`'${keyword}' expects an integer value`);
  const value = parseInteger(text);
  if (text !== '' && value === null)
    line.alert(`'${keyword}' : unexpected character '${/[^0-9]/.exec(text)?.[0] ?? ''}' in integer value '${text}'`);
  return value !== null && line.atMost(1, index) ? value : null;
}

function parseRetries(line: Line, proxy: ProxyDraft): void {
  if (line.word(1) === '') return line.alert("'retries' expects an integer argument (dispatch counts for one).");
  const value = integerArgument(line);
  if (value !== null) proxy.config.retries = value;
}

function parseLog(line: Line, proxy: ProxyDraft): void {
  if (line.prefix === 'no') {
    if (line.words.length > 1) line.alert("'no log' does not expect arguments");
    else proxy.config.logs = [];
    return;
  }
  if (line.word(1) === 'global') {
    if (!line.atMost(1)) return;
    proxy.config.logs.push(...structuredClone(line.context.config.global.logs));
    return;
  }
  const target = parseLogTarget(line, '<address> and <facility> or global');
  if (target !== null) proxy.config.logs.push(target as LogDraft & { format: 'local' });
}

/** One word of log-format; `kind` names the setting. */
function logFormat(key: 'logFormat' | 'logFormatSd' | 'errorLogFormat' | 'uniqueIdFormat', keyword: string): Row {
  const parse = (line: Line, proxy: ProxyDraft) => {
    if (line.word(1) === '') return line.alert(`${keyword} expects an argument.`);
    if (line.word(2) !== '') return line.alert(`${keyword} expects only one argument, don't forget to escape spaces!`);
    if (proxy.kind === 'backend' && key !== 'uniqueIdFormat')
      line.warning(`backend '${proxy.config.name}' : '${keyword}' directive is ignored in backends.`);
    if (key === 'logFormat') {
      if (proxy.kind === 'defaults') warnOverride(line, proxy, keyword);
      proxy.logFormatFrom = keyword;
    }
    proxy.config[key] = line.from(1) as { words: string[]; at: typeof line.at };
    return undefined;
  };
  const sections = inSections(key === 'uniqueIdFormat' ? 'DFL' : 'DFLB');
  return works<ProxyDraft>(keyword, '<format>', parse, { sections });
}

function parsePersist(line: Line, proxy: ProxyDraft): void {
  const method = line.word(1);
  if (method === '') return line.alert('missing persist method.');
  if (!method.startsWith('rdp-cookie')) return line.alert('unknown persist method.');
  remark(line, 'persist rdp-cookie', 'refused', 'Use balance source or a cookie.');
  return void proxy;
}

/** A keyword with one word that is kept as it is. */
function word(
  name: string,
  args: string,
  expects: string,
  set: (proxy: ProxyDraft, value: string, line: Line) => void,
  more: Partial<Row>,
): Row {
  const parse = (line: Line, proxy: ProxyDraft) => {
    const value = wordArgument(line, expects);
    if (value !== null) set(proxy, value, line);
  };
  return works<ProxyDraft>(name, args, parse, more);
}

/** A keyword with one number. */
function number(name: string, set: (proxy: ProxyDraft, value: number) => void, more: Partial<Row>): Row {
  const parse = (line: Line, proxy: ProxyDraft) => {
    const value = integerArgument(line);
    if (value !== null) set(proxy, value);
  };
  return works<ProxyDraft>(name, '<number>', parse, more);
}

const ends: Row[] = [
  works('bind', '[<address>]:<port>[,...] [<options>]', parseBind, { sections: inSections('FL') }),
  works('server', '<name> <address>[:<port>] [<options>]', parseServer, { sections: inSections('LB'), strict: true }),
  works('server-template', '<prefix> <count|range> <address>[:<port>] [<options>]', parseServerTemplate, {
    sections: inSections('LB'),
    strict: true,
  }),
  works('default-server', '<options>', parseDefaultServer, { sections: inSections('DLB'), strict: true }),
  works('dispatch', '<address>:<port>', parseDispatch, { sections: inSections('LB') }),
  works('source', '<address>[:<port>] [interface <name>]', parseProxySource, BACKEND),
];

const identity: Row[] = [
  works('mode', '{tcp|http}', parseMode, EVERYWHERE),
  works('id', '<number>', parseId, { sections: inSections('FLB') }),
  word(
    'guid',
    '<string>',
    'a string as argument',
    (proxy, value) => {
      proxy.config.guid = value;
    },
    { sections: inSections('FLB') },
  ),
  works(
    'description',
    '<text>',
    (line, proxy) => {
      if (line.word(1) === '') line.alert("'description' expects a string argument.", 'reader');
      else proxy.config.description = line.words.slice(1).join(' ');
    },
    { sections: inSections('FLB') },
  ),
  works(
    'disabled',
    '',
    (line, proxy) => {
      if (line.atMost(0)) proxy.config.disabled = true;
    },
    EVERYWHERE,
  ),
  works(
    'enabled',
    '',
    (line, proxy) => {
      if (line.atMost(0)) proxy.config.disabled = false;
    },
    EVERYWHERE,
  ),
];

const limits: Row[] = [
  number(
    'maxconn',
    (proxy, value) => {
      proxy.config.maxconn = value;
    },
    { ...FRONTEND, hint: "Maybe you want 'fullconn' instead ?" },
  ),
  number(
    'fullconn',
    (proxy, value) => {
      proxy.config.fullconn = value;
    },
    { ...BACKEND, hint: "Maybe you want 'maxconn' instead ?" },
  ),
  number(
    'backlog',
    (proxy, value) => {
      proxy.config.backlog = value;
    },
    FRONTEND,
  ),
  works('rate-limit', 'sessions <number>', parseRateLimit, FRONTEND),
  works('max-keep-alive-queue', '<number>', parseKeepAliveQueue, BACKEND),
  works('retries', '<number>', parseRetries, BACKEND),
  works('retry-on', '<keyword> ...', parseRetryOn, BACKEND),
];

const routing: Row[] = [
  works(
    'default_backend',
    '<backend>',
    (line, proxy) => {
      const name = wordArgument(line, 'a backend name');
      if (name === null) return;
      proxy.config.defaultBackend = name;
      proxy.defaultBackendAt = line.at;
    },
    FRONTEND,
  ),
  works('http-reuse', '{never|safe|aggressive|always}', parseHttpReuse, BACKEND),
  works('persist', 'rdp-cookie[(<name>)]', parsePersist, { ...BACKEND, status: 'works', group: true }),
  works(
    'http-send-name-header',
    '<header>',
    (line, proxy) => {
      if (line.word(1) === '') line.alert("'http-send-name-header' requires a header string.");
      else if (line.atMost(1)) proxy.config.httpSendNameHeader = line.word(1);
    },
    BACKEND,
  ),
  word(
    'monitor-uri',
    '<uri>',
    'an URI',
    (proxy, value) => {
      proxy.config.monitorUri = value;
    },
    FRONTEND,
  ),
  works('load-server-state-from-file', '{global|local|none}', parseLoadState, BACKEND),
  works('server-state-file-name', '{<file>|use-backend-name}', parseStateFileName, BACKEND),
];

const logging: Row[] = [
  works(
    'log',
    '{global|<target> [len <length>] [format <format>] [sample <ranges>:<size>] <facility> [<level> [<minlevel>]]}',
    parseLog,
    { ...EVERYWHERE, negatable: true },
  ),
  logFormat('logFormat', 'log-format'),
  logFormat('logFormatSd', 'log-format-sd'),
  logFormat('errorLogFormat', 'error-log-format'),
  logFormat('uniqueIdFormat', 'unique-id-format'),
  works(
    'unique-id-header',
    '<name>',
    (line, proxy) => {
      if (line.word(1) === '') line.alert('unique-id-header expects an argument.');
      else if (line.atMost(1)) proxy.config.uniqueIdHeader = line.word(1);
    },
    FRONTEND,
  ),
  works(
    'log-tag',
    '<string>',
    (line, proxy) => {
      if (line.word(1) === '') line.alert("'log-tag' expects a tag for use in syslog.");
      else if (line.atMost(1)) proxy.config.logTag = line.word(1);
    },
    EVERYWHERE,
  ),
];

const KEEPALIVE = 'the kernel default between probes is used; option clitcpka and srvtcpka turn them on.';

const inert: Row[] = [
  ...noticed<ProxyDraft>(
    KEEPALIVE,
    ['clitcpka-cnt <number>', 'clitcpka-idle <time>', 'clitcpka-intvl <time>'],
    FRONTEND,
  ),
  ...noticed<ProxyDraft>(
    KEEPALIVE,
    ['srvtcpka-cnt <number>', 'srvtcpka-idle <time>', 'srvtcpka-intvl <time>'],
    BACKEND,
  ),
  ...noticed<ProxyDraft>('there is one process.', ['bind-process <set>'], EVERYWHERE),
];

const NO_TABLES = 'Stick tables are not built into this version.';

const refusals: Row[] = [
  ...refused<ProxyDraft>(NO_TABLES, ['stick-table <settings>'], { sections: inSections('FLB') }),
  ...refused<ProxyDraft>(
    `${NO_TABLES} Use a cookie or balance source.`,
    ['stick {match|on|store-request|store-response} <expression>'],
    { sections: inSections('LB') },
  ),
  ...refused<ProxyDraft>('Let the servers compress.', ['compression {algo|type|offload|direction|...}'], EVERYWHERE),
  ...refused<ProxyDraft>(
    'Remove it: there are no filters here.',
    ['filter <name> [...]', 'filter-sequence {request|response} <list>'],
    { sections: inSections('DFLB') },
  ),
  ...refused<ProxyDraft>('Put a web server that speaks FastCGI in front of the application.', ['use-fcgi-app <name>'], {
    sections: inSections('LB'),
  }),
  ...refused<ProxyDraft>('HTTP/1.1 and HTTP/2 are served.', ['quic-initial <action>'], { sections: inSections('DFL') }),
  ...refused<ProxyDraft>('There is no TLS in this version.', ['ssl-f-use <options>'], {
    sections: inSections('FL'),
  }),
  ...refused<ProxyDraft>(
    'Watch the state changes in the log.',
    ['email-alert {from|level|mailers|myhostname|to} <value>'],
    EVERYWHERE,
  ),
  ...refused<ProxyDraft>('A session is logged once, at its end.', ['log-steps <steps>'], FRONTEND),
  ...refused<ProxyDraft>('Use server lines.', ['transparent'], BACKEND),
  ...refused<ProxyDraft>("Use 'timeout client'.", ['clitimeout <time>'], FRONTEND),
  ...refused<ProxyDraft>("Use 'timeout connect'.", ['contimeout <time>'], BACKEND),
  ...refused<ProxyDraft>("Use 'timeout server'.", ['srvtimeout <time>'], BACKEND),
  ...refused<ProxyDraft>("Use 'http-request deny'.", ['block {if|unless} <condition>'], {
    sections: inSections('FLB'),
  }),
  ...refused<ProxyDraft>("Use 'http-request return status 200 if { src ... }'.", ['monitor-net <network>'], FRONTEND),
  ...refused<ProxyDraft>("Use 'option redispatch'.", ['redispatch', 'redisp'], BACKEND),
  ...refused<ProxyDraft>(
    'Cookies of applications are followed no more: use a cookie of our own.',
    ['appsession <cookie>'],
    BACKEND,
  ),
  ...refused<ProxyDraft>(
    'Use http-request and http-response rules.',
    [
      'reqadd',
      'reqallow',
      'reqiallow',
      'reqdel',
      'reqidel',
      'reqdeny',
      'reqideny',
      'reqpass',
      'reqipass',
      'reqrep',
      'reqirep',
      'reqtarpit',
      'reqitarpit',
      'rspadd',
      'rspdel',
      'rspidel',
      'rspdeny',
      'rspideny',
      'rsprep',
      'rspirep',
    ],
    EVERYWHERE,
  ),
];

export const PROXY_KEYWORDS = new KeywordTable<ProxyDraft>([
  ...identity,
  ...ends,
  ...limits,
  ...routing,
  ...BALANCE_KEYWORDS,
  ...COOKIE_KEYWORDS,
  ...TIMEOUT_KEYWORDS,
  ...RULE_KEYWORDS,
  ...CHECK_KEYWORDS,
  ...ERROR_KEYWORDS,
  ...STATS_KEYWORDS,
  ...logging,
  ...inert,
  ...refusals,
]);
