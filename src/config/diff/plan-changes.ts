import type { Change } from '../../change/change.ts';
import type { Document } from '../document.ts';
import { placeText, sectionText } from '../edit/places.ts';
import { type Configuration, configurationOf, type Section, sideOf } from './configuration.ts';
import { type Difference, type Plan, type PlanOptions, reload, worse } from './difference.ts';
import { compareOthers } from './globals.ts';
import { compareProxies, viewsOf } from './proxies.ts';

const PROXIES = ['frontend', 'backend', 'listen', 'defaults'];

/**
 * What two configurations say differently, statement by statement, and what of it Changes can put in force. Comments, blanks, quotes,
 * and the order of what has none are no difference. Reads text only: the configurations may be those of a real HAProxy.
 */
export function planChanges(
  before: readonly Document[],
  after: readonly Document[],
  options: PlanOptions = { on: 'sluice' },
): Plan {
  const [a, b] = [configurationOf(before), configurationOf(after)];
  const found: Difference[] = [];
  for (const [key, to] of b.sections) {
    const from = a.sections.get(key);
    if (from === undefined) found.push(sectionDifference(to, 'after'));
    else {
      const pair = { before: a, after: b, from, to, options };
      found.push(...(PROXIES.includes(to.kind) ? compareProxies(pair) : compareOthers(pair)));
    }
  }
  for (const [key, from] of a.sections) if (!b.sections.has(key)) found.push(sectionDifference(from, 'before'));
  const differences = countDefaultServers(found, a, b);
  return {
    differences,
    changes: inOrder(differences),
    effect: differences.reduce<Plan['effect']>((effect, difference) => worse(effect, difference.effect), 'none'),
  };
}

function sectionDifference(section: Section, side: 'before' | 'after'): Difference {
  const bare = {
    section: sectionText(section),
    server: null,
    before: null,
    after: null,
    [side]: sideOf(section.title),
  };
  return reload(bare, 'sections are made and removed when the configuration is loaded');
}

/** What is added comes first and what is removed last, so that there never is less than both configurations have. */
function inOrder(differences: readonly Difference[]): Change[] {
  const rank = ({ changes }: Difference) => {
    if (changes.some(({ kind }) => kind === 'server.add')) return 0;
    return changes.some(({ kind }) => kind === 'server.del') ? 2 : 1;
  };
  return [...differences].sort((x, y) => rank(x) - rank(y)).flatMap(({ changes }) => changes);
}

/**
 * A `default-server` line that differs is told by the servers that it is for: it needs what the worst of them needs, and nothing
 * where none of them is changed by it.
 */
function countDefaultServers(found: readonly Difference[], a: Configuration, b: Configuration): Difference[] {
  const servers = [...viewsOf(a), ...viewsOf(b)];
  return found.map((difference) => {
    const sides = [difference.before, difference.after].filter((one) => one !== null);
    if (difference.server !== null || !sides.every(({ text }) => text.startsWith('default-server'))) return difference;
    const places = sides.map(({ at }) => placeText(at));
    const isHere = (at: Parameters<typeof placeText>[0] | undefined) =>
      at !== undefined && places.includes(placeText(at));
    const told = found.filter(
      ({ server, before, after }) => server !== null && (isHere(before?.at) || isHere(after?.at)),
    );
    const takers = servers.filter(({ settings }) => [...settings.values()].some(({ at }) => isHere(at)));
    const names = [...new Set(told.map(({ section, server }) => `${section} ${server}`))].join(', ');
    const effect = told.reduce<Difference['effect']>((worst, one) => worse(worst, one.effect), 'live');
    const reason =
      told.length > 0
        ? `it is for ${names}, where it is counted`
        : takers.length > 0
          ? 'it changes none of the servers that it is for'
          : 'no server takes it';
    return { ...difference, effect, changes: [], reason };
  });
}
