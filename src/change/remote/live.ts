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
  const ask = (...words: readonly string[]) => {
    const key = words.join('\n');
    const known = answers.get(key) ?? wire.ask({ words });
    answers.set(key, known);
    return known;
  };
  let info = readInfo((await ask('show', 'info')).text);
  if (info.get('Stopping') === '1') {
    await wire.renew();
    answers.clear();
    info = readInfo((await ask('show', 'info')).text);
  }
  const version = parseVersion(info.get('Version') ?? '');
  const level = (await ask('show', 'cli', 'level')).text.trim();
  if (level !== 'user' && level !== 'operator' && level !== 'admin')
    throw new Error(`the level of the socket is none that is known: ${JSON.stringify(level.slice(0, 80))}`);
  const live: Live = {
    version,
    level,
    ask,
    async info(name) {
      info = readInfo((await ask('show', 'info')).text);
      return info.get(name) ?? '';
    },
    async servers(backend) {
      const { text } = await ask('show', 'servers', 'state', backend);
      return text.startsWith('1\n') ? serverLines(text) : null;
    },
    stat: async () => statRows((await ask('show', 'stat')).text, COLUMNS),
    forget: () => answers.clear(),
    async current() {
      if ((await live.info('Stopping')) !== '1') return false;
      await wire.renew();
      answers.clear();
      return true;
    },
  };
  return live;
}

function readInfo(text: string): Map<string, string> {
  const info = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) info.set(line.slice(0, colon), line.slice(colon + 2).trim());
  }
  return info;
}
