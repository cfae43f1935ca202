import { csvCells } from './csv.ts';

/**
 * A row of `show stat`, by HAProxy's field names. Numbers are numbers, an empty field is null; which fields there are is told by the
 * header, so that those of newer versions and of modules pass through.
 */
export interface StatRow {
  readonly pxname: string;
  /** `FRONTEND`, `BACKEND`, or the name of the server or listener. */
  readonly svname: string;
  /** 0 frontend, 1 backend, 2 server, 3 listener. */
  readonly type: number;
  readonly status: string;
  readonly iid: number;
  readonly sid: number;
  readonly weight: number | null;
  readonly scur: number | null;
  readonly stot: number | null;
  readonly [field: string]: string | number | null;
}

/** Fields that are text even where they look like numbers. */
const texts = new Set([
  'pxname',
  'svname',
  'status',
  'tracked',
  'check_status',
  'last_chk',
  'last_agt',
  'agent_status',
  'check_desc',
  'agent_desc',
  'addr',
  'cookie',
  'mode',
  'algo',
  'proto',
]);

/** Reads a line of the CSV by the columns of its header. */
function statReader(header: string): (line: string) => StatRow {
  const names = csvCells(header.replace(/^# /, ''));
  const isText = names.map((name) => texts.has(name));
  return (line) => {
    const cells = csvCells(line);
    const row: Record<string, string | number | null> = {};
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      if (name !== '-') row[name] = isText[i] ? (cells[i] ?? '') : value(cells[i] ?? '');
    }
    return row as StatRow;
  };
}

function value(cell: string): string | number | null {
  if (cell === '') return null;
  const number = Number(cell);
  return Number.isNaN(number) ? cell : number;
}

/** Reads the whole CSV. */
export function parseStat(text: string): StatRow[] {
  const lines = text.split('\n').filter((line) => line !== '');
  const header = lines.shift();
  return header === undefined ? [] : lines.map(statReader(header));
}
