import type { Change } from '../change.ts';
import { lacksServer, proxyRow, theServer } from './find.ts';
import { type Live, ROW } from './live.ts';
import { patternSet } from './patterns.ts';

/** The Change with names where it has numbers (`#3`), as far as there is something of that number. */
export async function named(change: Change, live: Live): Promise<Change> {
  const members: Record<string, unknown> = { ...change };
  const { backend, server, frontend, map, acl, on } = members;
  if (hasNumber(backend) || hasNumber(server)) {
    const [first, second] = await serverNames(String(backend), server === undefined ? null : String(server), live);
    members['backend'] = first;
    if (second !== null) members['server'] = second;
  }
  if (hasNumber(frontend)) members['frontend'] = await proxyName(frontend, ROW.frontend, live);
  if (hasNumber(map)) members['map'] = (await patternSet('map', map, live))?.file || map;
  if (hasNumber(acl)) members['acl'] = (await patternSet('acl', acl, live))?.file || acl;
  if (typeof on === 'string' && on.includes('#')) members['on'] = await subjectName(on, live);
  return members as unknown as Change;
}

function hasNumber(name: unknown): name is string {
  return typeof name === 'string' && name.startsWith('#');
}

async function serverNames(backend: string, server: string | null, live: Live): Promise<[string, string | null]> {
  if (server === null || (await lacksServer({ backend, server }, live)) !== null)
    return [await proxyName(backend, ROW.backend, live), server];
  const line = await theServer({ backend, server }, live);
  return [line.backend, line.server];
}

async function proxyName(name: string, type: '0' | '1', live: Live): Promise<string> {
  return (await proxyRow(name, type, live))?.pxname ?? name;
}

/** Of a command that is known by its words only: a server, or what else has a number. */
async function subjectName(on: string, live: Live): Promise<string> {
  const slash = on.indexOf('/');
  if (slash > 0) return (await serverNames(on.slice(0, slash), on.slice(slash + 1), live)).join('/');
  const proxy = (await proxyRow(on, ROW.frontend, live)) ?? (await proxyRow(on, ROW.backend, live));
  return proxy?.pxname ?? on;
}
