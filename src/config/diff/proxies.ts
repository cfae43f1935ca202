/** What differs between two sections of one name. */

import type { Change } from '../../change/change.ts';
import { defaultsOf } from '../edit/inherited.ts';
import { sectionText } from '../edit/places.ts';
import { type Configuration, isCertain, type Line, type Section, sideOf } from './configuration.ts';
import { type Difference, live, type PlanOptions, reload } from './difference.ts';
import { type BackendFacts, compareServers } from './server-differences.ts';
import { addedServer, removedServer } from './server-lists.ts';
import { isServer, type ServerView, serversOf } from './server-view.ts';
import { compareStatements, type Pair, repeatedSettings, settingOf } from './statements.ts';

/** Two configurations and a section that both have. */
export interface SectionPair {
  readonly before: Configuration;
  readonly after: Configuration;
  readonly from: Section;
  readonly to: Section;
  readonly options: PlanOptions;
}

/** A frontend, backend, listen or defaults section. */
export function compareProxies(pair: SectionPair): Difference[] {
  const { from, to } = pair;
  const repeated = repeatedSettings(from.lines, to.lines);
  const statements = compareStatements(plain(from), plain(to)).map((found) =>
    statementDifference(pair, found, repeated),
  );
  return [...titleDifference(pair), ...statements, ...serverDifferences(pair)];
}

/** Statements that are compared as they are. */
function plain(section: Section): Line[] {
  return section.lines.filter((line) => !isServer(section, line));
}

/** The `defaults` section that it starts from is another one. */
function titleDifference({ before, after, from, to }: SectionPair): Difference[] {
  const chain = (configuration: Configuration, section: Section) =>
    defaultsOf(configuration.files, section.places[0]!)
      .map(({ place }) => keyOf(configuration, place))
      .join('\0');
  if (from.title.identity === to.title.identity && chain(before, from) === chain(after, to)) return [];
  const bare = { section: sectionText(to), server: null, before: sideOf(from.title), after: sideOf(to.title) };
  return [reload(bare, 'it takes its settings from another defaults section')];
}

function keyOf(configuration: Configuration, place: Section['places'][number]): string {
  return [...configuration.sections.values()].find(({ places }) => places.includes(place))?.key ?? '';
}

function statementDifference(pair: SectionPair, { before, after }: Pair, repeated: ReadonlySet<string>): Difference {
  const { to } = pair;
  const bare = {
    section: sectionText(to),
    server: null,
    before: before === null ? null : sideOf(before),
    after: after === null ? null : sideOf(after),
  };
  const setting = settingOf((after ?? before)!);
  const conditional = [before, after].find((line) => line !== null && line !== undefined && !isCertain(line));
  if (conditional) return reload(bare, "it is inside an '.if' block: whether it is in force is only known at start");
  if ((after ?? before)!.words.some(({ variable }) => variable !== ''))
    return reload(bare, 'it depends on an environment variable, which is looked at when the configuration is loaded');
  if (to.kind === 'defaults') return reload(bare, appliesTo(pair.after, to, setting));
  const rule = !repeated.has(setting) && Object.hasOwn(LIVE, setting) ? LIVE[setting as keyof typeof LIVE] : null;
  const changes = rule === null ? { why: reasonFor(setting) } : rule(pair, before, after);
  return 'why' in changes ? reload(bare, changes.why) : live(bare, changes.changes, changes.reason);
}

type Ruling = { readonly changes: readonly Change[]; readonly reason: string } | { readonly why: string };

/** What `fullconn` is where no line sets it (manual, section 4.2) is found out at start. */
const FULLCONN = "'fullconn' of the backends that it uses stays as it is where no line sets it";

/** Statements of proxies that can be changed live, by what they set. */
const LIVE = {
  cookie: changeCookie,
  'dynamic-cookie-key'({ to }: SectionPair, _before: Line | null, after: Line | null): Ruling {
    const key = after?.words[1]?.text ?? '';
    if (key === '') return { why: 'a key cannot be taken away live' };
    return { changes: [{ kind: 'backend.dynamic-cookie-key', backend: to.name, key }], reason: '' };
  },
  maxconn({ to }: SectionPair, _before: Line | null, after: Line | null): Ruling {
    if (to.kind !== 'frontend' && to.kind !== 'listen') return { why: reasonFor('maxconn') };
    const value = after?.words[1]?.text ?? '';
    if (!/^\d{1,9}$/.test(value))
      return { why: 'without it the limit comes from elsewhere, when the configuration is loaded' };
    return { changes: [{ kind: 'frontend.maxconn', frontend: to.name, maxconn: Number(value) }], reason: FULLCONN };
  },
  'be-unpublished'({ to }: SectionPair, _before: Line | null, after: Line | null): Ruling {
    return { changes: [{ kind: 'backend.publish', backend: to.name, published: after === null }], reason: '' };
  },
  disabled({ to }: SectionPair, _before: Line | null, after: Line | null): Ruling {
    if (to.kind !== 'frontend')
      return { why: 'a section with servers is taken out of service when the configuration is loaded' };
    if (after?.words[0]?.text !== 'disabled')
      return { why: 'a frontend that was disabled at start has no sockets to resume' };
    return {
      changes: [{ kind: 'frontend.state', frontend: to.name, to: 'disabled' }],
      reason: 'its sockets are kept, paused, until the next start',
    };
  },
};

