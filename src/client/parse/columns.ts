import { numberOr } from './info.ts';

/** A server as `show servers state` tells it (format version 1). */
export interface ServerState {
  readonly be_id: number;
  readonly be_name: string;
  readonly srv_id: number;
  readonly srv_name: string;
  /** Current address, `-` when there is none. */
  readonly srv_addr: string;
  /** 0 stopped, 1 starting, 2 running, 3 stopping. */
  readonly srv_op_state: number;
  /** Bits: 0x01 forced maintenance, 0x02 inherited, 0x04 of the configuration, 0x08 forced drain, 0x10 inherited, 0x20 no address, 0x40 FQDN changed. */
  readonly srv_admin_state: number;
  readonly srv_uweight: number;
  readonly srv_iweight: number;
  readonly srv_port: number;
  readonly srv_fqdn: string;
  readonly [field: string]: string | number;
}

const texts = new Set([
  'be_name',
  'srv_name',
  'srv_addr',
  'srv_fqdn',
  'srvrecord',
  'srv_check_addr',
  'srv_agent_addr',
  'bkname/svname',
  'addr',
]);

/** Rows under a header line that begins with `# `, cells separated by blanks; text before the header is skipped. */
export function parseColumns(text: string): Record<string, string | number>[] {
  const lines = text.split('\n').filter((line) => line !== '');
  const header = lines.findIndex((line) => line.startsWith('# '));
  if (header === -1) return [];
  const names = lines[header]!.slice(2).trim().split(/\s+/);
  return lines.slice(header + 1).map((line) => {
    const cells = line.split(' ');
    return Object.fromEntries(
      cells.map((cell, i) => [names[i] ?? `field${i}`, texts.has(names[i] ?? '') ? cell : numberOr(cell)]),
    );
  });
}

/** The connections of a server, by HAProxy's column names; those that newer versions add pass through. */
export interface ServerConn {
  /** `backend/server`. */
  readonly name: string;
  readonly addr: string;
  readonly port: number;
  readonly used_cur: number;
  readonly used_max: number;
  readonly idle_cur: number;
  /** Idle connections of each thread; empty for a server that never kept one. */
  readonly idle_per_thr: readonly number[];
  readonly [field: string]: string | number | readonly number[];
}

/** Reads `show servers conn`. */
export function parseServersConn(text: string): ServerConn[] {
  const lines = text.split('\n').filter((line) => line !== '');
  const names = (lines.shift() ?? '').replace(/^# /, '').split(' ');
  return lines.map((line) => {
    const cells = line.split(' ');
    const row: Record<string, string | number | number[]> = { name: cells[0]!, idle_per_thr: [] };
    names.forEach((name, i) => {
      const cell = cells[i];
      if (name === '-' || cell === undefined) return;
      if (name.startsWith('idle_per_thr')) row['idle_per_thr'] = cells.slice(i).map(Number);
      else row[name] = texts.has(name) ? cell : numberOr(cell);
    });
    return row as unknown as ServerConn;
  });
}
