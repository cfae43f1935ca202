import { DATA } from '../config/tables/data-types.ts';
import { useKeyOf } from '../expr/tables.ts';
import type { SampleValue } from '../expr/types.ts';
import type { StickTable } from '../model/tables/table.ts';
import type { StickRule } from './rules/stick.ts';
import type { TrafficServer } from './server.ts';
import type { Stream } from './stream.ts';

/** Tables that one stream has its server stored in, at most. */
const STORES = 8;

const SERVER_ID = DATA['server_id']!;
const SERVER_KEY = DATA['server_key']!;

/** A key whose entry is to name the server of the stream once there is one. */
export interface PendingStore {
  readonly table: StickTable;
  readonly value: SampleValue;
}

/** `stick on|match|store-request`: finds the server that an entry names, unless there is one already, and notes what is to be stored. */
export function applyStickRules(stream: Stream, rules: readonly StickRule[]): void {
  for (const rule of rules) {
    const value = keyOf(stream, rule);
    if (value === undefined) continue;
    const { table } = rule;
    if (rule.match) matchEntry(stream, table, value);
    if (rule.store) (stream.stores ??= []).push({ table, value });
  }
}

/** The key of a rule that applies. Of several rules that store in a table only the first one does. */
function keyOf(stream: Stream, { store, table, condition, key }: StickRule): SampleValue | undefined {
  if (store && stream.stores !== null) {
    if (stream.stores.length >= STORES || stream.stores.some((pending) => pending.table === table)) return undefined;
  }
  return condition !== null && !condition(stream) ? undefined : key(stream);
}

function matchEntry(stream: Stream, table: StickTable, value: SampleValue): void {
  const now = stream.env.now();
  useKeyOf(table, value);
  const entry = table.openKey(now);
  let server: TrafficServer | null = null;
  if (entry !== 0) {
    if (stream.preferred === null) server = serverOf(stream, table, entry, now);
    table.touch(entry, now);
  }
  table.close();
  if (server === null) return;
  if (server.usable || stream.forcePersist || stream.backend!.persists) stream.preferred = server;
}

/** The server of the stream's backend that an open entry names: by its key, or by its id. */
function serverOf(stream: Stream, table: StickTable, entry: number, now: number): TrafficServer | null {
  const { servers, serversById } = stream.backend!;
  const keys = table.column(SERVER_KEY);
  const key = keys === null ? '' : stream.env.tables.dictionary.text(table.get(entry, keys, 0, now));
  if (key !== '') {
    const found = servers.find((server) => nameOf(server, table) === key);
    if (found !== undefined) return found;
  }
  const ids = table.column(SERVER_ID);
  return ids === null ? null : (serversById.get(table.get(entry, ids, 0, now)) ?? null);
}

/** How a table names a server (`srvkey`). */
function nameOf({ name, view }: TrafficServer, { config }: StickTable): string {
  return config.srvkey === 'name' ? name : `${view.host ?? ''}:${view.port}`;
}

/** Stores the server that the stream has got, for what its request and (by `store-response`) its response say. */
export function storeServer(stream: Stream): void {
  for (const rule of stream.backend!.rules?.stickResponse ?? []) {
    const value = keyOf(stream, rule);
    if (value !== undefined) (stream.stores ??= []).push({ table: rule.table, value });
  }
  const { stores, server } = stream;
  stream.stores = null;
  if (stores === null || server === null || server.config.nonStick) return;
  const now = stream.env.now();
  for (const { table, value } of stores) {
    useKeyOf(table, value);
    const entry = table.openOrMake(now);
    if (entry !== 0) {
      const id = table.column(SERVER_ID);
      const key = table.column(SERVER_KEY);
      if (id !== null) table.set(entry, id, 0, server.id);
      if (key !== null) table.set(entry, key, 0, stream.env.tables.dictionary.number(nameOf(server, table)));
      table.touch(entry, now);
    }
    table.close();
  }
}
