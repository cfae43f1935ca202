/** The `option ...` lines of proxies (manual, section 4.2). */

import { parseNetwork } from '../../util/ip.ts';
import type { ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import { parseInteger } from '../units.ts';
import { CHECK_TYPES } from './check-types.ts';
import { forwardedOption } from './option-forwarded.ts';
import { inSections } from './sections.ts';
import { gone, type Keyword, KeywordTable, noticed, works } from './table.ts';

type Row = Keyword<ProxyDraft>;

/** Turns `name` on or off in the list of switches that are on. */
export function setOption(proxy: ProxyDraft, name: string, on: boolean): void {
  const { options } = proxy.config;
  const index = options.indexOf(name);
  if (on && index < 0) options.push(name);
  else if (!on && index >= 0) options.splice(index, 1);
}

/** A switch: `option x`, `no option x`, `default option x`. */
function toggle(name: string, letters: string, more: Partial<Row> = {}): Row {
  const parse = (line: Line, proxy: ProxyDraft) => {
    if (line.atMost(0, 2)) setOption(proxy, name, line.prefix === '');
  };
  return works(name, '', parse, { sections: inSections(letters), negatable: true, ...more });
}

/** A switch of HTTP proxies. */
function httpToggle(name: string, letters: string): Row {
  return toggle(name, letters, { needsHttp: true });
}

/** The old name of a switch. */
function renamed(name: string, now: string, letters: string): Row {
  const parse = (line: Line, proxy: ProxyDraft) => {
    line.warning(`option '${name}' is deprecated. Please use '${now}' if absolutely needed.`);
    if (line.atMost(0, 2)) setOption(proxy, now, line.prefix === '');
  };
  return works(name, '', parse, { sections: inSections(letters), negatable: true, needsHttp: true });
}

/** HTTP proxies have it unless they say no (since HAProxy 3.3), so that a no is kept, too. */
const abortOnClose: Row = toggle('abortonclose', 'DFLB', {
  parse: (line, proxy) => {
    if (!line.atMost(0, 2)) return;
    setOption(proxy, 'abortonclose', line.prefix === '');
    setOption(proxy, 'no abortonclose', line.prefix === 'no');
  },
});

const HTTP_MODES = ['http-keep-alive', 'http-server-close', 'httpclose'];

/** The connection modes: the last one wins, `no option` only takes back its own. */
function httpMode(name: string): Row {
  const parse = (line: Line, proxy: ProxyDraft) => {
    if (!line.atMost(0, 2)) return;
    if (line.prefix === '') for (const mode of HTTP_MODES) setOption(proxy, mode, false);
    setOption(proxy, name, line.prefix === '');
  };
  return works(name, '', parse, { sections: inSections('DFLB'), negatable: true });
}

const LOG_OPTIONS = ['httplog', 'httplog-clf', 'httpslog', 'tcplog', 'tcplog-clf'];

/** `option httplog|tcplog|httpslog [clf]`: each replaces the other and `log-format`. */
function logOption(name: string, args: string): Row {
  const parse = (line: Line, proxy: ProxyDraft) => {
    const clf = line.word(2) === 'clf' && name !== 'httpslog';
    if (!clf && line.word(2) !== '') {
      if (name === 'httplog') line.alert(`keyword '${name}' only supports option 'clf'.`);
      else line.atMost(0, 2);
      return;
    }
    if (!line.atMost(1, 2)) return;
    if (proxy.kind === 'backend')
      line.warning(`backend '${proxy.config.name}' : 'option ${name}' directive is ignored in backends.`);
    if (proxy.kind === 'defaults') warnOverride(line, proxy, `option ${name}${clf ? ' clf' : ''}`);
    for (const other of LOG_OPTIONS) setOption(proxy, other, false);
    setOption(proxy, clf ? `${name}-clf` : name, true);
    proxy.config.logFormat = null;
    proxy.logFormatFrom = `option ${name}`;
    proxy.logOptionAt = line.at;
  };
  return works(name, args, parse, { sections: inSections('DFLB') });
}

/** In one defaults section a second way to say the log format is most likely a mistake. */
export function warnOverride(line: Line, proxy: ProxyDraft, now: string): void {
  const before = proxy.logFormatFrom;
  if (before !== null) line.warning(`'${now}' overrides previous '${before}' in 'defaults' section.`, 'reader');
}

function parseRedispatch(line: Line, proxy: ProxyDraft): void {
  if (line.prefix !== '') {
    proxy.config.redispatch = null;
    return;
  }
  const interval = line.word(2) === '' ? -1 : parseInteger(line.word(2));
  if (interval === null)
    line.alert(`invalid number of arguments for option redispatch: '${line.word(2)}' is not a number.`);
  else if (line.atMost(1, 2)) proxy.config.redispatch = interval;
}

interface Forwarding {
  except: string | null;
  header: string;
  ifNone: boolean;
}

/** `[except <net>] [header <name>] [if-none]`, shared by forwardfor and originalto. */
function parseForwarding(line: Line, header: string, allowIfNone: boolean): Forwarding | null {
  const result: Forwarding = { except: null, header, ifNone: false };
  const keyword = `option ${line.word(1)}`;
  for (let i = 2; i < line.words.length; i++) {
    const word = line.word(i);
    if (word === 'except') {
      const net = line.word(++i);
      if (parseNetwork(net) === null)
        return failForwarding(line, `'${keyword} except' expects <address>[/mask] as argument.`);
      result.except = net;
    } else if (word === 'header') {
      result.header = line.word(++i);
      if (result.header === '') return failForwarding(line, `'${keyword} header' expects <header_name> as argument.`);
    } else if (word === 'if-none' && allowIfNone) result.ifNone = true;
    else {
      const known = allowIfNone ? "'except', 'header' and 'if-none'" : "'except' and 'header'";
      return failForwarding(line, `'${keyword}' only supports optional values: ${known}.`);
    }
  }
  return result;
}

function failForwarding(line: Line, text: string): null {
  line.alert(text);
  return null;
}

const HDR_NAME_MODES = ['preserve', 'reject', 'delete'];

function parseRestrictNames(line: Line, proxy: ProxyDraft): void {
  const mode = line.word(2);
  if (mode === '')
    return line.alert(
      "missing parameter. option 'http-restrict-req-hdr-names' expects 'preserve', 'reject' or 'delete' option.",
    );
  if (!HDR_NAME_MODES.includes(mode)) {
    return line.alert(
      `invalid parameter '${mode}'. option 'http-restrict-req-hdr-names' expects 'preserve', 'reject' or 'delete' option.`,
    );
  }
  for (const other of HDR_NAME_MODES) setOption(proxy, `http-restrict-req-hdr-names ${other}`, false);
  setOption(proxy, `http-restrict-req-hdr-names ${mode}`, true);
}

function parseTcpka(line: Line, proxy: ProxyDraft): void {
  if (!line.atMost(0, 2)) return;
  if (proxy.kind !== 'backend') setOption(proxy, 'clitcpka', true);
  if (proxy.kind !== 'frontend') setOption(proxy, 'srvtcpka', true);
}

const switches: Row[] = [
  abortOnClose,
  toggle('allbackups', 'DLB'),
  httpToggle('accept-unsafe-violations-in-http-request', 'DFL'),
  httpToggle('accept-unsafe-violations-in-http-response', 'DLB'),
  renamed('accept-invalid-http-request', 'accept-unsafe-violations-in-http-request', 'DFL'),
  renamed('accept-invalid-http-response', 'accept-unsafe-violations-in-http-response', 'DLB'),
  httpToggle('checkcache', 'DLB'),
  toggle('clitcpka', 'DFL'),
  httpToggle('disable-h2-upgrade', 'DFL'),
  toggle('dontlog-normal', 'DFL'),
  toggle('dontlognull', 'DFL'),
  toggle('h1-case-adjust-bogus-client', 'DFL'),
  toggle('h1-case-adjust-bogus-server', 'DLB'),
  httpToggle('http-buffer-request', 'DFLB'),
  httpToggle('http-drop-request-trailers', 'DLB'),
  httpToggle('http-drop-response-trailers', 'DFL'),
  httpToggle('http-ignore-probes', 'DFL'),
  // Nothing is ever delayed to fill packets.
  httpToggle('http-no-delay', 'DFLB'),
  httpToggle('http-pretend-keepalive', 'DLB'),
  httpToggle('http-use-proxy-header', 'DFL'),
  httpToggle('idle-close-on-response', 'DFL'),
  toggle('independent-streams', 'DFLB'),
  toggle('log-health-checks', 'DLB'),
  toggle('log-separate-errors', 'DFL'),
  toggle('logasap', 'DFL'),
  toggle('nolinger', 'DFLB'),
  toggle('persist', 'DLB'),
  httpToggle('prefer-last-server', 'DLB'),
  toggle('socket-stats', 'DFL'),
  toggle('srvtcpka', 'DLB'),
  toggle('transparent', 'DLB'),
];

const others: Row[] = [
  works('redispatch', '[interval]', parseRedispatch, { sections: inSections('DLB'), negatable: true }),
  works(
    'forwardfor',
    '[except <network>] [header <name>] [if-none]',
    (line, proxy) => {
      const found = parseForwarding(line, 'x-forwarded-for', true);
      if (found !== null) proxy.config.forwardfor = found;
    },
    { sections: inSections('DFLB') },
  ),
  works(
    'originalto',
    '[except <network>] [header <name>]',
    (line, proxy) => {
      const found = parseForwarding(line, 'x-original-to', false);
      if (found !== null) proxy.config.originalto = { except: found.except, header: found.header };
    },
    { sections: inSections('DFLB') },
  ),
  forwardedOption,
  works('http-restrict-req-hdr-names', '{preserve|delete|reject}', parseRestrictNames, {
    sections: inSections('DFLB'),
  }),
  works('tcpka', '', parseTcpka, { sections: inSections('DFLB') }),
  logOption('httplog', '[clf]'),
  logOption('tcplog', '[clf]'),
  logOption('httpslog', ''),
  ...CHECK_TYPES,
];

export const PROXY_OPTIONS = new KeywordTable<ProxyDraft>([
  ...switches,
  ...HTTP_MODES.map(httpMode),
  ...others,
  ...noticed<ProxyDraft>(
    'data is always moved through buffers.',
    ['splice-auto', 'splice-request', 'splice-response'],
    { sections: inSections('DFLB'), negatable: true },
  ),
  ...noticed<ProxyDraft>('the kernel decides when to acknowledge.', ['tcp-smart-accept'], {
    sections: inSections('DFL'),
    negatable: true,
  }),
  ...noticed<ProxyDraft>('the kernel decides when to acknowledge.', ['tcp-smart-connect'], {
    sections: inSections('DLB'),
    negatable: true,
  }),
  ...noticed<ProxyDraft>('counters are always kept while bytes pass.', ['contstats'], {
    sections: inSections('DFL'),
    negatable: true,
  }),
  ...gone<ProxyDraft>('Use option httpclose.', ['forceclose'], { sections: inSections('DFLB'), negatable: true }),
  ...gone<ProxyDraft>('It is not needed any more: remove it.', ['http-tunnel'], {
    sections: inSections('DFLB'),
    negatable: true,
  }),
]);
