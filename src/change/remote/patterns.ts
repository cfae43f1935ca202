import { createHash } from 'node:crypto';
import { list } from './find.ts';
import type { Level, Live } from './live.ts';
import type { Durable } from './row.ts';
import { atLeast, type Version } from './version.ts';
import type { Command, Wire, WireAnswer } from './wire.ts';

/** Maps and ACLs: HAProxy keeps both alike. */
export type PatternKind = 'map' | 'acl';

/** A line of `show map` or `show acl`. */
export interface PatternSet {
  readonly id: string;
  /** '' for patterns that stand in the configuration itself. */
  readonly file: string;
  /** Generation in force. */
  readonly current: number;
  /** Entries of all generations. */
  readonly count: number;
}

/** Before 3.4 any level may. */
export function patternLevel(version: Version): Level {
  return atLeast(version, '3.4') ? 'admin' : 'user';
}

/** The set of that file name or `#<id>`, or undefined. */
export async function patternSet(kind: PatternKind, name: string, live: Live): Promise<PatternSet | undefined> {
  const sets = await patternSets(kind, live);
  return sets.find(({ id, file }) => (name.startsWith('#') ? `#${id}` === name : file === name));
}

/** Why there is no such set, or null when there is. */
export async function lacksPatterns(kind: PatternKind, name: string, live: Live): Promise<string | null> {
  if (await patternSet(kind, name, live)) return null;
  const names = (await patternSets(kind, live)).map(({ id, file }) => file || `#${id}`);
  const what = kind === 'map' ? 'map' : 'ACL';
  return `there is no ${what} '${name}' in use; there are ${list(names)}`;
}

async function patternSets(kind: PatternKind, live: Live): Promise<PatternSet[]> {
  const { text } = await live.ask('show', kind);
  return text.split('\n').flatMap((line) => {
    const match = /^(\d+) \((.*?)\) .*?curr_ver=(\d+) next_ver=\d+ entry_cnt=(\d+)$/.exec(line);
    return match ? [{ id: match[1]!, file: match[2]!, current: Number(match[3]), count: Number(match[4]) }] : [];
  });
}

/** The entries in force, in order: `key value` of a map, patterns of an ACL. */
export async function entries(kind: PatternKind, name: string, live: Live): Promise<string[]> {
  const { text } = await live.ask('show', kind, name);
  const found: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const stop = end < 0 ? text.length : end;
    const space = text.indexOf(' ', at);
    if (space > 0 && space < stop) found.push(text.slice(space + 1, stop));
    at = stop + 1;
  }
  return found;
}

/** What an override of a map or an ACL is filed under: its file, also where it is called by number. */
export async function durablePatterns(
  kind: PatternKind,
  name: string,
  attribute: string,
  live: Live,
  make?: Durable['make'],
): Promise<Durable> {
  const object = (await patternSet(kind, name, live))?.file || name;
  return { object, attribute, file: '', ...(make ? { make } : {}) };
}

/** Sets of up to so many entries are compared by content, larger ones by number alone: reading them takes seconds. */
const MOST_COMPARED = 10_000;

/** What is in force of a set, as `contentText` tells it. */
export async function contentNow(kind: PatternKind, name: string, live: Live): Promise<string> {
  const { count } = (await patternSet(kind, name, live))!;
  return count > MOST_COMPARED ? countText(kind, count) : contentText(kind, await entries(kind, name, live), count);
}

/** `3 entries, sha256 9f86d081884c`: the same for the same entries in any order. `all` is gone through only where a hash is told. */
export function contentText(kind: PatternKind, all: Iterable<string>, count: number): string {
  if (count === 0 || count > MOST_COMPARED) return countText(kind, count);
  const sorted = [...all].sort().join('\n');
  return `${countText(kind, count)}, sha256 ${createHash('sha256').update(sorted).digest('hex').slice(0, 12)}`;
}

function countText(kind: PatternKind, count: number): string {
  return `${count} ${kind === 'map' ? 'entries' : 'patterns'}`;
}

/**
 * The values of a key: of a map what it maps to (one for each time it is there), of an ACL ''. The answer of one look-up is enough where only equal
 * texts match; else all entries are read.
 */
export async function valuesOf(kind: PatternKind, name: string, key: string, live: Live): Promise<string[]> {
  const { text } = await live.ask('get', kind, name, key);
  const found = /^type=(\S+), case=(\S+), (?:found|match)=(yes|no)/.exec(text);
  if (found?.[1] === 'str' && found[2] === 'sensitive' && found[3] === 'no') return [];
  const hit = /(?:key|pattern)="(.*?)"(?:, value="(.*)", type="|$)/s.exec(text);
  if (found?.[1] === 'str' && hit?.[1] === key) return [hit[2] ?? ''];
  const all = await entries(kind, name, live);
  if (kind === 'acl') return all.filter((entry) => entry === key).map(() => '');
  return all.filter((entry) => entry.startsWith(`${key} `)).map((entry) => entry.slice(key.length + 1));
}

/** Why a text cannot be a key or pattern, or null. In payloads and listings a space ends it. */
export function badKey(key: string): string | null {
  return key === '' || /[\s\0]/.test(key) ? `a key is one word: ${JSON.stringify(key)}` : null;
}

/** Why a text cannot be named by a command for one key, or null: `#` begins the number of an entry there. */
export function badName(key: string): string | null {
  return key.startsWith('#') ? `HAProxy takes what begins with # for the number of an entry: ${key}` : badKey(key);
}

/** Why a text cannot be a value, or null. */
export function badValue(value: string): string | null {
  return value === '' || /[\n\r\0]/.test(value) || value.trim() !== value
    ? `a value is not empty, and has neither line ends nor spaces around it: ${JSON.stringify(value)}`
    : null;
}

/**
 * Puts other entries in place of all that are in force, with one visible switch: a new generation is prepared and filled, then committed. When filling
 * fails, what was filled is thrown away. `fill` gives the commands for the generation.
 */
export async function replaceAll(
  kind: PatternKind,
  name: string,
  wire: Wire,
  fill: (generation: string) => Iterable<Command>,
): Promise<WireAnswer> {
  const prepared = await wire.ask({ words: ['prepare', kind, name] });
  const generation = /^New version created: (\d+)/.exec(prepared.text)?.[1];
  if (generation === undefined) return { severity: 3, text: prepared.text || `no word came of 'prepare ${kind}'` };
  const version = `@${generation}`;
  try {
    const { objection } = await wire.pour(fill(version));
    const answer = objection ?? (await wire.ask({ words: ['commit', kind, version, name] }));
    if (answer.text === '') return answer;
    await wire.ask({ words: ['clear', kind, version, name] });
    return { severity: answer.severity ?? 3, text: answer.text };
  } catch (error) {
    await wire.ask({ words: ['clear', kind, version, name] }).catch(() => undefined);
    throw error;
  }
}

/** Most bytes of a payload: one has to fit into tune.bufsize (16 kB) with its command before 3.4, tune.cli.max-payload-size (128 kB) since. */
export function payloadLimit(version: Version): number {
  return atLeast(version, '3.4') ? 100_000 : 15_000;
}

/** Lines as payloads as large as HAProxy takes them. */
export function* payloads(lines: Iterable<string>, most: number): Generator<string> {
  let batch: string[] = [];
  let size = 0;
  for (const line of lines) {
    const bytes = Buffer.byteLength(line) + 1;
    if (size + bytes > most && batch.length > 0) {
      yield batch.join('\n');
      batch = [];
      size = 0;
    }
    batch.push(line);
    size += bytes;
  }
  if (batch.length > 0) yield batch.join('\n');
}
