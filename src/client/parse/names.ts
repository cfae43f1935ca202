import { keyValues } from './key-values.ts';

/** Counters of a name server. */
export interface NameServer {
  readonly name: string;
  readonly counters: Readonly<Record<string, number>>;
}

/** A section of `show resolvers`. */
export interface Resolvers {
  readonly section: string;
  readonly nameservers: readonly NameServer[];
}

/** Reads `show resolvers`. */
export function parseResolvers(text: string): Resolvers[] {
  const sections: { section: string; nameservers: { name: string; counters: Record<string, number> }[] }[] = [];
  for (const line of text.split('\n')) {
    const section = /^Resolvers section (.*)$/.exec(line);
    const nameserver = /^ nameserver (.*):$/.exec(line);
    const counter = /^ {2}(\w+): +(\d+)$/.exec(line);
    if (section !== null) sections.push({ section: section[1]!, nameservers: [] });
    else if (nameserver !== null) sections.at(-1)?.nameservers.push({ name: nameserver[1]!, counters: {} });
    else if (counter !== null) {
      const last = sections.at(-1)?.nameservers.at(-1);
      if (last !== undefined) last.counters[counter[1]!] = Number(counter[2]);
    }
  }
  return sections;
}

/** A peer of a section of `show peers`. */
export interface Peer {
  readonly id: string;
  /** `remote,active`, `local,inactive`, ... */
  readonly kind: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** A section of `show peers`. */
export interface Peers {
  readonly section: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly peers: readonly Peer[];
}

/** Reads `show peers`: of each peer the words `name=value` of its lines, up to its tables. */
export function parsePeers(text: string): Peers[] {
  const sections: { section: string; fields: Record<string, string>; peers: Peer[] }[] = [];
  let open: Record<string, string> | null = null;
  for (const line of text.split('\n')) {
    const pairs = Object.fromEntries(keyValues(line));
    const peer = /^ {2}0x\S+ id=([^ (]*)\(([^)]*)\)/.exec(line);
    if (/^0x\S+ \[/.test(line)) {
      sections.push({ section: pairs['id'] ?? '', fields: pairs, peers: [] });
      open = null;
    } else if (peer !== null || /^ {2}0x\S+: id=/.test(line)) {
      const [, id, kind] = /id=([^ (]*)\(([^)]*)\)/.exec(line) ?? [null, pairs['id'] ?? '', ''];
      open = pairs;
      sections.at(-1)?.peers.push({ id: id!, kind: kind!, fields: open });
    } else if (/^ +shared tables:/.test(line)) open = null;
    else if (open !== null) Object.assign(open, pairs);
  }
  return sections;
}

/** A sink of events, from `show events`. */
export interface EventSink {
  readonly name: string;
  /** `buffer` can be read, `fd` cannot. */
  readonly type: string;
  readonly dropped: number;
  readonly description: string;
}

/** Reads the list of `show events`. */
export function parseSinks(text: string): EventSink[] {
  return text.split('\n').flatMap((line) => {
    const match = /^ {4}(\S+) *: type=(\w+), (\d+) dropped, ?(.*)$/.exec(line);
    if (match === null) return [];
    return { name: match[1]!, type: match[2]!, dropped: Number(match[3]), description: match[4]! };
  });
}

/** A process, from `show proc` on a master CLI. */
export interface Process {
  readonly pid: number;
  readonly type: 'master' | 'worker' | 'program';
  /** True for a worker that is leaving. */
  readonly old: boolean;
  readonly reloads: number;
  /** Reloads that failed (master only). */
  readonly failed: number | null;
  /** Seconds. */
  readonly uptime: number;
  readonly version: string;
}

/** Reads `show proc`. */
export function parseProcesses(text: string): Process[] {
  let old = false;
  return text.split('\n').flatMap((line) => {
    if (line.startsWith('# ')) old = line.startsWith('# old ');
    const match = /^(\d+)\s+(\S+)\s+(\d+)(?: \[failed: (\d+)\])?\s+(\d+)d(\d+)h(\d+)m(\d+)s\s*(\S*)/.exec(line);
    if (match === null) return [];
    const [days, hours, minutes, seconds] = match.slice(5, 9).map(Number) as [number, number, number, number];
    const type = match[2] === 'master' || match[2] === 'worker' ? match[2] : 'program';
    return {
      pid: Number(match[1]),
      type,
      old,
      reloads: Number(match[3]),
      failed: match[4] === undefined ? null : Number(match[4]),
      uptime: ((days * 24 + hours) * 60 + minutes) * 60 + seconds,
      version: match[9]!,
    };
  });
}
