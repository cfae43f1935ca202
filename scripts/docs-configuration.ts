/** Writes docs/reference/configuration.md from the keyword tables. A test holds the page to the tables. */

import { writeFileSync } from 'node:fs';
import { ACME_KEYWORDS } from '../src/config/keywords/acme.ts';
import { BIND_OPTIONS } from '../src/config/keywords/bind.ts';
import { CACHE_KEYWORDS } from '../src/config/keywords/cache.ts';
import { CRT_STORE_KEYWORDS } from '../src/config/keywords/crt-store.ts';
import { GLOBAL_KEYWORDS } from '../src/config/keywords/global.ts';
import { HEALTHCHECK_KEYWORDS } from '../src/config/keywords/healthcheck.ts';
import { HTTP_ERRORS_KEYWORDS } from '../src/config/keywords/http-errors.ts';
import { LOG_FORWARD_KEYWORDS } from '../src/config/keywords/log-forward.ts';
import { MAILERS_KEYWORDS } from '../src/config/keywords/mailers.ts';
import { NAMESPACE_KEYWORDS } from '../src/config/keywords/namespace-list.ts';
import type { OptionTable } from '../src/config/keywords/option.ts';
import { PROXY_OPTIONS } from '../src/config/keywords/options.ts';
import { PEERS_KEYWORDS } from '../src/config/keywords/peers.ts';
import { PROXY_KEYWORDS } from '../src/config/keywords/proxy.ts';
import { RECOGNISED_SECTIONS } from '../src/config/keywords/recognised.ts';
import { RESOLVERS_KEYWORDS } from '../src/config/keywords/resolvers.ts';
import { RING_KEYWORDS } from '../src/config/keywords/ring.ts';
import { SERVER_OPTIONS } from '../src/config/keywords/server.ts';
import type { KeywordStatus, KeywordTable } from '../src/config/keywords/table.ts';
import { USERLIST_KEYWORDS } from '../src/config/keywords/userlist.ts';

interface Entry {
  readonly name: string;
  readonly args: string;
  readonly sections: readonly string[] | undefined;
  readonly status: KeywordStatus;
  readonly gone: boolean;
  readonly why: string;
}

const INTRODUCTION = `# Configuration keywords

Every keyword of HAProxy 3.4 is known by name. This page is made from the tables that the program reads its files with.

- **works**: does what HAProxy's manual says.
- **noticed**: accepted without effect, because it only tunes a process like HAProxy's; told at start under \`-V\`.
- **refused**: an alert at start, with file and line. What HAProxy has had in older versions it refuses itself: that is said.

The letters tell where a keyword of proxies may stand: D defaults, F frontend, L listen, B backend.
\`sluice check --report FILE\` says the same about each line of a file.

A line whose last character is a backslash goes on in the next one.
`;

/** The page, in Markdown. */
export function configurationReference(): string {
  const proxyKeywords = entries(PROXY_KEYWORDS);
  const parts = [
    INTRODUCTION,
    table('global', entries(GLOBAL_KEYWORDS)),
    table('defaults, frontend, listen, backend', proxyKeywords),
    table('option', entries(PROXY_OPTIONS)),
    table('Options of bind and stats socket', optionEntries(BIND_OPTIONS)),
    table('Options of server, server-template and default-server', optionEntries(SERVER_OPTIONS)),
    table('resolvers', entries(RESOLVERS_KEYWORDS)),
    table('ring', entries(RING_KEYWORDS)),
    table('log-forward', entries(LOG_FORWARD_KEYWORDS)),
    table('peers', entries(PEERS_KEYWORDS)),
    table('userlist', entries(USERLIST_KEYWORDS)),
    table('cache', entries(CACHE_KEYWORDS)),
    table('healthcheck', entries(HEALTHCHECK_KEYWORDS)),
    table('mailers', entries(MAILERS_KEYWORDS)),
    table('namespace_list', entries(NAMESPACE_KEYWORDS)),
    table('acme', entries(ACME_KEYWORDS)),
    table('http-errors', entries(HTTP_ERRORS_KEYWORDS)),
    table('crt-store', entries(CRT_STORE_KEYWORDS)),
    otherSections(),
  ];
  return `${parts.join('\n')}`;
}

function entries<D>({ rows }: KeywordTable<D>): Entry[] {
  return rows
    .filter((row) => !row.group)
    .map(({ name, args, sections, status, gone = false, why = '' }) => ({ name, args, sections, status, gone, why }));
}

function optionEntries<D>({ rows }: OptionTable<D>): Entry[] {
  return rows.map(({ name, args, status, why = '' }) => ({
    name,
    args,
    sections: undefined,
    status,
    gone: false,
    why,
  }));
}

/** One table: what works first, then what is noticed, then what is refused; by name. */
function table(title: string, rows: readonly Entry[]): string {
  const order: readonly KeywordStatus[] = ['works', 'noticed', 'refused'];
  const sorted = [...rows].sort(
    (a, b) => order.indexOf(a.status) - order.indexOf(b.status) || (a.name < b.name ? -1 : 1),
  );
  const places = sorted.some((row) => row.sections !== undefined);
  const head = places
    ? '| keyword | arguments | in | | |\n|---|---|---|---|---|'
    : '| keyword | arguments | | |\n|---|---|---|---|';
  const lines = sorted.map((row) => {
    const where = places ? ` ${letters(row.sections)} |` : '';
    const status = row.gone ? 'refused by HAProxy, too' : row.status;
    return `| ${code(row.name)} | ${code(row.args)} |${where} ${status} | ${escape(row.why)} |`;
  });
  return `## ${title}\n\n${head}\n${lines.join('\n')}\n`;
}

function letters(sections: readonly string[] | undefined): string {
  return (sections ?? []).map((section) => section[0]!.toUpperCase()).join('');
}

function code(text: string): string {
  return text === '' ? '' : `\`${escape(text)}\``;
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|');
}

function otherSections(): string {
  const lines = RECOGNISED_SECTIONS.map(({ name, status, why }) => `| ${code(name)} | ${status} | ${escape(why)} |`);
  return `## Other sections\n\n| section | | |\n|---|---|---|\n${lines.join('\n')}\n`;
}

if (import.meta.main) {
  writeFileSync(new URL('../docs/reference/configuration.md', import.meta.url), configurationReference());
}
