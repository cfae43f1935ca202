/** Maps and ACLs: finding the one that is meant, and what is in it. */
import type { RuntimeClient } from '../../client/index.ts';
import type { PatternSet } from '../../client/parse/patterns.ts';
import { nearestWord } from '../../config/suggest.ts';
import { OperationError } from '../errors.ts';

/** The identifier of the map that is meant by its file, the last part of that, or `#id`. */
export async function findMap(client: RuntimeClient, name: string): Promise<string> {
  return idOf('map', await client.showMaps(), name);
}

export async function findAcl(client: RuntimeClient, name: string): Promise<string> {
  return idOf('ACL', await client.showAcls(), name);
}

function idOf(what: string, sets: readonly PatternSet[], name: string): string {
  const found = setsNamed(sets, name);
  if (found.length === 1) return identifier(found[0]!);
  const list = sets.map(identifier).join(', ') || 'none';
  if (found.length > 1)
    throw new OperationError('unknown', `'${name}' may be ${found.map(identifier).join(' or ')}; write more of it`);
  const near = nearestWord(name, sets.map(shortName));
  throw new OperationError(
    'unknown',
    `there is no ${what} '${name}'; there are ${list}${near === null ? '' : `; did you mean '${near}'?`}`,
  );
}

/** Those of a file, or of a file with that last part, or with that `#id`. A file that is used in several places is one. */
export function setsNamed(sets: readonly PatternSet[], name: string): readonly PatternSet[] {
  const exact = sets.filter(({ file, id }) => file === name || `#${id}` === name);
  if (exact.length > 0) return exact.slice(0, 1);
  const files = new Map(sets.filter(({ file }) => file.endsWith(`/${name}`)).map((set) => [set.file, set]));
  return [...files.values()];
}

/** What commands call it: its file where it has one, as ids change with the configuration. */
export function identifier({ file, id }: PatternSet): string {
  return file === '' ? `#${id}` : file;
}

function shortName(set: PatternSet): string {
  return identifier(set).split('/').at(-1)!;
}
