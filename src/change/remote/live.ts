import { type ServerLine, serverLines } from './servers-state.ts';
import { statRows } from './stat-rows.ts';
import { parseVersion, type Version } from './version.ts';
import type { Wire, WireAnswer } from './wire.ts';

export type Level = 'user' | 'operator' | 'admin';

/** What is asked of a HAProxy before and after Changes. Answers are kept until `forget`. */
export interface Live {
  readonly version: Version;
  readonly level: Level;
  /** One command without payload, its answer kept. */
  ask(...words: readonly string[]): Promise<WireAnswer>;
  /** A fact of `show info`; '' when this version does not tell it. */
  info(name: string): Promise<string>;
  /** Lines of `show servers state` of a backend (name or `#<id>`); null: there is no such backend. */
  servers(backend: string): Promise<readonly ServerLine[] | null>;
  /** Rows of `show stat`: all of them. */
  stat(): Promise<readonly LiveRow[]>;
  /** Forgets what was answered: something has been changed. */
  forget(): void;
  /** Sees to it that the process that listens is asked, not one that a reload has left behind. True when it was such a one. */
  current(): Promise<boolean>;
}

const COLUMNS = [
  ...(['pxname', 'svname', 'type', 'iid', 'sid', 'status', 'scur', 'qcur', 'slim', 'algo'] as const),
  ...(['tracked', 'agent_status', 'act', 'addr', 'agent_health', 'agent_rise'] as const),
];

/** A row of `show stat`, the columns that Changes need. */
export type LiveRow = Record<(typeof COLUMNS)[number], string>;

/** Column `type` of `show stat` (management.txt, section 9.1). */
export const ROW = { frontend: '0', backend: '1', server: '2' } as const;

/** Asks for version and level first. Rejects as `Wire.ask` does, and when what answers is no HAProxy. */
export async function openLive(wire: Wire): Promise<Live> {
  const answers = new Map<string, Promise<WireAnswer>>();
  const parsed = new Map<string, Promise<unknown>>();
  const ask = (...words: readonly string[]) => once(answers, words.join('\n'), () => wire.ask({ words }));
  /** What `read` makes of the answer; made once for each answer. */
  const reading = <T>(words: readonly string[], read: (text: string) => T) =>
    once(parsed, words.join('\n'), async () => read((await ask(...words)).text)) as Promise<T>;
  const facts = () => reading(['show', 'info'], readInfo);
  const forget = () => {
    answers.clear();
    parsed.clear();
  };
  const current = async () => {
    if ((await facts()).get('Stopping') !== '1') return false;
    await wire.renew();
    forget();
    return true;
  };
  await current();
  const version = parseVersion((await facts()).get('Version') ?? '');
  const level = (await ask('show', 'cli', 'level')).text.trim();
  if (level !== 'user' && level !== 'operator' && level !== 'admin')
    throw new Error(`the level of the socket is none that is known: ${JSON.stringify(level.slice(0, 80))}`);
  return {
    version,
    level,
    ask,
    info: async (name) => (await facts()).get(name) ?? '',
    servers: (backend) =>
      reading(['show', 'servers', 'state', backend], (text) => (text.startsWith('1\n') ? serverLines(text) : null)),
    stat: () => reading(['show', 'stat'], (text) => statRows(text, COLUMNS)),
    forget,
    current,
  };
}

function once<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const there = known.get(key) ?? make();
  known.set(key, there);
  return there;
}

function readInfo(text: string): Map<string, string> {
  const info = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) info.set(line.slice(0, colon), line.slice(colon + 2).trim());
  }
  return info;
}
