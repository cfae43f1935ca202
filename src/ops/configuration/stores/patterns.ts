import type { Change } from '../../../change/change.ts';
import { editPatternFile } from '../../../change/kept/pattern-file.ts';
import type { RuntimeClient } from '../../../client/index.ts';
import { changedByDate, type Item, unnamed } from './item.ts';

/**
 * Works what one map or ACL was told into its file. Where that was a list that is kept elsewhere for its length, the file gets what is in force, unless
 * somebody has changed it since it was read. Returns why it cannot be kept, or null.
 */
export async function keepPatterns(file: string, items: readonly Item[]): Promise<string | null> {
  const { around } = items[0]!;
  const { drafts, target } = around;
  const hindrance = unnamed(file);
  if (hindrance !== null) return hindrance;
  const bytes = drafts.onDisk(file);
  if (bytes === null) return `${file} is not there`;
  const old = bytes.latin1Slice();
  const changes = items.map(({ change }) => change);
  const isLong = changes.some((change) => Object.values(change).some(isKeptElsewhere));
  const text = editPatternFile(old, isLong ? [await inForce(file, 'map' in changes[0]!, target.client)] : changes);
  if (text === null) return 'only characters of ASCII can be written';
  if (text === old) return null;
  const changed = isLong ? changedByDate(file, around) : null;
  if (changed !== null) return changed;
  drafts.put(file, Buffer.from(text, 'latin1'), { visible: true, open: true });
  return null;
}

function isKeptElsewhere(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kept' in value;
}

/** How often a map is read anew that is replaced while it is read. */
const TRIES = 3;

/** The Change that makes what is in force: of the version that is, where versions are told. Throws an Error when it never stays the same. */
async function inForce(file: string, isMap: boolean, client: RuntimeClient): Promise<Change> {
  const current = async () => {
    const sets = await (isMap ? client.showMaps() : client.showAcls());
    return sets.find((set) => set.file === file)?.curr_ver ?? null;
  };
  for (let n = 0; n < TRIES; n++) {
    const version = await current();
    const of = version === null ? {} : { version };
    const change = isMap ? await mapOf(file, of, client) : await aclOf(file, of, client);
    if ((await current()) === version) return change;
  }
  throw new Error(`${file} is replaced again and again: try later`);
}

async function mapOf(map: string, of: { readonly version?: number }, client: RuntimeClient): Promise<Change> {
  const entries: [string, string][] = [];
  for await (const { key, value } of client.mapEntries(map, of)) entries.push([key, value]);
  return { kind: 'map.replace', map, entries };
}

async function aclOf(acl: string, of: { readonly version?: number }, client: RuntimeClient): Promise<Change> {
  const patterns: string[] = [];
  for await (const { pattern } of client.aclEntries(acl, of)) patterns.push(pattern);
  return { kind: 'acl.replace', acl, patterns };
}
