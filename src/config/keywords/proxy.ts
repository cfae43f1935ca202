/** Keywords of `defaults`, `frontend`, `backend` and `listen` sections (manual, section 4). */

import type { ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import { parseInteger } from '../units.ts';
import { integerArgument, wordArgument } from './arguments.ts';
import { BALANCE_KEYWORDS } from './balance.ts';
import { CHECK_KEYWORDS } from './checks.ts';
import { COMPRESSION_KEYWORDS } from './compression.ts';
import { COOKIE_KEYWORDS } from './cookie.ts';
import { END_KEYWORDS } from './ends.ts';
import { ERROR_KEYWORDS } from './errors.ts';
import { FILTER_KEYWORDS } from './filter.ts';
import { KEEP_ALIVE_KEYWORDS } from './keep-alive.ts';
import { type LogDraft, parseLogTarget } from './log.ts';
import { parseLogSteps } from './log-profile.ts';
import { parseEmailAlert } from './mailers.ts';
import { warnOverride } from './options.ts';
import { RULE_KEYWORDS } from './rules.ts';
import { inSections } from './sections.ts';
import { parseSslUse } from './ssl-f-use.ts';
import { STATS_KEYWORDS } from './stats.ts';
import { STICK_KEYWORDS } from './stick.ts';
import { gone, type Keyword, KeywordTable, noticed, refused, remark, works } from './table.ts';
import { TIMEOUT_KEYWORDS } from './timeouts.ts';

type Row = Keyword<ProxyDraft>;

const EVERYWHERE = { sections: inSections('DFLB') };
const FRONTEND = { sections: inSections('DFL') };
const BACKEND = { sections: inSections('DLB') };

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
  else if (line.atMost(1)) proxy.config.serverStateFileName = name === 'use-backend-name' ? null : name;
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

function parseSessionConnections(line: Line, proxy: ProxyDraft): void {
  if (line.word(1) === '') return line.alert("'max-session-srv-conns' expects a number. Got no argument");
  const value = plainInteger(line, 1, 'max-session-srv-conns');
  if (value !== null) proxy.config.maxSessionSrvConns = value;
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

/** The cookie of terminal servers in token redirection mode. */
const RDP_COOKIE = 'msts';

function parsePersist(line: Line, proxy: ProxyDraft): void {
  const method = line.word(1);
  if (method === '') return line.alert('missing persist method.');
  if (!method.startsWith('rdp-cookie')) return line.alert('unknown persist method.');
  const name = method === 'rdp-cookie' ? RDP_COOKIE : /^rdp-cookie\(([^(),'"\\\s]+)\)$/.exec(method)?.[1];
  if (name === undefined) return line.alert("'persist rdp-cookie(name)' requires an rdp cookie name.");
  if (line.atMost(1)) proxy.config.rdpCookie = name;
  return undefined;
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

const identity: Row[] = [
  works('mode', '{tcp|http}', parseMode, EVERYWHERE),
  works('email-alert', '{from|level|mailers|myhostname|to} <value>', parseEmailAlert, EVERYWHERE),
  works('ssl-f-use', 'crt <file> [<option>...]', parseSslUse, { sections: inSections('FL') }),
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
    'be-unpublished',
    '',
    (line, proxy) => {
      if (line.atMost(0)) proxy.config.unpublished = true;
    },
    { sections: inSections('LB') },
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
  works('max-session-srv-conns', '<number>', parseSessionConnections, FRONTEND),
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
  works('persist', 'rdp-cookie[(<name>)]', parsePersist, BACKEND),
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
    'log-steps',
    '{all|<step>[,<step>...]}',
    (line, proxy) => {
      const steps = line.atMost(1) ? parseLogSteps(line) : null;
      if (steps !== null) proxy.config.logSteps = [...steps];
    },
    FRONTEND,
  ),
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

const inert: Row[] = [...noticed<ProxyDraft>('there is one process.', ['bind-process <set>'], EVERYWHERE)];

const refusals: Row[] = [
  ...refused<ProxyDraft>('Put a web server that speaks FastCGI in front of the application.', ['use-fcgi-app <name>'], {
    sections: inSections('LB'),
  }),
  ...refused<ProxyDraft>('HTTP/1.1 and HTTP/2 are served.', ['quic-initial <action>'], { sections: inSections('DFL') }),
  ...gone<ProxyDraft>("Use 'timeout client'.", ['clitimeout <time>'], FRONTEND),
  ...gone<ProxyDraft>("Use 'timeout connect'.", ['contimeout <time>'], BACKEND),
  ...gone<ProxyDraft>("Use 'timeout server'.", ['srvtimeout <time>'], BACKEND),
  ...gone<ProxyDraft>("Use 'http-request deny'.", ['block {if|unless} <condition>'], {
    sections: inSections('FLB'),
  }),
  ...gone<ProxyDraft>("Use 'http-request return status 200 if { src ... }'.", ['monitor-net <network>'], FRONTEND),
  ...gone<ProxyDraft>("Use 'option redispatch'.", ['redispatch', 'redisp'], BACKEND),
  ...gone<ProxyDraft>(
    'Cookies of applications are followed no more: use a cookie of our own.',
    ['appsession <cookie>'],
    BACKEND,
  ),
  ...gone<ProxyDraft>(
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
  ...END_KEYWORDS,
  ...limits,
  ...routing,
  ...BALANCE_KEYWORDS,
  ...COOKIE_KEYWORDS,
  ...KEEP_ALIVE_KEYWORDS,
  ...TIMEOUT_KEYWORDS,
  ...RULE_KEYWORDS,
  ...CHECK_KEYWORDS,
  ...COMPRESSION_KEYWORDS,
  ...FILTER_KEYWORDS,
  ...ERROR_KEYWORDS,
  ...STATS_KEYWORDS,
  ...STICK_KEYWORDS,
  ...logging,
  ...inert,
  ...refusals,
]);
