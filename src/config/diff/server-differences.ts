/** What differs between two servers of one name, and the Changes that make one of the other. */

import { isIP } from 'node:net';
import type { Change } from '../../change/change.ts';
import { splitAddress } from '../edit/server-places.ts';
import { sideOf } from './configuration.ts';
import { type Difference, live, type PlanOptions, reload, type Side } from './difference.ts';
import { hasFlag, type ServerView, type Setting, valueOf } from './server-view.ts';

/** What servers of a backend are compared with. */
export interface BackendFacts {
  readonly section: string;
  readonly backend: string;
  /** Its algorithm when weights can only be told to it at start (`source`, `static-rr`); null for the others. */
  readonly staticBalance: string | null;
  /** Its algorithm when the order of the servers has a meaning to it; null for the others. */
  readonly byOrder: string | null;
  readonly options: PlanOptions;
}

type Bare = Pick<Difference, 'section' | 'server' | 'before' | 'after'>;

/** How one keyword is changed live: the Changes, or why that cannot be done. */
type Rule = (
  before: ServerView,
  after: ServerView,
  facts: BackendFacts,
) => readonly Change[] | { readonly why: string };

/** All that differs. */
export function compareServers(before: ServerView, after: ServerView, facts: BackendFacts): Difference[] {
  const differences: Difference[] = [];
  const section = facts.section;
  const { name } = before;
  if (before.address.text !== after.address.text || before.address.variable !== after.address.variable) {
    const bare = {
      section,
      server: name,
      before: sideOf(before.line, before.address.text),
      after: sideOf(after.line, after.address.text),
    };
    differences.push(judged(bare, changeAddress(before, after, facts)));
  }
  const keywords = new Set([...before.settings.keys(), ...after.settings.keys()]);
  for (const keyword of keywords) {
    const [a, b] = [before.settings.get(keyword), after.settings.get(keyword)];
    if (a !== undefined && b !== undefined && sameSetting(a, b)) continue;
    if (sameByDefault(keyword, a, b)) continue;
    const bare = { section, server: name, before: side(a, before), after: side(b, after) };
    const doubt = a?.doubt ?? b?.doubt ?? null;
    const rule = Object.hasOwn(RULES, keyword) ? RULES[keyword as keyof typeof RULES] : null;
    if (doubt !== null) differences.push(reload(bare, `what it comes to is only known at start: ${doubt}`));
    else if (rule === null)
      differences.push(reload(bare, `'${keyword}' of a server is read when the configuration is loaded`));
    else differences.push(judged(bare, rule(before, after, facts)));
  }
  return before.template ? differences.map((found) => reload(found, TEMPLATE)) : differences;
}

/** Why servers of a template are not changed live. */
export const TEMPLATE = 'the servers of a template are made when the configuration is loaded';

function sameSetting(a: Setting, b: Setting): boolean {
  return a.words.join('\0') === b.words.join('\0') && a.doubt === b.doubt;
}

/** A value that is the one that a server has without the keyword. */
function sameByDefault(keyword: string, a: Setting | undefined, b: Setting | undefined): boolean {
  const value = DEFAULTS[keyword];
  const one = a ?? b;
  return value !== undefined && (a === undefined || b === undefined) && one?.words[1] === value && one.doubt === null;
}

const DEFAULTS: Readonly<Record<string, string | undefined>> = {
  weight: '1',
  maxconn: '0',
  minconn: '0',
  maxqueue: '0',
};

/** A setting with its place; that of the server where it has none. */
function side(setting: Setting | undefined, server: ServerView): Side {
  return setting === undefined ? sideOf(server.line, '') : { at: setting.at, text: setting.words.join(' ') };
}

function judged(bare: Bare, changes: readonly Change[] | { readonly why: string }): Difference {
  return 'why' in changes ? reload(bare, changes.why) : live(bare, changes);
}

const names = (server: ServerView, { backend }: BackendFacts) => ({ backend, server: server.name });

