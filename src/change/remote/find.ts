import type { Live, LiveRow } from './live.ts';
import { ROW } from './live.ts';
import type { ServerLine } from './servers-state.ts';

/** What names a server: names, or `#<id>`. */
export interface ServerName {
  readonly backend: string;
  readonly server: string;
}

/** `be_app/app1`, as the socket's commands want it. */
export function path({ backend, server }: ServerName): string {
  return `${backend}/${server}`;
}

/** Why there is no such server, or null when there is. */
export async function lacksServer(name: ServerName, live: Live): Promise<string | null> {
  const lines = await live.servers(name.backend);
  if (lines === null) return lacksProxy(name.backend, ROW.backend, live);
  if (pick(lines, name.server)) return null;
  const names = lines.map(({ server }) => server);
  return `backend '${name.backend}' has no server '${name.server}'; it has ${list(names)}`;
}

/** The line of a server that `lacksServer` has found. */
export async function theServer(name: ServerName, live: Live): Promise<ServerLine> {
  return pick((await live.servers(name.backend)) ?? [], name.server)!;
}

/** `be_app/app1`, also where the Change names them by number. */
export async function fullName(name: ServerName, live: Live): Promise<string> {
  const { backend, server } = await theServer(name, live);
  return `${backend}/${server}`;
}

/** The row of `show stat` of a server that `lacksServer` has found. */
export async function serverRow(name: ServerName, live: Live): Promise<LiveRow> {
  const line = await theServer(name, live);
  const rows = await live.stat();
  return rows.find((row) => row.type === ROW.server && row.pxname === line.backend && row.svname === line.server)!;
}

/** Why there is no such frontend or backend, or null when there is. */
export async function lacksProxy(name: string, type: '0' | '1', live: Live): Promise<string | null> {
  if (await proxyRow(name, type, live)) return null;
  const kind = type === ROW.frontend ? 'frontend' : 'backend';
  const names = (await live.stat()).filter((row) => row.type === type).map((row) => row.pxname);
  return `there is no ${kind} '${name}'; there are ${list(names)}`;
}

/** The FRONTEND or BACKEND row of a proxy. */
export async function proxyRow(name: string, type: '0' | '1', live: Live): Promise<LiveRow | undefined> {
  const rows = await live.stat();
  return rows.find((row) => row.type === type && (name.startsWith('#') ? `#${row.iid}` === name : row.pxname === name));
}

/** `a, b and 3 more`. */
export function list(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}

const MOST_NAMES = 8;

function pick(lines: readonly ServerLine[], server: string): ServerLine | undefined {
  return lines.find((line) => (server.startsWith('#') ? `#${line.serverId}` === server : line.server === server));
}
