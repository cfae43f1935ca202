import { readFileSync } from 'node:fs';
import { configuredPath } from '../../config/paths.ts';
import type { Location, PatternReferenceConfig } from '../../config/types.ts';
import { patternProblem } from '../../expr/acl/match.ts';
import { type PatternSource, type PatternUse, referenceName } from '../../expr/patterns.ts';
import type { ExprError } from '../../expr/sample.ts';
import { readPatterns } from '../../model/patterns/read-patterns.ts';
import { type AddressNames, nameIn } from './address-names.ts';
import { patternTrouble } from './trouble.ts';

/** Which patterns a configuration uses, found while it is compiled. */
export interface PatternCollection {
  /** Takes note of a use, and reads and checks its patterns when they are new. */
  patterns(key: string, use: PatternUse, at: Location): PatternSource | ExprError;
  /** All, numbered as HAProxy does: those of the configuration first, then in the order of files and lines. */
  references(): PatternReferenceConfig[];
}

interface Place {
  /** `map` also where an ACL takes the keys of a map (`-M`). */
  readonly kind: 'acl' | 'map';
  readonly at: Location;
}

const placeOf = ({ kind, keyed }: PatternUse, at: Location): Place => ({ kind: keyed ? 'map' : kind, at });

type Draft = {
  -readonly [K in keyof Omit<PatternReferenceConfig, 'id' | 'uses' | 'addresses'>]: PatternReferenceConfig[K];
} & {
  id: number | null;
  readonly uses: PatternReferenceConfig['uses'][number][];
  addresses: Record<string, string>;
  /** Where it is used. */
  readonly places: Place[];
};

/** Starts a collection. `defaultPath`: where names of files begin; `names`: what host names stand for. */
export function collectPatterns(defaultPath: readonly string[], names: AddressNames): PatternCollection {
  const drafts = new Map<string, Draft>();
  return {
    patterns(key, use, at) {
      let draft = drafts.get(key);
      if (draft === undefined) {
        if (use.id !== null && [...drafts.values()].some(({ id }) => id === use.id))
          return { error: 'the id is already used' };
        const made = draftOf(key, use, at, defaultPath);
        if ('error' in made) return made;
        draft = made;
        drafts.set(key, draft);
      } else {
        const clash = use.name === null ? null : clashOf(draft, use);
        if (clash !== null) return { error: clash };
        addPlace(draft, use, at);
      }
      return addUse(draft, use, names) ?? EMPTY;
    },
    references: () => numbered([...drafts.values()]),
  };
}

/** While a configuration is only compiled, nothing is looked up. */
const EMPTY: PatternSource = {
  edits: () => 0,
  count: () => 0,
  entries: () => [],
  key: () => '',
  value: () => '',
  index: () => null,
};

function draftOf(key: string, use: PatternUse, at: Location, defaultPath: readonly string[]): Draft | ExprError {
  const source = use.name === null ? use.patterns : readFile(use.name, at, defaultPath);
  if (source !== null && 'error' in source) return source;
  const { keyed, id, subject } = use;
  const name = use.name === null ? '' : referenceName(use.name);
  const description =
    use.name === null ? `acl '${subject}' file '${at.file}' line ${at.line}` : `pattern loaded from file '${name}'`;
  const acl = use.kind === 'acl';
  return {
    ...{ key, id, name, description, acl, map: !acl || keyed, keyed, source },
    ...{ uses: [], addresses: {}, places: [placeOf(use, at)] },
  };
}

/** Content of a file; null for one that need not be there. */
function readFile(name: string, at: Location, defaultPath: readonly string[]): Uint8Array | ExprError | null {
  if (/^virt@./.test(name)) return null;
  try {
    return readFileSync(configuredPath(referenceName(name), at.file, defaultPath));
  } catch {
    return /^opt@./.test(name) ? null : { error: `failed to open pattern file <${referenceName(name)}>` };
  }
}

function clashOf({ keyed, name }: Draft, use: PatternUse): string | null {
  if (keyed === use.keyed) return null;
  const [is, wanted] = keyed ? ['two', 'one'] : ['one', 'two'];
  return `The file "${name}" is already used as ${is} column file and cannot be used by as ${wanted} column file`;
}

function addPlace(draft: Draft, use: PatternUse, at: Location): void {
  const place = placeOf(use, at);
  const isSame = (one: Place): boolean => one.kind === place.kind && one.at.file === at.file && one.at.line === at.line;
  if (use.name === null || draft.places.some(isSame)) return;
  draft.places.push(place);
  if (use.kind === 'acl') draft.acl = true;
  if (place.kind === 'map') draft.map = true;
}

/** Adds a way of looking patterns up, if each of them is fit for it. */
function addUse(draft: Draft, { match, ignoreCase, values, named }: PatternUse, names: AddressNames): ExprError | null {
  const use = { match, ignoreCase, values };
  if (draft.uses.some((one) => one.match === match && one.ignoreCase === ignoreCase && one.values === values))
    return null;
  for (const { key, value, line } of readPatterns(draft)) {
    const problem = patternTrouble(use, key, value);
    if (problem !== null && !(named && isNamed(draft, key, names)))
      return { error: line === 0 ? problem : `${problem} at line ${line} of file '${draft.name}'` };
  }
  draft.uses.push(use);
  return null;
}

/** Whether a pattern is a host name that has an address, which is taken down, or may have one. */
function isNamed({ addresses }: Draft, pattern: string, names: AddressNames): boolean {
  const found = nameIn(pattern);
  const address = found === null ? null : names.find(found.name);
  if (found === null || address === null) return false;
  if (address === undefined) return true;
  if (patternProblem('ip', address + found.mask, false) !== null) return false;
  addresses[found.name] = address;
  return true;
}

function numbered(drafts: readonly Draft[]): PatternReferenceConfig[] {
  const files = [...new Set(drafts.flatMap(({ places }) => places.map(({ at }) => at.file)))];
  const before = (a: Place, b: Place): number =>
    files.indexOf(a.at.file) - files.indexOf(b.at.file) || a.at.line - b.at.line;
  const placed = drafts.map((draft) => ({ ...draft, places: draft.places.toSorted(before) }));
  const sorted = placed.sort((a, b) => before(a.places[0]!, b.places[0]!));
  const taken = new Set(drafts.map(({ id }) => id));
  let next = 0;
  const free = (): number => {
    while (taken.has(next)) next++;
    return next++;
  };
  return sorted
    .map(({ places, id, ...reference }) => ({
      ...reference,
      description: reference.name === '' ? reference.description : `${reference.description} used${usedAt(places)}`,
      id: id ?? free(),
    }))
    .sort((a, b) => a.id - b.id);
}

const usedAt = (places: readonly Place[]): string =>
  places.map(({ kind, at }) => ` by ${kind} at file '${at.file}' line ${at.line}`).join();
