/** Sections: what starts one, and who reads its lines. */

import type { ConfigDraft } from './draft.ts';
import { newRing, type RingDraft } from './draft-ring.ts';
import { ACME_KEYWORDS, checkAcme, newAcme } from './keywords/acme.ts';
import { strangeNameCharacter } from './keywords/arguments.ts';
import { CACHE_KEYWORDS, newCache } from './keywords/cache.ts';
import { CRT_STORE_KEYWORDS, type CrtStoreDraft } from './keywords/crt-store.ts';
import { GLOBAL_KEYWORDS } from './keywords/global.ts';
import { HEALTHCHECK_KEYWORDS, newHealthcheck } from './keywords/healthcheck.ts';
import { HTTP_ERRORS_KEYWORDS } from './keywords/http-errors.ts';
import { LOG_FORWARD_KEYWORDS, newLogForward } from './keywords/log-forward.ts';
import { LOG_PROFILE_KEYWORDS, newLogProfile } from './keywords/log-profile.ts';
import { MAILERS_KEYWORDS, newMailers } from './keywords/mailers.ts';
import { NAMESPACE_KEYWORDS } from './keywords/namespace-list.ts';
import { newPeers, PEERS_KEYWORDS } from './keywords/peers.ts';
import { RECOGNISED_SECTIONS, type RecognisedSection } from './keywords/recognised.ts';
import { newResolvers, RESOLVERS_KEYWORDS } from './keywords/resolvers.ts';
import { RING_KEYWORDS } from './keywords/ring.ts';
import { applyRow, checkPrefix, type Keyword, type KeywordTable, remark } from './keywords/table.ts';
import { USERLIST_KEYWORDS } from './keywords/userlist.ts';
import { type Line, placeText } from './line.ts';
import { openProxy } from './proxy-section.ts';
import { didYouMean } from './suggest.ts';
import type { Location } from './types.ts';

/** Reads the lines of one section. */
export interface SectionReader {
  readonly kind: string;
  /** What `.SECTION` expands to: its name, or its kind when it has none. */
  readonly name: string;
  read(line: Line): unknown;
  /** After its last line. */
  close?(): void;
}

/** What a section's first line says. */
interface Title {
  readonly name: string;
  readonly at: Location;
}

/** Begins the section that `line` opens; null when its first word opens none. A section with a mistake in its title is read all the same. */
export function openSection(line: Line): SectionReader | null {
  const kind = line.word(0);
  if (kind === 'global') return openGlobal(line);
  if (kind === 'defaults' || kind === 'frontend' || kind === 'backend' || kind === 'listen')
    return openProxy(line, kind);
  if (Object.hasOwn(OPENERS, kind)) return OPENERS[kind as keyof typeof OPENERS](line);
  const recognised = RECOGNISED_SECTIONS.find((section) => section.name === kind);
  return recognised === undefined ? null : openRecognised(line, recognised);
}

/** Words that open a section. */
export function sectionNames(): string[] {
  return [
    'global',
    'defaults',
    'frontend',
    'backend',
    'listen',
    ...Object.keys(OPENERS),
    ...RECOGNISED_SECTIONS.map((section) => section.name),
  ];
}

function openGlobal(line: Line): SectionReader {
  line.atMost(0);
  const { config } = line.context;
  if (config.proxies.length > 0 || config.defaults.length > 0) {
    line.say(
      'diag',
      'global section detected after a non-global one, the prevalence of their statements is unspecified',
    );
  }
  const read = (inner: Line) => {
    const row = readByTable(inner, GLOBAL_KEYWORDS, config, 'global');
    if (row !== null) config.global.at[row.name] = inner.at;
  };
  return { kind: 'global', name: 'global', read };
}

/** A line of a section whose keywords stand in one table. Returns the row of the keyword that was read. */
function readByTable<D>(line: Line, table: KeywordTable<D>, draft: D, section: string): Keyword<D> | null {
  const row = table.find(line.words);
  if (row === undefined) {
    const near = didYouMean(line.word(0), table.firstWords());
    if (section === 'ring') line.alert(`unknown statement '${line.word(0)}'${near === '' ? '.' : near}`);
    else if (section === 'users') line.alert(`unknown keyword '${line.word(0)}' in 'users' section${near}`, 'reader');
    else line.alert(`unknown keyword '${line.word(0)}' in '${section}' section${near}`);
    return null;
  }
  if (!checkPrefix(line, row.negatable === true)) return null;
  applyRow(row, line, draft);
  return row;
}

/** The section's name, checked; `''` with an alert when it is missing or has a character that may not be there. */
function sectionName(line: Line, kind: string): string {
  const name = line.word(1);
  if (name === '') {
    line.alert(`missing name for ${kind} section.`);
    return '';
  }
  const strange = strangeNameCharacter(name);
  if (strange !== null) line.alert(`character '${strange}' is not permitted in '${kind}' name '${name}'.`);
  else line.atMost(1);
  return name;
}

/** Reports a section of the same kind and name. */
function checkTwin(line: Line, kind: string, name: string, others: readonly Title[]): void {
  const twin = others.find((other) => other.name === name);
  if (twin !== undefined && name !== '') {
    line.alert(
      `${kind} section '${name}' has the same name as another ${kind} section declared at ${placeText(twin.at)}.`,
      'reader',
    );
  }
}

/** Reads lines by the table of a section's keywords. */
function tableReader<D>(kind: string, name: string, table: KeywordTable<D>, draft: D): SectionReader {
  return { kind, name, read: (inner) => readByTable(inner, table, draft, kind) };
}

