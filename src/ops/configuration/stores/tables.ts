import type { TableEntry } from '../../../client/parse/tables.ts';
import type { Document } from '../../../config/document.ts';
import { OperationError } from '../../errors.ts';
import type { Plan, Situation, Step } from '../../operation.ts';
import { count } from '../../text.ts';
import { writeSnapshot } from './table-snapshot.ts';

/** Data that follow by themselves from what goes on: nobody can set them. */
const OWN = /^(server_|conn_cur$)/;

/**
 * What keeps the entries of stick tables: a Sluice writes those that have a `state-file`; all others go into `file` when one is named, and are in
 * memory only when not.
 */
export async function tableSteps(
  { target }: Situation,
  documents: readonly Document[],
  file: string | null,
): Promise<Plan> {
  const tables = (await target.client.showTables()).filter(({ used }) => used > 0);
  const filed = target.product === 'sluice' ? withStateFile(documents) : new Set<string>();
  const saved = tables.filter(({ name }) => filed.has(name)).map(({ name }) => name);
  const others = tables.filter(({ name }) => !filed.has(name));
  const steps: Step[] = [];
  if (saved.length > 0)
    steps.push({
      do: 'act',
      what: `save stick tables into their state files: ${saved.join(', ')}`,
      perform: () => saveNow(target),
    });
  if (file !== null && others.length > 0)
    steps.push({
      do: 'act',
      what: `write stick tables to ${file}: ${others.map(({ name }) => name).join(', ')}`,
      perform: () =>
        snapshot(
          others.map(({ name }) => name),
          target,
          file,
        ),
    });
  const notes = (file === null ? others : []).map(
    ({ name, used }) =>
      `stick table ${name}: ${count(used, 'entry', 'entries')} in memory only; --tables FILE writes them`,
  );
  return { steps, notes };
}

/** Names of the tables whose line has a `state-file`: that of the section, and in a `peers` section that of the line behind it. */
function withStateFile(documents: readonly Document[]): ReadonlySet<string> {
  const names = documents.flatMap((document) =>
    document.sections().flatMap(({ kind, name, start, end }) =>
      document.lines.slice(start, end).flatMap(({ words }) => {
        if (!words.includes('state-file')) return [];
        if (words[0] === 'stick-table') return [name];
        return words[0] === 'table' && kind === 'peers' ? [`${name}/${words[1]}`] : [];
      }),
    ),
  );
  return new Set(names);
}

async function saveNow({ client }: Situation['target']): Promise<string> {
  const text = await client.run(['save', 'tables', 'json']);
  const all = JSON.parse(text) as readonly {
    readonly table: string;
    readonly path: string;
    readonly problem: string | null;
  }[];
  const failed = all.find(({ problem }) => problem !== null);
  if (failed) throw new OperationError('failed', `${failed.table} is not saved to ${failed.path}: ${failed.problem}`);
  return all.map(({ path }) => path).join(', ');
}

async function snapshot(names: readonly string[], { client }: Situation['target'], file: string): Promise<string> {
  const lines: string[] = [];
  for (const table of names)
    for await (const entry of client.tableEntries(table)) {
      const data = settable(entry);
      if (Object.keys(data).length > 0) lines.push(JSON.stringify({ table, key: entry.key, data }));
    }
  writeSnapshot(file, lines);
  return count(lines.length, 'entry', 'entries');
}

function settable({ data }: TableEntry): Record<string, string> {
  const wanted = Object.entries(data).filter(([name]) => !OWN.test(name));
  return Object.fromEntries(wanted.map(([name, value]) => [name, String(value)]));
}
