import { parseTable, parseTableEntry, type Table, type TableEntry } from '../parse/tables.ts';
import { PermissionDeniedError } from '../refusals.ts';
import type { Session, StreamOptions } from '../session.ts';
import { requireFeature } from '../versions.ts';
import { parsed } from './parsed.ts';

/** Which entries of a stick table are meant: the one with the key, or those whose data fit. */
export type TableFilter =
  | { readonly key: string }
  /** `ptr` of an entry (HAProxy 3.1). */
  | { readonly ptr: string }
  /** `['gpc0', 'gt', 5]`: up to four of them, all have to fit. */
  | { readonly data: readonly (readonly [type: string, operator: TableOperator, value: number])[] };

export type TableOperator = 'eq' | 'ne' | 'le' | 'ge' | 'lt' | 'gt';

/** Commands for stick tables. */
export function tableCommands(session: Session) {
  const { run, batches } = session;
  const words = (filter: TableFilter | undefined): string[] => {
    if (filter === undefined) return [];
    if ('key' in filter) return ['key', filter.key];
    if ('data' in filter)
      return filter.data.flatMap(([type, operator, value]) => [`data.${type}`, operator, String(value)]);
    requireFeature(session.identity, 'table ptr', 'an entry of a table by its ptr');
    return ['ptr', filter.ptr];
  };
  return {
    /** All stick tables. */
    async showTables(): Promise<Table[]> {
      return parsed(await run(['show', 'table']), parseTable);
    },
    /** Entries of a table. For large ones: `tableEntries`. */
    async showTable(table: string, filter?: TableFilter): Promise<TableEntry[]> {
      const command = ['show', 'table', table, ...words(filter)];
      const text = await run(command);
      return parsed(text, (line) => parseEntry(line, command));
    },
    /** Entries of a table, one by one as they come. */
    async *tableEntries(
      table: string,
      filter?: TableFilter,
      options?: StreamOptions,
    ): AsyncGenerator<TableEntry, void, undefined> {
      const command = ['show', 'table', table, ...words(filter)];
      for await (const lines of batches(command, options))
        for (const line of lines) {
          const entry = parseEntry(line, command);
          if (entry !== null) yield entry;
        }
    },
    /** Sets data of an entry, which is made when it is not there. `data`: types without `data.` before them -> values. */
    async setTable(table: string, key: string, data: Readonly<Record<string, number | string>> = {}): Promise<void> {
      const pairs = Object.entries(data).flatMap(([type, value]) => [`data.${type}`, String(value)]);
      await run(['set', 'table', table, 'key', key, ...pairs]);
    },
    /** Removes the entries that the filter means, without one all; those in use stay (one that is named is an InUseError). */
    async clearTable(table: string, filter?: TableFilter): Promise<void> {
      await run(['clear', 'table', table, ...words(filter)]);
    },
  };
}

function parseEntry(line: string, command: readonly string[]): TableEntry | null {
  if (line === '# contents not dumped due to insufficient privileges')
    throw new PermissionDeniedError(command, { severity: null, text: line });
  return parseTableEntry(line);
}
