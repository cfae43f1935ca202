import type { Control } from '../../control/types.ts';
import { G } from '../../model/counters.ts';
import { ALL_ROWS, proxyRows, type StatKind, type StatRow } from '../../model/stats.ts';
import {
  BACKEND_METRICS,
  EXTRA_METRICS,
  FRONTEND_METRICS,
  LISTENER_METRICS,
  type Metric,
  SERVER_METRICS,
} from './metrics.ts';
import { type ExportQuery, isWanted, type Scope } from './query.ts';
import {
  backendState,
  checkState,
  countStates,
  frontendState,
  isChecked,
  LISTENER_STATES,
  listenerState,
  PROXY_STATES,
  SERVER_STATE_NAMES,
  serverState,
} from './states.ts';

/** The wanted metrics of one kind of objects, and the values of all its objects at one time. */
export interface Collected {
  readonly metrics: readonly (Metric & { readonly module?: string })[];
  /** Fields of statistics that the metrics need, and the place of each among an object's values. */
  readonly fields: readonly number[];
  readonly columns: ReadonlyMap<number, number>;
  readonly states: readonly string[];
  /** An entry for each object, but `values` with one for each of its fields; NaN where a field does not apply. */
  readonly labels: string[];
  readonly http: boolean[];
  readonly values: number[];
  readonly state: number[];
  /** Index of the last check's result; -1 before the first one, -2 with checks off. */
  readonly check: number[];
  readonly counts: { readonly servers: number[]; readonly checks: number[] }[];
}

const KINDS: readonly (readonly [
  StatKind,
  Extract<Scope, keyof typeof EXTRA_METRICS>,
  readonly Metric[],
  readonly string[],
])[] = [
  ['F', 'frontend', FRONTEND_METRICS, PROXY_STATES],
  ['L', 'listener', LISTENER_METRICS, LISTENER_STATES],
  ['B', 'backend', BACKEND_METRICS, PROXY_STATES],
  ['S', 'server', SERVER_METRICS, SERVER_STATE_NAMES],
];

/** A place for the values of each kind of objects that is asked for. */
export function collections(query: ExportQuery): Map<StatKind, Collected> {
  const collected = new Map<StatKind, Collected>();
  for (const [kind, scope, table, states] of KINDS) {
    if (!query.scopes.has(scope)) continue;
    const metrics = [...table, ...(query.extraCounters ? EXTRA_METRICS[scope] : [])].filter((metric) =>
      isWanted(query, metric.name),
    );
    if (metrics.length === 0) continue;
    const fields = metrics.flatMap(({ field, codes }) =>
      codes ? [0, 1, 2, 3, 4, 5].map((i) => field + i) : field >= 0 ? [field] : [],
    );
    const columns = new Map(fields.map((field, i) => [field, i]));
    collected.set(kind, {
      metrics,
      fields,
      columns,
      states,
      labels: [],
      http: [],
      values: [],
      state: [],
      check: [],
      counts: [],
    });
  }
  return collected;
}

/**
 * Reads all objects that are asked for, once: every sample of an export is of the same time. Yields after each object,
 * so that other work can be let in.
 */
export function* collect(
  control: Control,
  query: ExportQuery,
  into: ReadonlyMap<StatKind, Collected>,
  now: number,
): Generator<void> {
  const types = (into.has('F') ? 1 : 0) | (into.has('B') ? 2 : 0) | (into.has('S') ? 4 : 0) | (into.has('L') ? 8 : 0);
  const scope = { ...ALL_ROWS, types, hideMaint: query.noMaint, legends: false };
  for (const row of proxyRows(control.model, now, scope)) {
    const collected = into.get(row.kind)!;
    for (const field of collected.fields) {
      const value = row.values[field];
      collected.values.push(typeof value === 'number' ? value : Number.NaN);
    }
    collected.labels.push(labelsOf(row, query));
    collected.http.push(row.proxy.config.mode === 'http');
    addStates(row, collected, control);
    yield;
  }
}

function addStates(row: StatRow, collected: Collected, control: Control): void {
  const { proxy, server } = row;
  if (row.kind === 'S') {
    collected.state.push(serverState(server!));
    collected.check.push(isChecked(server!) ? checkState(server!) : -2);
  } else if (row.kind === 'B') {
    collected.state.push(backendState(proxy));
    collected.counts.push(countStates(proxy));
  } else if (row.kind === 'F') collected.state.push(frontendState(proxy));
  else {
    const listener = proxy.listeners.find(({ id }) => id === row.id)!;
    const sessions = control.model.counters.gauges(listener.slot)[G.current]!;
    collected.state.push(listenerState(listener.state, sessions, listener.config.maxconn ?? 0));
  }
}

/** Labels of an object, without braces. */
function labelsOf(row: StatRow, query: ExportQuery): string {
  const { proxy, server } = row;
  let labels = `proxy="${escapeLabel(proxy.name)}"`;
  if (server !== null) labels += `,server="${escapeLabel(server.name)}"`;
  else if (row.kind === 'L')
    labels += `,listener="${escapeLabel(proxy.listeners.find(({ id }) => id === row.id)!.name)}"`;
  if (query.descLabels && proxy.config.description !== null)
    labels += `,desc="${escapeLabel(proxy.config.description)}"`;
  return labels;
}

/** A label's value as the text format wants it. */
export function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
}
