/** A map or ACL, from the list of `show map` or `show acl`. */
export interface PatternSet {
  /** For `#id`; may change when the configuration does. */
  readonly id: number;
  /** Empty for patterns that are in the configuration itself. */
  readonly file: string;
  readonly description: string;
  /** Version in force, and the last that was prepared; null where the program does not tell. */
  readonly curr_ver: number | null;
  readonly next_ver: number | null;
  /** Entries of all versions. */
  readonly entry_cnt: number | null;
}

export interface AclEntry {
  /** Reference (`0x...`), for `#ref`. */
  readonly ref: string;
  readonly pattern: string;
}

export interface MapEntry {
  readonly ref: string;
  /** Up to the first blank: where keys themselves hold blanks, the answer does not tell key from value. */
  readonly key: string;
  readonly value: string;
}

/** What `get map` found. */
export interface Lookup {
  readonly found: boolean;
  /** The key or pattern that fitted, null without one. */
  readonly key: string | null;
  /** The value (maps only). */
  readonly value: string | null;
  /** The words of the answer: `type`, `case`, `idx`, ... */
  readonly facts: Readonly<Record<string, string>>;
}

export function parsePatternSet(line: string): PatternSet | null {
  const match = /^(-?\d+) \((.*?)\) (.*)$/.exec(line);
  if (match === null) return null;
  const count = (name: string) => {
    const found = new RegExp(` ${name}=(\\d+)`).exec(match[3]!);
    return found === null ? null : Number(found[1]);
  };
  return {
    id: Number(match[1]),
    file: match[2]!,
    description: match[3]!.replace(/\.? curr_ver=.*$/, ''),
    curr_ver: count('curr_ver'),
    next_ver: count('next_ver'),
    entry_cnt: count('entry_cnt'),
  };
}

export function parseAclEntry(line: string): AclEntry | null {
  const match = /^(0x[0-9a-f]+) (.*)$/is.exec(line);
  return match === null ? null : { ref: match[1]!, pattern: match[2]! };
}

export function parseMapEntry(line: string): MapEntry | null {
  const match = /^(0x[0-9a-f]+) ([^ ]*)(?: (.*))?$/is.exec(line);
  return match === null ? null : { ref: match[1]!, key: match[2]!, value: match[3] ?? '' };
}

/** Reads `type=str, case=sensitive, found=yes, idx=tree, key="k", value="v", type="str"`. */
export function parseLookup(text: string): Lookup {
  const pair = /(?:^|, )(?:key|pattern)="(.*?)"(?:, value="(.*)", type="[^"]*")?$/s.exec(text);
  const plain = text.slice(0, pair?.index);
  const facts = Object.fromEntries([...plain.matchAll(/([a-z]+)=([^,]*)/gi)].map((match) => [match[1]!, match[2]!]));
  return {
    found: facts['found'] === 'yes' || facts['match'] === 'yes',
    key: pair?.[1] ?? null,
    value: pair?.[2] ?? null,
    facts,
  };
}
