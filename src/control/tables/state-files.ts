import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { StickTable } from '../../model/tables/table.ts';
import type { StickTables } from '../../model/tables/tables.ts';
import { loadTable, readStateHead } from './load-table.ts';
import { saveTable } from './save-table.ts';

/** How long the process that is replaced may take to save its tables, and how often that is looked for, ms. */
const HANDED_OVER = 15_000;
const LOOK = 100;

/** The state files of stick tables (`state-file`), as long as a process is there. */
export interface StateFiles {
  /** Fills tables from their files, before anybody uses them; from then on they are saved. */
  load(): Promise<void>;
  /** A reload is over: tables that now have a file, or another one, are filled from it, and what has gone is saved a last time. */
  reloaded(): Promise<void>;
  /** Saves all now, as somebody asks for it. One result for each table that has a file. */
  saveNow(): Promise<readonly SavedTable[]>;
  /** The process comes to its end: saves all a last time, except what the one that takes over has saved already. */
  save(): Promise<void>;
  /** Nothing is saved from time to time any more. */
  close(): void;
}

/** What came of a table that was to be saved. */
export interface SavedTable {
  readonly table: string;
  readonly path: string;
  /** Why it could not be, or null. */
  readonly problem: string | null;
}

export interface StateFilesOptions {
  readonly tables: StickTables;
  warn(text: string): void;
  /** Another process is about to save its tables, for this one. */
  readonly awaitsOldProcess: boolean;
}

/** A table and its file. */
interface Kept {
  readonly table: StickTable;
  readonly path: string;
  /** Date of the next saving, ms. */
  due: number;
  /** Why it could not be saved the last time: that has been told; null when it could. */
  failing: string | null;
  /** Date of the last state of the file, written by another process, that this one knows. */
  seen: number;
}

/** Begins to look after state files. */
export function createStateFiles({ tables, warn, awaitsOldProcess }: StateFilesOptions): StateFiles {
  const own = randomBytes(8).toString('hex');
  let kept: Kept[] = [];
  let state: 'loading' | 'serving' | 'stopping' | 'closed' = 'loading';
  let timer: NodeJS.Timeout | null = null;
  let turn: Promise<void> = Promise.resolve();

  /** One after the other: two savings of a file would meet. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    turn = turn.then(work);
    return turn;
  };
  /** Whether another process has written the file since this one has looked at it. */
  const isNews = async (one: Kept): Promise<boolean> => {
    const head = await readStateHead(one.path);
    if (head === null || head.writer === own || head.savedAt <= one.seen) return false;
    one.seen = head.savedAt;
    return true;
  };
  const fill = async ({ table, path }: Kept): Promise<void> => {
    const result = await loadTable(table, tables.dictionary, path);
    if (result !== null && 'problem' in result)
      warn(`stick-table '${table.name}' : state-file '${path}' is not used: ${result.problem}.`);
  };
  const save = async (one: Kept): Promise<void> => {
    one.due = Date.now() + one.table.config.stateInterval;
    if (await isNews(one)) {
      // The process that takes over has written it, or the one before has at last.
      if (state !== 'serving') return;
      await fill(one);
    }
    const { table, path } = one;
    try {
      await saveTable(table, tables.dictionary, path, own);
      one.failing = null;
    } catch (error) {
      const { message } = error as Error;
      if (one.failing === null) warn(`stick-table '${table.name}' is not saved to '${path}': ${message}.`);
      one.failing = message;
    }
  };
  const saveAll = (those: readonly Kept[]) =>
    inTurn(async () => {
      for (const one of those) await save(one);
    });
  const schedule = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (state !== 'serving' || kept.length === 0) return;
    const wait = Math.max(0, Math.min(...kept.map(({ due }) => due)) - Date.now());
    timer = setTimeout(() => void saveAll(kept.filter(({ due }) => due <= Date.now())).then(schedule), wait).unref();
  };
  const current = (): Kept[] =>
    tables.all.flatMap((table) => {
      const { stateFile: path, stateInterval } = table.config;
      return path === null ? [] : [{ table, path, due: Date.now() + stateInterval, failing: null, seen: 0 }];
    });
  const begin = async (one: Kept): Promise<void> => {
    await isNews(one);
    await fill(one);
  };
  /** Takes in what the process before saves while it comes to its end; until then nothing is written over it. */
  const awaitOld = async (): Promise<void> => {
    for (const end = Date.now() + HANDED_OVER; state === 'serving' && Date.now() < end; await delay(LOOK))
      for (const one of kept) if (await isNews(one)) await fill(one);
  };

  return {
    async load() {
      kept = current();
      for (const one of kept) await begin(one);
      state = 'serving';
      if (awaitsOldProcess && kept.length > 0) void inTurn(awaitOld).then(schedule);
      else schedule();
    },
    async reloaded() {
      const before = kept;
      const find = (list: readonly Kept[], wanted: Kept) => list.find(({ path }) => path === wanted.path);
      kept = current().map((one) => {
        const known = find(before, one);
        return known === undefined ? one : { ...known, table: one.table };
      });
      const gone = before.filter((one) => find(kept, one) === undefined);
      for (const one of kept) if (find(before, one) === undefined) await begin(one);
      void saveAll([...gone, ...kept]).then(schedule);
    },
    async saveNow() {
      await saveAll(kept);
      return kept.map(({ table, path, failing }) => ({ table: table.name, path, problem: failing }));
    },
    async save() {
      if (state === 'loading') return;
      state = 'stopping';
      await saveAll(kept);
    },
    close() {
      if (state !== 'loading') state = 'closed';
      if (timer !== null) clearTimeout(timer);
    },
  };
}
