import type { Model } from '../../model/model.ts';
import { STAT } from '../../model/stat-fields.ts';
import type { StatRow } from '../../model/stats.ts';
import { ALL_ROWS, proxyRows } from '../../model/stats.ts';
import { STAT_TABLE } from './fields.ts';

/** Fields that only servers and backends have, only frontends have, among those that a stats file keeps. */
const BACKEND_ONLY = new Set(
  'econ,eresp,wretr,wredis,chkfail,chkdown,lastchg,lbtot,hanafail,cli_abrt,srv_abrt,lastsess,connect,reuse'.split(','),
);
const FRONTEND_ONLY = new Set(
  'ereq,req_rate,conn_rate,conn_tot,intercepted,dcon,dses,h1sess,h2sess,h3sess,req_other,h1req,h2req,h3req'.split(','),
);

/** Fields that outlive the process: their fourth tag says so. */
const KEPT = STAT_TABLE.filter((field) => field.tags[3] === 'P').map((field) => field.name);
const FRONTEND_FIELDS = KEPT.filter((name) => !BACKEND_ONLY.has(name));
const BACKEND_FIELDS = KEPT.filter((name) => !FRONTEND_ONLY.has(name));

/** `dump stats-file`: the counters of objects with a `guid`, frontends and then backends with their servers. */
export function* statsFile(model: Model, now: number): Generator<string> {
  yield `#fe guid,${FRONTEND_FIELDS.join(',')},\n`;
  for (const row of proxyRows(model, now, { ...ALL_ROWS, types: 1 | 8 })) yield rowText(row, FRONTEND_FIELDS);
  yield `\n#be guid,${BACKEND_FIELDS.join(',')},\n`;
  for (const row of proxyRows(model, now, { ...ALL_ROWS, types: 2 | 4 })) yield rowText(row, BACKEND_FIELDS);
}

function rowText(row: StatRow, fields: readonly string[]): string {
  const guid = row.server ? row.server.config.guid : row.kind === 'L' ? null : row.proxy.config.guid;
  if (guid === null) return '';
  const values = fields.map((name) => row.values[STAT[name as keyof typeof STAT]] ?? '');
  return `${guid},${values.join(',')},\n`;
}
