/** Facts about addresses out of files: `mmdb`, a converter of ours. */

import { bytesOf, textOfBytes } from '../../config/bytes.ts';
import type { ConverterRow } from '../row.ts';
import type { SampleValue } from '../types.ts';

/** What a path of names (and, in lists, numbers from 0) leads to. */
function follow(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const name of path) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, name)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}

/** A value of a file as text; nothing for what has parts. */
function textOf(value: unknown): SampleValue | undefined {
  if (typeof value === 'string') return bytesOf(value);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'boolean' ? (value ? '1' : '0') : undefined;
}

export const databaseConverters: readonly ConverterRow[] = [
  {
    name: 'mmdb',
    args: 'string,string',
    in: 'addr',
    out: 'str',
    compile([file, path], env) {
      if (env.database === undefined) return { error: 'files are not read here' };
      const database = env.database(textOfBytes(file as string));
      if ('error' in database) return database;
      const names = textOfBytes(path as string).split('.');
      return (address) => textOf(follow(database.lookup(address as string), names));
    },
  },
];
