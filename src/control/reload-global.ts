import { isDeepStrictEqual } from 'node:util';
import type { Config, GlobalConfig } from '../config/types.ts';
import type { CacheView } from '../model/cache/memory.ts';
import type { EnvironmentView, TrafficLink } from '../model/messages.ts';
import type { Limits, Model } from '../model/model.ts';
import { setTaskProfiling } from '../model/task-profiling.ts';
import { globalVars } from '../traffic/proc-vars.ts';

/*
 * What a reload takes over of the global section, and of sections that proxies refer to. Settings that are used once, at the start,
 * are in `restart-needed.ts`; log targets, control sockets and resolvers have owners of their own.
 */

/** What traffic threads know beside their proxies. */
export function environmentOf(config: Config, caches: readonly CacheView[]): EnvironmentView {
  const { global, httpErrors, logProfiles, userlists, files = {} } = config;
  return { global, httpErrors, logProfiles, userlists, files, caches };
}

/** Whether traffic threads work differently under another configuration, even where the proxies stay the same. */
export function isSameEnvironment(before: Config, after: Config): boolean {
  const read = ({ global, httpErrors, logProfiles, userlists, caches, files }: Config) => {
    const { tune, tls, node, defaultPath, maxcompcpuusage, errCodes, failCodes, tokens, other } = global;
    const sections = [httpErrors, logProfiles, userlists, caches].map(withoutPlaces);
    const lists = [errCodes, failCodes, tokens];
    return [tune, tls, node, defaultPath, maxcompcpuusage, lists, wordsOf(other), sections, files ?? {}];
  };
  return isDeepStrictEqual(read(before), read(after));
}

function wordsOf(other: GlobalConfig['other']): unknown {
  return Object.entries(other).map(([keyword, lines]) => [keyword, lines.map(({ words }) => words)]);
}

/** A part of a configuration without where it is written. */
export function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'at')
      .map(([key, inner]) => [key, withoutPlaces(inner)]),
  );
}

const RATES = [
  ['connRate', 'maxconnrate', 1],
  ['sessRate', 'maxsessrate', 1],
  ['sslRate', 'maxsslrate', 1],
  ['compRate', 'maxcomprate', 1024],
] as const satisfies readonly (readonly [keyof Limits, keyof GlobalConfig, number])[];

/** Limits that the file changes; those that it leaves stay as operators set them. */
export function applyLimits(model: Model, before: GlobalConfig, after: GlobalConfig): void {
  const { limits } = model;
  if (after.profileTasks !== before.profileTasks) setTaskProfiling(model, after.profileTasks);
  if (after.maxconn !== before.maxconn)
    limits.maxconn = Math.min(after.maxconn ?? limits.hardMaxconn, limits.hardMaxconn);
  for (const [limit, keyword, unit] of RATES)
    if (after[keyword] !== before[keyword]) limits[limit] = after[keyword] * unit;
}

/** Variables of the process that `set-var` lines set anew, or no longer set; others keep what traffic and operators put there. */
export async function applyVariables(
  { procVars }: Model,
  traffic: TrafficLink,
  before: GlobalConfig,
  after: GlobalConfig,
): Promise<void> {
  const [old, now] = [globalVars(before).vars, globalVars(after).vars];
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const value = now.get(name) ?? null;
    if (isDeepStrictEqual(value, old.get(name) ?? null)) continue;
    if (value === null) procVars.delete(name);
    else procVars.set(name, value);
    await traffic.ask({ kind: 'proc-vars', vars: [{ name, value }] });
  }
}
