import { RuntimeClientError } from '../failures.ts';
import {
  type AclEntry,
  type Lookup,
  type MapEntry,
  type PatternSet,
  parseAclEntry,
  parseLookup,
  parseMapEntry,
  parsePatternSet,
} from '../parse/patterns.ts';
import type { Session, StreamOptions } from '../session.ts';
import { parsed } from './parsed.ts';

/** A version of a map or ACL: a prepared one, instead of the one in force. */
export interface InVersion {
  readonly version?: number | undefined;
}

const at = ({ version }: InVersion = {}) => (version === undefined ? [] : [`@${version}`]);

/** Commands for maps. A map is named by its file, or `#id`; an entry by its key, or `#ref` for one alone. */
export function mapCommands({ run, batches }: Session) {
  const perform = async (...words: string[]) => {
    await run(words);
  };
  return {
    /** All maps. */
    async showMaps(): Promise<PatternSet[]> {
      return parsed(await run(['show', 'map']), parsePatternSet);
    },
    /** The entries of a map. For large ones: `mapEntries`. */
    async showMap(map: string, version?: InVersion): Promise<MapEntry[]> {
      return parsed(await run(['show', 'map', ...at(version), map]), parseMapEntry);
    },
    /** The entries of a map, one by one as they come. */
    async *mapEntries(map: string, options: InVersion & StreamOptions = {}): AsyncGenerator<MapEntry, void, undefined> {
      for await (const lines of batches(['show', 'map', ...at(options), map], options))
        for (const line of lines) {
          const entry = parseMapEntry(line);
          if (entry !== null) yield entry;
        }
    },
    /** What the map gives for a value. */
    async getMap(map: string, value: string): Promise<Lookup> {
      return parseLookup(await run(['get', 'map', map, value]));
    },
    /** Adds an entry; a key may be there several times, the first one counts. */
    addMap: (map: string, key: string, value: string, version?: InVersion) =>
      perform('add', 'map', ...at(version), map, key, value),
    /** Adds many entries in one command, in order. Keys and values hold no line ends, keys no blanks; the first that is wrong ends it. */
    async addMapEntries(
      map: string,
      entries: Iterable<readonly [key: string, value: string]>,
      version?: InVersion,
    ): Promise<void> {
      // All are looked at before the first is sent.
      for (const payload of [...payloads(entries)]) await run(['add', 'map', ...at(version), map], { payload });
    },
    /** Gives all entries of the key another value. */
    setMap: (map: string, key: string, value: string) => perform('set', 'map', map, key, value),
    delMap: (map: string, key: string) => perform('del', 'map', map, key),
    clearMap: (map: string, version?: InVersion) => perform('clear', 'map', ...at(version), map),
    /** Begins a new version; resolves with its number. It is filled with `addMap` and put in force by `commitMap`. */
    async prepareMap(map: string): Promise<number> {
      return versionOf(await run(['prepare', 'map', map]));
    },
    commitMap: (map: string, version: number) => perform('commit', 'map', `@${version}`, map),
  };
}

/** Commands for ACLs. An ACL is named by its file, or `#id`. */
export function aclCommands({ run, batches }: Session) {
  const perform = async (...words: string[]) => {
    await run(words);
  };
  return {
    /** All ACLs. */
    async showAcls(): Promise<PatternSet[]> {
      return parsed(await run(['show', 'acl']), parsePatternSet);
    },
    async showAcl(acl: string, version?: InVersion): Promise<AclEntry[]> {
      return parsed(await run(['show', 'acl', ...at(version), acl]), parseAclEntry);
    },
    /** The patterns of an ACL, one by one as they come. */
    async *aclEntries(acl: string, options: InVersion & StreamOptions = {}): AsyncGenerator<AclEntry, void, undefined> {
      for await (const lines of batches(['show', 'acl', ...at(options), acl], options))
        for (const line of lines) {
          const entry = parseAclEntry(line);
          if (entry !== null) yield entry;
        }
    },
    /** Whether a value matches, and which pattern. */
    async getAcl(acl: string, value: string): Promise<Lookup> {
      return parseLookup(await run(['get', 'acl', acl, value]));
    },
    addAcl: (acl: string, pattern: string, version?: InVersion) => perform('add', 'acl', ...at(version), acl, pattern),
    delAcl: (acl: string, pattern: string) => perform('del', 'acl', acl, pattern),
    clearAcl: (acl: string, version?: InVersion) => perform('clear', 'acl', ...at(version), acl),
    /** Begins a new version; resolves with its number. */
    async prepareAcl(acl: string): Promise<number> {
      return versionOf(await run(['prepare', 'acl', acl]));
    },
    commitAcl: (acl: string, version: number) => perform('commit', 'acl', `@${version}`, acl),
  };
}

function versionOf(text: string): number {
  return Number(/\d+$/.exec(text)![0]);
}

/** Most bytes of one payload: HAProxy before 3.4 takes a command with its payload up to `tune.bufsize` (16 kB). */
const PAYLOAD_BYTES = 12_000;

function* payloads(entries: Iterable<readonly [string, string]>): Generator<string> {
  let lines = '';
  for (const [key, value] of entries) {
    if (/[\s\0]/.test(key) || key === '' || /[\n\r\0]/.test(value) || value.trim() === '')
      throw new RuntimeClientError('EINVAL', `no entry of a map: ${JSON.stringify([key, value])}`);
    const line = `${key} ${value}\n`;
    if (lines !== '' && Buffer.byteLength(lines) + Buffer.byteLength(line) > PAYLOAD_BYTES) {
      yield lines;
      lines = '';
    }
    lines += line;
  }
  if (lines !== '') yield lines;
}
