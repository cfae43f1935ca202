import { open, rename, rm } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { DATA } from '../../config/tables/data-types.ts';
import type { Dictionary } from '../../model/tables/dictionary.ts';
import { newRecord, readRecord } from '../../model/tables/record.ts';
import { BlockWriter, encodeHead, headOf } from '../../model/tables/state-codec.ts';
import type { StickTable } from '../../model/tables/table.ts';

/** ms of work before other work gets its turn, and entries between two looks at the clock. */
const TURN = 4;
const BATCH = 100;

/**
 * Saves the entries of a table to `path`, which is replaced when all of them are on the disk: whoever reads it finds one state or the other.
 * `writer`: who the file says has written it. Returns the number of entries; rejects with the system's error.
 */
export async function saveTable(
  table: StickTable,
  dictionary: Dictionary,
  path: string,
  writer: string,
): Promise<number> {
  const draft = `${path}.new`;
  // One that was left behind; and nothing is written where a link points to.
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', 0o600);
  try {
    const total = await writeAll(table, dictionary, writer, (bytes) => file.writeFile(bytes));
    await file.sync();
    await file.close();
    await rename(draft, path);
    return total;
  } catch (error) {
    await file.close().catch(() => {});
    await rm(draft, { force: true });
    throw error;
  }
}

async function writeAll(
  table: StickTable,
  dictionary: Dictionary,
  writer: string,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<number> {
  const { columns } = table.layout;
  const head = headOf(table.config, columns, Date.now(), writer);
  const blocks = new BlockWriter(head);
  const entry = { ...newRecord(), text: '' };
  const key = serverKeyAt(table);
  await write(encodeHead(head));
  let turn = performance.now() + TURN;
  let done = 0;
  for (let shard = 0; shard < table.shards; shard++) {
    for (const at of table.entriesOf(shard)) {
      if (++done % BATCH === 0 && performance.now() > turn) {
        await setImmediate();
        turn = performance.now() + TURN;
      }
      // Ages are as of the date in the head.
      if (!readRecord(table, shard, at, entry, head.savedAt)) continue;
      entry.text = key < 0 ? '' : dictionary.text(entry.values[key]!);
      if (blocks.add(entry)) await write(blocks.take()!);
    }
  }
  const last = blocks.take();
  if (last !== null) await write(last);
  await write(blocks.end());
  return blocks.total;
}

/** Where the number of the server key is among the values of a record; -1 when it is not kept. */
function serverKeyAt({ layout }: StickTable): number {
  let at = 0;
  for (const { id, kind, length } of layout.columns) {
    if (id === DATA['server_key']) return at;
    at += length * (kind === 'rate' ? 3 : 1);
  }
  return -1;
}