/** Opens sections of a kind that have a name each. `list`: where they are; `titleOf`: what holds name and place. */
function openerOf<D>(
  kind: string,
  table: KeywordTable<D>,
  list: (config: ConfigDraft) => D[],
  make: (name: string, at: Location) => D,
  titleOf: (draft: D) => Title,
): (line: Line) => SectionReader {
  return (line) => {
    const name = sectionName(line, kind);
    const there = list(line.context.config);
    checkTwin(line, kind, name, there.map(titleOf));
    const draft = make(name, line.at);
    there.push(draft);
    return tableReader(kind, name, table, draft);
  };
}

const itself = <T extends Title>(title: T): T => title;

const OPENERS = {
  resolvers: openerOf('resolvers', RESOLVERS_KEYWORDS, ({ resolvers }) => resolvers, newResolvers, itself),
  namespace_list(line: Line): SectionReader {
    line.atMost(0);
    return tableReader('namespace_list', 'namespace_list', NAMESPACE_KEYWORDS, null);
  },
  ring(line: Line): SectionReader {
    const name = sectionName(line, 'ring');
    const { config } = line.context;
    if (config.rings.some((ring) => ring.ring.name === name)) line.alert(`sink named '${name}' already exists.`);
    const draft: RingDraft = newRing(name, line.at);
    config.rings.push(draft);
    return tableReader('ring', name, RING_KEYWORDS, draft);
  },
  'log-forward'(line: Line): SectionReader {
    const name = sectionName(line, 'log-forward');
    const { logForwards, proxiesByName } = line.context.config;
    checkTwin(line, 'log-forward', name, logForwards);
    const [proxy] = proxiesByName.get(name) ?? [];
    if (proxy !== undefined)
      line.alert(
        `log-forward section '${name}' has the same name as ${proxy.kind} '${name}' declared at ${placeText(proxy.config.at)}.`,
      );
    const draft = newLogForward(name, line.at);
    logForwards.push(draft);
    return tableReader('log-forward', name, LOG_FORWARD_KEYWORDS, draft);
  },
  peers: openerOf(
    'peers',
    PEERS_KEYWORDS,
    (config) => config.peers,
    newPeers,
    ({ peers }) => peers,
  ),
  userlist(line: Line): SectionReader {
    const name = sectionName(line, 'userlist');
    const { userlists } = line.context.config;
    const draft = { name, at: line.at, groups: [], users: [] };
    if (userlists.some((list) => list.name === name)) line.warning(`ignoring duplicated userlist '${name}'.`, 'reader');
    else userlists.push(draft);
    return { kind: 'userlist', name, read: (inner) => readByTable(inner, USERLIST_KEYWORDS, draft, 'users') };
  },
  cache(line: Line): SectionReader {
    const name = sectionName(line, 'cache');
    const { caches } = line.context.config;
    if (caches.some((cache) => cache.name === name)) line.alert(`Duplicate cache name '${name}'.`, 'reader');
    const draft = newCache(name, line.at);
    caches.push(draft);
    return tableReader('cache', name, CACHE_KEYWORDS, draft);
  },
  mailers: openerOf('mailers', MAILERS_KEYWORDS, ({ mailers }) => mailers, newMailers, itself),
  'crt-store'(line: Line): SectionReader {
    // One of them may have no name.
    const name = line.word(1) === '' ? '' : sectionName(line, 'crt-store');
    const { crtStores } = line.context.config;
    checkTwin(line, 'crt-store', name, crtStores);
    const store = { name, at: line.at, loads: [] };
    crtStores.push(store);
    const draft: CrtStoreDraft = { store, crtBase: null, keyBase: null };
    return tableReader('crt-store', name === '' ? 'crt-store' : name, CRT_STORE_KEYWORDS, draft);
  },
  acme(line: Line): SectionReader {
    const name = sectionName(line, 'acme');
    const { acmes } = line.context.config;
    const twin = acmes.find((section) => section.name === name);
    if (twin !== undefined) line.alert(`acme section '${name}' already exists (${placeText(twin.at)}).`, 'reader');
    const draft = newAcme(name, line.at);
    acmes.push(draft);
    return { ...tableReader('acme', name, ACME_KEYWORDS, draft), close: () => checkAcme(line, draft) };
  },
  'log-profile': openerOf('log-profile', LOG_PROFILE_KEYWORDS, ({ logProfiles }) => logProfiles, newLogProfile, itself),
  healthcheck: openerOf(
    'healthcheck',
    HEALTHCHECK_KEYWORDS,
    ({ healthChecks }) => healthChecks,
    newHealthcheck,
    ({ config }) => config,
  ),
  'http-errors'(line: Line): SectionReader {
    const name = sectionName(line, 'http-errors');
    const { httpErrors } = line.context.config;
    const twin = httpErrors.find((section) => section.name === name);
    if (twin !== undefined)
      line.alert(`http-errors section '${name}' already exists (declared at ${placeText(twin.at)}).`, 'reader');
    const draft = { name, at: line.at, files: [] };
    httpErrors.push(draft);
    return tableReader('http-errors', name, HTTP_ERRORS_KEYWORDS, draft);
  },
};

/** A section without a meaning here: its title is noticed or refused once, its keywords are only checked by name. */
function openRecognised(line: Line, section: RecognisedSection): SectionReader {
  const name = line.word(1);
  line.context.config.others.push({ kind: section.name, name, at: line.at });
  remark(line, section.name, section.status, section.why);
  const first = new Set(section.keywords.map((keyword) => keyword.split(' ')[0]!));
  const read = (inner: Line) => {
    if (first.has(inner.word(0)))
      inner.context.remarks.push({ at: inner.at, keyword: inner.word(0), status: section.status, why: section.why });
    else
      inner.alert(`unknown keyword '${inner.word(0)}' in '${section.name}' section${didYouMean(inner.word(0), first)}`);
  };
  return { kind: section.name, name: name === '' ? section.name : name, read };
}
