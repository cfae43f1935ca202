import type { Change, Origin } from '../../change/change.ts';
import type { StatsConfig } from '../../config/types.ts';
import type { Control } from '../../control/types.ts';
import { findProxy, findServer } from '../../model/model.ts';
import { Admin, CheckState, type CheckView, type Server } from '../../model/server.ts';
import { formDecode } from './request.ts';

/**
 * What became of an action: done; done for some servers; nothing changed; refused for its parameters, for its size, for
 * want of permission; unknown.
 */
export type ActionStatus = 'DONE' | 'PART' | 'NONE' | 'ERRP' | 'EXCD' | 'DENY' | 'UNKN';

type Names = { readonly backend: string; readonly server: string };

/** The Change that an action means for a server, null when it has no effect on it. */
type Action = (server: Server, names: Names) => Change | null;

const state =
  (to: 'ready' | 'drain' | 'maint', applies: (server: Server) => boolean = () => true): Action =>
  (server, names) =>
    applies(server) ? { kind: 'server.state', ...names, to } : null;
const health =
  (to: 'up' | 'stopping' | 'down'): Action =>
  (server, names) =>
    server.tracked === null ? { kind: 'server.health', ...names, to } : null;
const checks =
  (which: 'health' | 'agent', enabled: boolean): Action =>
  (server, names) =>
    has(which === 'health' ? server.check : server.agent, CheckState.configured)
      ? { kind: 'server.checks', ...names, which, enabled }
      : null;
const agent =
  (to: 'up' | 'down'): Action =>
  (server, names) =>
    has(server.agent, CheckState.enabled) ? { kind: 'server.agent', ...names, to } : null;

const isMaint = (server: Server) => (server.admin & Admin.forcedMaint) !== 0;
const isDrain = (server: Server) => (server.admin & Admin.forcedDrain) !== 0;

/** Actions by the name that the form sends. The last four are HAProxy's older names, which scripts still send. */
export const ACTIONS: Readonly<Record<string, { readonly label: string | null; readonly run: Action }>> = {
  ready: { label: 'State: READY', run: state('ready') },
  drain: { label: 'State: DRAIN', run: state('drain') },
  maint: { label: 'State: MAINT', run: state('maint') },
  dhlth: { label: 'Health checks: off', run: checks('health', false) },
  ehlth: { label: 'Health checks: on', run: checks('health', true) },
  hrunn: { label: 'Health: force UP', run: health('up') },
  hnolb: { label: 'Health: force NOLB', run: health('stopping') },
  hdown: { label: 'Health: force DOWN', run: health('down') },
  dagent: { label: 'Agent checks: off', run: checks('agent', false) },
  eagent: { label: 'Agent checks: on', run: checks('agent', true) },
  arunn: { label: 'Agent: force UP', run: agent('up') },
  adown: { label: 'Agent: force DOWN', run: agent('down') },
  shutdown: { label: 'End sessions', run: (_, names) => ({ kind: 'sessions.kill-server', ...names }) },
  disable: { label: null, run: state('maint', (server) => !isMaint(server)) },
  enable: { label: null, run: state('ready', isMaint) },
  stop: { label: null, run: state('drain', (server) => !isDrain(server)) },
  start: { label: null, run: state('ready', isDrain) },
};

function has(check: CheckView | null, bit: number): boolean {
  return check !== null && (check.state & bit) !== 0;
}

/** Most bytes of a form, as large as HAProxy's buffers. */
const FORM_MAX = 16_384;

/**
 * Carries out what the form of the page asks for: `s` names a server each, `action` what to do, `b` the backend by name
 * or `#id`.
 */
export async function runForm(
  control: Control,
  body: string,
  stats: StatsConfig,
  origin: Origin,
): Promise<ActionStatus> {
  if (body.length > FORM_MAX) return 'EXCD';
  const servers: string[] = [];
  let backend: string | null = null;
  let action: string | null = null;
  for (const pair of body.split('&')) {
    const equal = pair.indexOf('=');
    const value = equal < 0 ? '' : formDecode(pair.slice(equal + 1));
    const key = equal < 0 ? '' : pair.slice(0, equal);
    if (key === 's') servers.push(value);
    else if (key === 'b') backend = value;
    else if (key === 'action') action = value;
  }
  const proxy = backend === null ? null : findProxy(control.model, backend, 'backend');
  if (backend !== null && (proxy === null || !inScope(stats, proxy.name))) return 'ERRP';
  const run = action === null ? null : Object.hasOwn(ACTIONS, action) ? ACTIONS[action]!.run : undefined;
  if (run === undefined) return 'ERRP';
  if (proxy === null || run === null || servers.length === 0) return 'NONE';
  const found = servers.map((name) => findServer(proxy, name));
  let changed = 0;
  let failed = found.filter((server) => server === null).length;
  for (const server of found) {
    const change = server === null ? null : run(server, { backend: `#${proxy.id}`, server: `#${server.id}` });
    if (change === null) continue;
    if ((await control.apply(change, origin)).ok) changed++;
    else failed++;
  }
  if (failed > 0) return changed > 0 ? 'PART' : 'ERRP';
  return changed > 0 ? 'DONE' : 'NONE';
}

/** Whether the page shows a proxy (`stats scope`). What it does not show it does not change. */
export function inScope(stats: StatsConfig, proxy: string): boolean {
  return stats.scope.length === 0 || stats.scope.includes(proxy);
}

/**
 * Whether a form was sent by a page of this very site, or by no browser at all: a browser tells, by `Sec-Fetch-Site` or
 * by `Origin`, that another site made it send the form, along with the credentials that it knows.
 */
export function isOwnForm(headers: readonly (readonly [string, string])[]): boolean {
  const value = (name: string) => headers.find(([header]) => header === name)?.[1] ?? null;
  const site = value('sec-fetch-site');
  if (site !== null) return site === 'same-origin' || site === 'none';
  const origin = value('origin');
  if (origin === null) return true;
  return (
    URL.canParse(origin) &&
    new URL(origin).host ===
      value('host')
        ?.toLowerCase()
        .replace(/:(80|443)$/, '')
  );
}
