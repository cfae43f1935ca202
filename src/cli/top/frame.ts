import type { BackendState, ServerState, TargetState } from '../../ops/state.ts';
import { count, durationText, table } from '../../ops/text.ts';
import { shown } from '../../util/shown.ts';

/** What servers are sorted by. */
export const ORDERS = ['rate', 'sessions', 'queue', 'errors', 'name'] as const;
export type Order = (typeof ORDERS)[number];

/** Two readings of one load balancer, and how they are to be shown. */
export interface Screen {
  readonly name: string;
  readonly state: TargetState;
  /** The reading before; null at first. */
  readonly before: TargetState | null;
  readonly order: Order;
  readonly width: number;
  readonly height: number;
}

/** The lines of one screen: the process, its frontends, and the servers that carry most. Plain text, none longer than the width. */
export function frame({ name, state, before, order, width, height }: Screen): string[] {
  const { info, frontends, backends } = state;
  const head = [
    `${name}: ${info.product} ${info.version}, pid ${info.pid}, up ${durationText(info.uptime * 1000)}${info.stopping ? ', stopping' : ''}`,
    `${info.currConns} of ${info.maxconn} connections, ${info.connRate}/s, ${info.idlePct}% idle; ${usableText(backends)}`,
    '',
    ...table([
      ['FRONTEND', 'STATUS', 'CONNECTIONS', 'PER S'],
      ...frontends.map((one) => [one.name, one.status, `${one.sessions}/${one.maxconn}`, String(one.rate)].map(shown)),
    ]),
    '',
  ].slice(0, Math.max(3, Math.floor(height / 2)));
  const servers = backends.flatMap((backend) => backend.servers).sort(comparison(order));
  const room = Math.max(1, height - head.length - 1);
  const first = servers.slice(0, room);
  const rows = table([
    ['SERVER', 'STATUS', 'WEIGHT', 'SESSIONS', 'QUEUE', 'PER S', 'ERRORS', 'CHECK'],
    ...first.map((server) => row(server, before).map(shown)),
  ]);
  return [...head.map(shown), ...rows].slice(0, height).map((line) => line.slice(0, width));
}

function usableText(backends: readonly BackendState[]): string {
  const servers = backends.flatMap((backend) => backend.servers);
  const usable = servers.filter((server) => server.usable).length;
  return `${usable} of ${count(servers.length, 'server')} usable, ${backends.reduce((sum, { queue }) => sum + queue, 0)} queued`;
}

function row(server: ServerState, before: TargetState | null): string[] {
  return [
    `${server.backend}/${server.name}`,
    server.status,
    String(server.weight),
    server.maxconn > 0 ? `${server.sessions}/${server.maxconn}` : String(server.sessions),
    String(server.queue),
    String(server.rate),
    `${server.errors}${newErrors(server, before)}`,
    server.check === null ? '' : `${server.check.status} ${server.check.lastText}`.trim(),
  ];
}

/** ` +3` since the reading before. */
function newErrors({ backend, name, errors }: ServerState, before: TargetState | null): string {
  const then = before?.backends.find((one) => one.name === backend)?.servers.find((one) => one.name === name);
  const more = then === undefined ? 0 : errors - then.errors;
  return more > 0 ? ` +${more}` : '';
}

function comparison(order: Order): (a: ServerState, b: ServerState) => number {
  const path = (server: ServerState) => `${server.backend}/${server.name}`;
  const byName = (a: ServerState, b: ServerState) => (path(a) < path(b) ? -1 : 1);
  return order === 'name' ? byName : (a, b) => b[order] - a[order] || byName(a, b);
}
