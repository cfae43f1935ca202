/** What differs between two `global` sections, and between sections that are no proxies. */

import type { Change } from '../../change/change.ts';
import { sectionText } from '../edit/places.ts';
import { isCertain, type Line, sideOf } from './configuration.ts';
import { type Difference, live, type PlanOptions, reload } from './difference.ts';
import type { SectionPair } from './proxies.ts';
import { compareStatements, type Pair, repeatedSettings, settingOf } from './statements.ts';

/** Settings of `global` that Sluice uses once, when the process starts. */
const AT_START = new Set(
  'chroot daemon gid group master-worker nbthread pidfile tune.ssl.cachesize uid ulimit-n user'.split(' '),
);

/** Difference that needs the files to be read again, or on Sluice another process. */
function restart(
  difference: Pick<Difference, 'section' | 'server' | 'before' | 'after'>,
  what: string,
  { on }: PlanOptions,
): Difference {
  if (on === 'haproxy') return reload(difference, `${what} is read when the configuration is loaded`);
  return { ...difference, effect: 'restart', changes: [], reason: `${what} is read once, when the process starts` };
}

/** Any section but a proxy. */
export function compareOthers(pair: SectionPair): Difference[] {
  const { from, to } = pair;
  const pairs = compareStatements(from.lines, to.lines);
  const title: Pair[] = from.title.identity === to.title.identity ? [] : [{ before: from.title, after: to.title }];
  const repeated = repeatedSettings(from.lines, to.lines);
  return [...title, ...pairs].map((found) => statementDifference(pair, found, repeated));
}

function statementDifference(
  { to, options }: SectionPair,
  { before, after }: Pair,
  repeated: ReadonlySet<string>,
): Difference {
  const bare = {
    section: sectionText(to),
    server: null,
    before: before === null ? null : sideOf(before),
    after: after === null ? null : sideOf(after),
  };
  const setting = settingOf((after ?? before)!);
  if (to.kind !== 'global') return reload(bare, `section '${to.kind}' is read when the configuration is loaded`);
  const [keyword = ''] = setting.split(' ');
  if (AT_START.has(keyword)) return restart(bare, `'${keyword}'`, options);
  if ([before, after].some((line) => line !== null && !isPlain(line)))
    return reload(
      bare,
      "it depends on the environment or an '.if' block, which are looked at when the configuration is loaded",
    );
  const changes = !repeated.has(setting) ? changeLimit(setting, before, after) : null;
  if (changes === 'above') return restart(bare, "the ceiling of 'maxconn'", options);
  if (changes === null) return reload(bare, `'${setting}' is read when the configuration is loaded`);
  return 'why' in changes ? reload(bare, changes.why) : live(bare, [changes]);
}

function isPlain(line: Line): boolean {
  return isCertain(line) && line.words.every(({ variable }) => variable === '');
}

const RATES: Readonly<Record<string, Extract<Change, { kind: 'global.rate-limit' }>['what'] | undefined>> = {
  maxconnrate: 'connections',
  maxsessrate: 'sessions',
  maxsslrate: 'ssl-sessions',
  maxcomprate: 'http-compression',
};

/** The Change that sets a limit of the process, or why there is none; null for what is no limit, `above` for more than the start's. */
function changeLimit(
  setting: string,
  before: Line | null,
  after: Line | null,
): Change | { readonly why: string } | 'above' | null {
  const what = Object.hasOwn(RATES, setting) ? RATES[setting] : undefined;
  const limit = numberIn(after);
  if (what !== undefined) {
    if (after !== null && limit === null) return { why: 'it is no number' };
    return { kind: 'global.rate-limit', what, limit: limit ?? 0 };
  }
  if (setting !== 'maxconn') return null;
  const old = numberIn(before);
  if (limit === null || old === null || limit === 0)
    return { why: 'without it the limit is found out when the configuration is loaded' };
  if (limit > old) return 'above';
  return { kind: 'global.maxconn', maxconn: limit };
}

function numberIn(line: Line | null): number | null {
  const value = line?.words[1]?.text ?? '';
  return /^\d{1,10}$/.test(value) ? Number(value) : null;
}