const RULES = {
  weight(_before: ServerView, after: ServerView, facts: BackendFacts) {
    const weight = numberOf(after, 'weight', 1, 256);
    if (weight === null) return { why: 'it is no weight from 0 to 256' };
    if (facts.staticBalance !== null)
      return { why: `'balance ${facts.staticBalance}' takes weights only when the configuration is loaded` };
    return [{ kind: 'server.weight', ...names(after, facts), weight, percent: false }];
  },
  maxconn(_before: ServerView, after: ServerView, facts: BackendFacts) {
    const maxconn = numberOf(after, 'maxconn', 0, 2_147_483_647);
    if (maxconn === null) return { why: 'it is no number of connections' };
    if (after.settings.has('minconn'))
      return { why: "with 'minconn' the limit moves with the load, and is read when the configuration is loaded" };
    return [{ kind: 'server.maxconn', ...names(after, facts), maxconn }];
  },
  disabled(_before: ServerView, after: ServerView, facts: BackendFacts) {
    return [{ kind: 'server.state', ...names(after, facts), to: hasFlag(after, 'disabled') ? 'maint' : 'ready' }];
  },
  addr(before: ServerView, after: ServerView, facts: BackendFacts) {
    const addr = valueOf(after, 'addr');
    if (!hasFlag(before, 'check') || !hasFlag(after, 'check'))
      return { why: 'the server is not checked before and after' };
    if (hasFlag(after, 'agent-check')) return { why: "'addr' is for the agent as well" };
    if (addr === null && facts.options.on === 'haproxy')
      return { why: 'HAProxy cannot take the address of checks away live' };
    if (addr !== null && isIP(addr) === 0) return { why: 'it is not an IP address alone' };
    return [{ kind: 'server.check-addr', ...names(after, facts), addr: addr ?? '', port: null }];
  },
  port(before: ServerView, after: ServerView, facts: BackendFacts) {
    const port = numberOf(after, 'port', 0, 65535);
    if (!hasFlag(before, 'check') || !hasFlag(after, 'check'))
      return { why: 'the server is not checked before and after' };
    if (port === null) return { why: 'it is no port' };
    if (hasFlag(after, 'agent-check') && facts.options.on === 'haproxy')
      return { why: "'port' may be for the agent as well" };
    if (port === 0 && facts.options.on === 'haproxy')
      return { why: 'HAProxy cannot take the port of checks away live' };
    return [{ kind: 'server.check-addr', ...names(after, facts), addr: null, port }];
  },
  'agent-addr'(before: ServerView, after: ServerView, facts: BackendFacts) {
    const addr = valueOf(after, 'agent-addr');
    if (addr === null || isIP(addr) === 0) return { why: 'it is not an IP address' };
    if (!hasFlag(before, 'agent-check') || !hasFlag(after, 'agent-check'))
      return { why: 'the server has no agent before and after' };
    return [{ kind: 'server.agent-addr', ...names(after, facts), addr, port: null }];
  },
  'agent-port'(before: ServerView, after: ServerView, facts: BackendFacts) {
    const port = numberOf(after, 'agent-port', 0, 65535);
    if (port === null || port === 0) return { why: 'it is no port' };
    if (!hasFlag(before, 'agent-check') || !hasFlag(after, 'agent-check'))
      return { why: 'the server has no agent before and after' };
    return [{ kind: 'server.agent-addr', ...names(after, facts), addr: null, port }];
  },
  'agent-send'(before: ServerView, after: ServerView, facts: BackendFacts) {
    const send = valueOf(after, 'agent-send');
    if (send === null) return { why: "'agent-send' cannot be taken away live" };
    if (!hasFlag(before, 'agent-check') || !hasFlag(after, 'agent-check'))
      return { why: 'the server has no agent before and after' };
    return [{ kind: 'server.agent-send', ...names(after, facts), send }];
  },
} satisfies Record<string, Rule>;

/** The number that a keyword has, `absent` without it, null for what is none up to `max`. */
function numberOf(server: ServerView, keyword: string, absent: number, max: number): number | null {
  if (!server.settings.has(keyword)) return absent;
  const value = valueOf(server, keyword) ?? '';
  return /^\d{1,10}$/.test(value) && Number(value) <= max ? Number(value) : null;
}

function changeAddress(
  before: ServerView,
  after: ServerView,
  facts: BackendFacts,
): readonly Change[] | { readonly why: string } {
  if (before.address.variable !== '' || after.address.variable !== '')
    return { why: 'the address depends on an environment variable' };
  const [a, b] = [splitAddress(before.address.text), splitAddress(after.address.text)];
  if (a === null || b === null || a.prefix !== b.prefix)
    return { why: 'the kind of address is read when the configuration is loaded' };
  if (a.port !== b.port && !(isPort(a.port) && isPort(b.port)))
    return { why: 'only a port that is a number can be changed live, for another one' };
  const port = a.port === b.port ? null : b.port;
  const resolved = before.settings.has('resolvers') || after.settings.has('resolvers');
  if (port !== null && isIP(b.host) === 0 && facts.options.on === 'haproxy')
    return { why: 'HAProxy changes a port live only together with an IP address' };
  const here = names(after, facts);
  if (a.host === b.host || (isIP(b.host) !== 0 && !(resolved && isIP(a.host) === 0)))
    return [{ kind: 'server.addr', ...here, addr: isIP(b.host) === 0 ? null : b.host, port }];
  if (isIP(b.host) !== 0) return { why: 'its resolvers would go on looking up the name' };
  if (!resolved || isIP(a.host) !== 0)
    return { why: 'without resolvers a name is looked up when the configuration is loaded' };
  if (a.host.startsWith('_') || b.host.startsWith('_'))
    return { why: 'a service record is looked up from the start on' };
  return [
    { kind: 'server.fqdn', ...here, fqdn: b.host },
    ...(port === null ? [] : [{ kind: 'server.addr' as const, ...here, addr: null, port }]),
  ];
}

function isPort(port: string | null): boolean {
  return port !== null && /^\d{1,5}$/.test(port);
}