/** `dynamic` on the `cookie` line and nothing else, or why that is not all. */
function changeCookie({ to }: SectionPair, before: Line | null, after: Line | null): Ruling {
  const rest = (line: Line | null) => line?.words.map(({ text }) => text).filter((word) => word !== 'dynamic');
  if (before === null || after === null || rest(before)!.join('\0') !== rest(after)!.join('\0'))
    return { why: reasonFor('cookie') };
  const enabled = after.words.some(({ text }) => text === 'dynamic');
  return { changes: [{ kind: 'backend.dynamic-cookie', backend: to.name, enabled }], reason: '' };
}

function reasonFor(setting: string): string {
  const [first = ''] = setting.split(' ');
  if (first === 'bind') return 'sockets are opened and closed when the configuration is loaded';
  return `'${setting}' is read when the configuration is loaded`;
}

/** For a difference in a `defaults` section: the sections that it is for. */
function appliesTo(after: Configuration, defaults: Section, setting: string): string {
  const users = [...after.sections.values()].filter(
    (section) =>
      ['frontend', 'backend', 'listen'].includes(section.kind) &&
      defaultsOf(after.files, section.places[0]!).some(({ place }) => defaults.places.includes(place)),
  );
  const some = users.slice(0, 8).map(sectionText);
  const more = users.length > some.length ? ` and ${users.length - some.length} more` : '';
  const list = users.length === 0 ? 'no section takes it' : `it is for ${some.join(', ')}${more}`;
  return `${reasonFor(setting)}; ${list}`;
}

function serverDifferences(pair: SectionPair): Difference[] {
  const { before, after, from, to } = pair;
  const [old, now] = [serversOf(before, from), serversOf(after, to)];
  const facts = factsOf(pair);
  const found: Difference[] = orderDifference(old, now, facts);
  const stay = [...now.values()].filter(({ name }) => old.has(name));
  const lastThatStays = Math.max(-1, ...stay.map(({ position }) => position));
  for (const server of now.values()) {
    const was = old.get(server.name);
    if (was !== undefined) found.push(...compareServers(was, server, facts));
    else found.push(addedServer(server, server.position > lastThatStays, facts));
  }
  for (const server of old.values()) if (!now.has(server.name)) found.push(removedServer(server, before, facts));
  return to.title.condition === '' ? found : found.map(uncertain);
}

/** Servers that stay but stand in another order, where the algorithm goes by it. */
function orderDifference(
  old: ReadonlyMap<string, ServerView>,
  now: ReadonlyMap<string, ServerView>,
  { section, byOrder }: BackendFacts,
): Difference[] {
  if (byOrder === null) return [];
  const before = [...old.values()].filter(({ name }) => now.has(name));
  const after = [...now.values()].filter(({ name }) => old.has(name));
  const moved = after.findIndex(({ name }, i) => name !== before[i]!.name);
  if (moved < 0) return [];
  const bare = { section, server: null, before: sideOf(before[moved]!.line), after: sideOf(after[moved]!.line) };
  return [
    reload(
      bare,
      `'balance ${byOrder}' goes by the order of the servers, which is read when the configuration is loaded`,
    ),
  ];
}

function uncertain(difference: Difference): Difference {
  return reload(difference, "its section is inside an '.if' block: whether it is in force is only known at start");
}

function factsOf({ before, from, options }: SectionPair): BackendFacts {
  const { algorithm, isStatic } = balanceOf(before, from);
  return {
    section: sectionText(from),
    backend: from.name,
    staticBalance: isStatic ? algorithm : null,
    byOrder: ANY_ORDER.includes(algorithm) ? null : algorithm,
    options,
  };
}

/** Algorithms to which the order of the servers is nothing. */
const ANY_ORDER = ['roundrobin', 'leastconn', 'random', 'sticky'];
const ALWAYS_DYNAMIC = [...ANY_ORDER, 'first'];

/** The algorithm of a section as it runs now, and whether it takes its servers and weights at start only (manual, section 4.2, "balance" and "hash-type"). */
function balanceOf(configuration: Configuration, section: Section): { algorithm: string; isStatic: boolean } {
  const inherited = defaultsOf(configuration.files, section.places[0]!).flatMap(({ place }) => {
    const key = keyOf(configuration, place);
    return configuration.sections.get(key)?.lines ?? [];
  });
  const last = (keyword: string) =>
    [...inherited, ...section.lines].findLast(({ words }) => words[0]?.text === keyword)?.words[1]?.text;
  const algorithm = (last('balance') ?? 'roundrobin').replace(/\(.*/, '');
  const consistent = algorithm !== 'static-rr' && last('hash-type') === 'consistent';
  return { algorithm, isStatic: !ALWAYS_DYNAMIC.includes(algorithm) && !consistent };
}

/** Servers by the sections that have them, for what has to know which servers a line counts for. */
export function viewsOf(configuration: Configuration): ServerView[] {
  return [...configuration.sections.values()].flatMap((section) => [...serversOf(configuration, section).values()]);
}
