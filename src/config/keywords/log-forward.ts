/** Keywords of `log-forward` sections (manual, section 3.10). */

import { parseBindLine } from '../bind.ts';
import type { Draft } from '../draft.ts';
import { newBind } from '../draft-server.ts';
import type { Line } from '../line.ts';
import type { BindConfig, LogForwardConfig } from '../types.ts';
import { integerArgument, timeText } from './arguments.ts';
import { reportOptions } from './ends.ts';
import { parseLogTarget } from './log.ts';
import { KeywordTable, works } from './table.ts';

type LogForward = Draft<LogForwardConfig>;

/** HAProxy's default, too. */
const MAX_CONNECTIONS = 10;

/** A section that receives nothing yet. */
export function newLogForward(name: string, at: LogForwardConfig['at']): LogForward {
  return {
    ...{ name, at, binds: [], datagramBinds: [], logs: [], maxconn: MAX_CONNECTIONS, backlog: null },
    ...{ timeoutClient: null, unparsed: false, linesOnly: false, host: 'keep' },
  };
}

/** What `bind` options can say of sockets for logs. */
const OF_DATAGRAMS = ['at', 'address', 'id', 'name', 'v6only', 'v4v6'] as const satisfies readonly (keyof BindConfig)[];
const OF_STREAMS = [
  ...OF_DATAGRAMS,
  ...(['backlog', 'interface', 'transparent', 'deferAccept', 'mss', 'tfo', 'congestion', 'tcpUserTimeout'] as const),
];

/** `bind` and `dgram-bind`. */
function bindKeyword(
  keyword: 'bind' | 'dgram-bind',
  key: 'binds' | 'datagramBinds',
  allowed: readonly (keyof BindConfig)[],
) {
  const parse = (line: Line, draft: LogForward): void => {
    const addresses = line.word(1);
    if (addresses === '') return line.alert(`'${keyword}' expects {[addr]:port[-end]}{,[addr]:port[-end]}...`);
    // The type of socket is the keyword's; `udp@` may say so again.
    const words = [keyword === 'bind' ? addresses : addresses.replace(/(^|,)udp([46]?)@/g, asInet)];
    const { binds, addressError, report } = parseBindLine([...words, ...line.words.slice(2)], {
      at: line.at,
      tls: null,
    });
    const where = `'${keyword} ${addresses}'`;
    if (addressError !== null) return line.alert(`${where} : ${addressError}`);
    if (!reportOptions(line, report, `${where} : `, 'parsing')) return line.alert(`${where} : ${report.error!.text}`);
    for (const bind of binds) {
      if (bind.address.family !== 'inet' && bind.address.family !== 'inet6')
        return line.alert(`${where} : expects addresses of IPv4 or IPv6, each with a port.`);
      const plain = newBind(line.at, bind.address);
      const other = (Object.keys(plain) as (keyof BindConfig)[]).find(
        (name) => !allowed.includes(name) && bind[name] !== plain[name],
      );
      if (other !== undefined) return line.alert(`${where} : an option has no meaning for logs (${other}).`);
      draft[key].push(bind);
    }
    return undefined;
  };
  return works<LogForward>(keyword, '<address> [<options>]', parse);
}

const asInet = (_all: string, before: string, version: string): string =>
  `${before}${version === '' ? '' : `ipv${version}@`}`;

function parseLog(line: Line, draft: LogForward): void {
  if (line.prefix === 'no') {
    if (line.words.length > 1) return line.alert("'no log' does not expect arguments");
    draft.logs = [];
    return undefined;
  }
  if (line.word(1) === 'global') {
    if (line.atMost(1)) draft.logs.push(...structuredClone(line.context.config.global.logs));
    return undefined;
  }
  const target = parseLogTarget(line, '<address> and <facility> or global');
  if (target === null) return undefined;
  if (target.profileName !== undefined)
    return line.alert("log : 'profile' is for the logs of proxies: what is forwarded has no steps.");
  draft.logs.push(target);
  return undefined;
}

const HOSTS = ['keep', 'fill', 'replace', 'append'] as const;

function parseHost(line: Line, draft: LogForward): void {
  const host = HOSTS.find((one) => one === line.word(2));
  if (host === undefined) line.alert(`'option host' expects {fill|replace|keep|append}, but got '${line.word(2)}'.`);
  else if (line.atMost(1, 2)) draft.host = host;
}

function flag(name: string, key: 'unparsed' | 'linesOnly') {
  const parse = (line: Line, draft: LogForward) => {
    if (line.atMost(0, 2)) draft[key] = line.prefix !== 'no';
  };
  return works<LogForward>(`option ${name}`, '', parse, { negatable: true });
}

export const LOG_FORWARD_KEYWORDS = new KeywordTable<LogForward>([
  works<LogForward>('backlog', '<number>', (line, draft) => {
    const value = integerArgument(line);
    if (value !== null) draft.backlog = value;
  }),
  bindKeyword('bind', 'binds', OF_STREAMS),
  bindKeyword('dgram-bind', 'datagramBinds', OF_DATAGRAMS),
  works<LogForward>('log', '{global|<target> [<options>] <facility> [<level> [<minlevel>]]}', parseLog, {
    negatable: true,
  }),
  works<LogForward>('maxconn', '<number>', (line, draft) => {
    const value = integerArgument(line);
    if (value !== null) draft.maxconn = value;
  }),
  flag('assume-rfc6587-ntf', 'linesOnly'),
  flag('dont-parse-log', 'unparsed'),
  works<LogForward>('option host', '{fill|replace|keep|append}', parseHost),
  works<LogForward>('timeout client', '<time>', (line, draft) => {
    if (line.word(2) === '') return line.alert('missing timeout client value.');
    const value = timeText(line, line.word(2), "'timeout client'");
    if (value !== null && line.atMost(1, 2)) draft.timeoutClient = value === 0 ? null : value;
    return undefined;
  }),
]);
