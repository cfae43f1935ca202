/** `-dKcfg`: the configuration keywords that work, in HAProxy's format. */

import { ACME_KEYWORDS } from './keywords/acme.ts';
import { BIND_OPTIONS } from './keywords/bind.ts';
import { BIND_TLS_OPTIONS } from './keywords/bind-tls.ts';
import { CACHE_KEYWORDS } from './keywords/cache.ts';
import { CRT_STORE_KEYWORDS } from './keywords/crt-store.ts';
import { GLOBAL_KEYWORDS } from './keywords/global.ts';
import { HEALTHCHECK_KEYWORDS } from './keywords/healthcheck.ts';
import { HTTP_ERRORS_KEYWORDS } from './keywords/http-errors.ts';
import { LOG_FORWARD_KEYWORDS } from './keywords/log-forward.ts';
import { LOG_PROFILE_KEYWORDS } from './keywords/log-profile.ts';
import { MAILERS_KEYWORDS } from './keywords/mailers.ts';
import { NAMESPACE_KEYWORDS } from './keywords/namespace-list.ts';
import type { OptionTable } from './keywords/option.ts';
import { PROXY_OPTIONS } from './keywords/options.ts';
import { PEERS_KEYWORDS } from './keywords/peers.ts';
import { PROXY_KEYWORDS } from './keywords/proxy.ts';
import { RESOLVERS_KEYWORDS } from './keywords/resolvers.ts';
import { RING_KEYWORDS } from './keywords/ring.ts';
import { SERVER_OPTIONS } from './keywords/server.ts';
import type { Keyword, KeywordTable } from './keywords/table.ts';
import { USERLIST_KEYWORDS } from './keywords/userlist.ts';

/** Rule actions by rule set (`http-request`, `tcp-request content`, ...), as the room that compiles them knows them. */
export type RuleActions = Readonly<Record<string, readonly string[]>>;

/**
 * The list, one keyword a line, those of a section under its name, indented by a tab. Arguments are told as HAProxy does:
 * `+1` for one word after an option.
 */
export function listKeywords(actions: RuleActions = {}): string {
  const lines = [
    '# List of registered configuration keywords:',
    'global',
    ...indented(names(GLOBAL_KEYWORDS)),
    'listen',
  ];
  const listen = [
    ...names(PROXY_KEYWORDS),
    ...optionWords('bind <addr>', BIND_OPTIONS),
    ...optionWords('server <name> <addr>', SERVER_OPTIONS),
    ...PROXY_OPTIONS.rows.filter(isListed).map(proxyOption).sort(),
    ...Object.entries(actions).flatMap(([set, words]) =>
      [...words].sort().map((word) => `${set} ${word.replace('(*)', '*')}`),
    ),
  ];
  lines.push(...indented(listen));
  for (const [section, table] of OTHER_TABLES) lines.push(section, ...indented(names(table)));
  return `${lines.join('\n')}\n`;
}

const OTHER_TABLES: readonly (readonly [string, KeywordTable<never>])[] = [
  ['userlist', USERLIST_KEYWORDS],
  ['peers', PEERS_KEYWORDS],
  ['resolvers', RESOLVERS_KEYWORDS],
  ['ring', RING_KEYWORDS],
  ['log-forward', LOG_FORWARD_KEYWORDS],
  ['cache', CACHE_KEYWORDS],
  ['mailers', MAILERS_KEYWORDS],
  ['namespace_list', NAMESPACE_KEYWORDS],
  ['acme', ACME_KEYWORDS],
  ['http-errors', HTTP_ERRORS_KEYWORDS],
  ['log-profile', LOG_PROFILE_KEYWORDS],
  ['crt-store', CRT_STORE_KEYWORDS],
  ['healthcheck', HEALTHCHECK_KEYWORDS],
];

function isListed(row: { readonly status: string; readonly group?: true }): boolean {
  return row.status === 'works' && row.group !== true;
}

function names<D>(table: KeywordTable<D>): string[] {
  return table.rows
    .filter(isListed)
    .map((row) => row.name)
    .sort();
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `\t${line}`);
}

const TLS_NAMES = new Set(BIND_TLS_OPTIONS.map((row) => row.name));

function optionWords<D>(line: string, table: OptionTable<D>): string[] {
  const rows = table.rows.filter((row) => row.status === 'works');
  const text = (row: (typeof rows)[number]) =>
    `${line} ${table === BIND_OPTIONS && TLS_NAMES.has(row.name) ? 'ssl ' : ''}${row.name}${row.name === 'source' ? ' +-1' : row.takes === 1 ? ' +1' : ''}`;
  return rows.map(text).sort();
}

/** `option http-no-delay [ FE BE HTTP ]` */
function proxyOption<D>(row: Keyword<D>): string {
  const where = row.sections ?? [];
  const sides = [
    where.includes('frontend') ? 'FE' : '',
    where.includes('backend') ? 'BE' : '',
    row.needsHttp ? 'HTTP' : '',
  ];
  return `option ${row.name} [ ${sides.filter((side) => side !== '').join(' ')} ]`;
}
