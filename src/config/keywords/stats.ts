/** `stats ...` lines of proxies: the statistics page. */

import type { Draft, ProxyDraft } from '../draft.ts';
import { newStats } from '../draft-proxy.ts';
import type { Line } from '../line.ts';
import type { StatsConfig } from '../types.ts';
import { parseTime } from '../units.ts';
import { inSections } from './sections.ts';
import { type Keyword, works } from './table.ts';

const EVERYWHERE = { sections: inSections('DFLB') };
const NOT_DEFAULTS = { sections: inSections('FLB') };

function row(
  name: string,
  args: string,
  parse: (line: Line, stats: Draft<StatsConfig>, proxy: ProxyDraft) => void,
  where = EVERYWHERE,
): Keyword<ProxyDraft> {
  const read = (line: Line, proxy: ProxyDraft) => {
    const stats = proxy.config.stats ?? newStats();
    const before = line.context.diagnostics.alerts;
    parse(line, stats, proxy);
    if (line.context.diagnostics.alerts === before) proxy.config.stats = stats;
  };
  return works<ProxyDraft>(`stats ${name}`, args, read, where);
}

function parseAuth(line: Line, stats: Draft<StatsConfig>): void {
  const [user, ...rest] = line.word(2).split(':');
  if (user === '' || rest.length === 0) return line.alert("'auth' needs a user:password account.");
  stats.auth.push({ user: user!, password: rest.join(':') });
}

function parseRefresh(line: Line, stats: Draft<StatsConfig>): void {
  const seconds = parseTime(line.word(2), 's');
  if (typeof seconds === 'number') stats.refresh = seconds;
  else if (seconds.error === 'overflow') {
    line.alert(
      `timer overflow in argument <${line.word(2)}> to stats refresh interval, maximum value is 2147483647 s (~68 years).`,
      'reader',
    );
  } else line.alert(`unexpected character '${seconds.character}' in argument to stats refresh interval.`, 'reader');
}

function parseAdmin(line: Line, stats: Draft<StatsConfig>): void {
  const word = line.word(2);
  if ((word === 'if' || word === 'unless') && line.word(3) !== '') stats.admin.push(line.from(2));
  else line.alert("'stats admin' requires either 'if' or 'unless' followed by a condition.");
}

function parseShowNode(line: Line, stats: Draft<StatsConfig>): void {
  const node = line.word(2) === '' ? (line.context.config.global.node ?? '') : line.word(2);
  if (!/^[A-Za-z0-9_.-]*$/.test(node)) {
    line.alert(
      "'stats show-node' invalid node name - should be a string with digits(0-9), letters(A-Z, a-z), hyphen(-) or underscore(_).",
      'reader',
    );
  } else stats.showNode = node;
}

function parseShowDesc(line: Line, stats: Draft<StatsConfig>): void {
  const text = line.words.slice(2).join(' ') || (line.context.config.global.description ?? '');
  if (text === '')
    line.alert("'stats show-desc' requires a parameter or 'desc' to be set in the global section.", 'reader');
  else stats.showDesc = text;
}

export const STATS_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  row('enable', '', () => {}),
  row('uri', '<prefix>', (line, stats) => {
    if (line.word(2) === '') line.alert("'uri' needs an URI prefix.");
    else stats.uri = line.word(2);
  }),
  row('realm', '<realm>', (line, stats) => {
    if (line.word(2) === '') line.alert("'realm' needs an realm name.");
    else stats.realm = line.word(2);
  }),
  row('auth', '<user>:<password>', parseAuth),
  row('refresh', '<time>', parseRefresh),
  row('scope', '{<name>|.}', (line, stats, proxy) => {
    if (line.word(2) === '') line.alert("'scope' needs a proxy name.");
    else stats.scope.push(line.word(2) === '.' ? proxy.config.name : line.word(2));
  }),
  row('hide-version', '', (_line, stats) => {
    stats.hideVersion = true;
  }),
  row('show-legends', '', (_line, stats) => {
    stats.showLegends = true;
  }),
  row('show-modules', '', (_line, stats) => {
    stats.showModules = true;
  }),
  row('show-node', '[<name>]', parseShowNode),
  row('show-desc', '[<text>]', parseShowDesc),
  row('admin', '{if|unless} <condition>', parseAdmin, NOT_DEFAULTS),
  row(
    'http-request',
    '{allow|deny|auth} [{if|unless} <condition>]',
    (line, stats) => {
      stats.httpRequest.push(line.from(2));
    },
    NOT_DEFAULTS,
  ),
  works<ProxyDraft>(
    'stats',
    '',
    (line) => {
      line.alert(
        `unknown stats parameter '${line.word(1)}', expects 'admin', 'uri', 'realm', 'auth', 'scope', 'enable', 'hide-version', 'show-node', 'show-desc' or 'show-legends'.`,
        'reader',
      );
    },
    { sections: inSections('DFLB'), group: true },
  ),
];
