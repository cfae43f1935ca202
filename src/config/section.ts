/** Sections: what starts one, and who reads its lines. */

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
import { newRing, RING_KEYWORDS, type RingDraft } from './keywords/ring.ts';
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
function checkTwin(
  line: Line,
  kind: string,
  name: string,
  others: readonly { readonly name: string; readonly at: Location }[],
): void {
  const twin = others.find((other) => other.name === name);
  if (twin !== undefined && name !== '') {
    line.alert(
      `${kind} section '${name}' has the same name as another ${kind} section declared at ${placeText(twin.at)}.`,
      'reader',
    );
  }
}

const OPENERS = {
  resolvers(line: Line): SectionReader {
    const name = sectionName(line, 'resolvers');
    const { resolvers } = line.context.config;
    checkTwin(line, 'resolvers', name, resolvers);
    const draft = newResolvers(name, line.at);
    resolvers.push(draft);
    return { kind: 'resolvers', name, read: (inner) => readByTable(inner, RESOLVERS_KEYWORDS, draft, 'resolvers') };
  },
  namespace_list(line: Line): SectionReader {
    line.atMost(0);
    const read = (inner: Line) => readByTable(inner, NAMESPACE_KEYWORDS, null, 'namespace_list');
    return { kind: 'namespace_list', name: 'namespace_list', read };
  },
  ring(line: Line): SectionReader {
    const name = sectionName(line, 'ring');
    const { config } = line.context;
    if (config.rings.some((ring) => ring.ring.name === name)) line.alert(`sink named '${name}' already exists.`);
    const draft: RingDraft = newRing(name, line.at);
    config.rings.push(draft);
    return { kind: 'ring', name, read: (inner) => readByTable(inner, RING_KEYWORDS, draft, 'ring') };
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
    return {
      kind: 'log-forward',
      name,
      read: (inner) => readByTable(inner, LOG_FORWARD_KEYWORDS, draft, 'log-forward'),
    };
  },
  peers(line: Line): SectionReader {
    const name = sectionName(line, 'peers');
    const { peers } = line.context.config;
    checkTwin(
      line,
      'peers',
      name,
      peers.map((draft) => draft.peers),
    );
    const draft = newPeers(name, line.at);
    peers.push(draft);
    return { kind: 'peers', name, read: (inner) => readByTable(inner, PEERS_KEYWORDS, draft, 'peers') };
  },
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
    return { kind: 'cache', name, read: (inner) => readByTable(inner, CACHE_KEYWORDS, draft, 'cache') };
  },
  mailers(line: Line): SectionReader {
    const name = sectionName(line, 'mailers');
    const { mailers } = line.context.config;
    checkTwin(line, 'mailers', name, mailers);
    const draft = newMailers(name, line.at);
    mailers.push(draft);
    return { kind: 'mailers', name, read: (inner) => readByTable(inner, MAILERS_KEYWORDS, draft, 'mailers') };
  },
  'crt-store'(line: Line): SectionReader {
    // One of them may have no name.
    const name = line.word(1) === '' ? '' : sectionName(line, 'crt-store');
    const { crtStores } = line.context.config;
    const twin = crtStores.find((store) => store.name === name);
    if (twin !== undefined && name !== '') checkTwin(line, 'crt-store', name, crtStores);
    const store = { name, at: line.at, loads: [] };
    crtStores.push(store);
    const draft: CrtStoreDraft = { store, crtBase: null, keyBase: null };
    return {
      kind: 'crt-store',
      name: name === '' ? 'crt-store' : name,
      read: (inner) => readByTable(inner, CRT_STORE_KEYWORDS, draft, 'crt-store'),
    };
  },
  acme(line: Line): SectionReader {
    const name = sectionName(line, 'acme');
    const { acmes } = line.context.config;
    const twin = acmes.find((section) => section.name === name);
    if (twin !== undefined) line.alert(`acme section '${name}' already exists (${placeText(twin.at)}).`, 'reader');
    const draft = newAcme(name, line.at);
    acmes.push(draft);
    return {
      kind: 'acme',
      name,
      read: (inner) => readByTable(inner, ACME_KEYWORDS, draft, 'acme'),
      close: () => checkAcme(line, draft),
    };
  },
  'log-profile'(line: Line): SectionReader {
    const name = sectionName(line, 'log-profile');
    const { logProfiles } = line.context.config;
    checkTwin(line, 'log-profile', name, logProfiles);
    const draft = newLogProfile(name, line.at);
    logProfiles.push(draft);
    return {
      kind: 'log-profile',
      name,
      read: (inner) => readByTable(inner, LOG_PROFILE_KEYWORDS, draft, 'log-profile'),
    };
  },
  healthcheck(line: Line): SectionReader {
    const name = sectionName(line, 'healthcheck');
    const { healthChecks } = line.context.config;
    checkTwin(
      line,
      'healthcheck',
      name,
      healthChecks.map(({ config }) => config),
    );
    const draft = newHealthcheck(name, line.at);
    healthChecks.push(draft);
    return {
      kind: 'healthcheck',
      name,
      read: (inner) => readByTable(inner, HEALTHCHECK_KEYWORDS, draft, 'healthcheck'),
    };
  },
  'http-errors'(line: Line): SectionReader {
    const name = sectionName(line, 'http-errors');
    const { httpErrors } = line.context.config;
    const twin = httpErrors.find((section) => section.name === name);
    if (twin !== undefined)
      line.alert(`http-errors section '${name}' already exists (declared at ${placeText(twin.at)}).`, 'reader');
    const draft = { name, at: line.at, files: [] };
    httpErrors.push(draft);
    return {
      kind: 'http-errors',
      name,
      read: (inner) => readByTable(inner, HTTP_ERRORS_KEYWORDS, draft, 'http-errors'),
    };
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
