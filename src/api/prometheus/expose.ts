import type { Collected } from './collect.ts';
import { CHECK_STATES, CHECK_STATUS, type Metric, SERVER_STATES, STATUS } from './metrics.ts';
import { CHECK_STATE_NAMES, SERVER_STATE_NAMES } from './states.ts';

const CODES = ['1xx', '2xx', '3xx', '4xx', '5xx', 'other'];

/**
 * The samples of the metrics of one kind of objects, in pieces of a few lines; a metric without samples is left out.
 */
export function* expose(collected: Collected): Generator<string> {
  for (const metric of collected.metrics) {
    let head = headOf(metric);
    const extra = metric.module === undefined ? '' : `,mod="${metric.module}"`;
    for (let object = 0; object < collected.labels.length; object++) {
      const lines = samples(metric, collected, object, collected.labels[object] + extra);
      if (lines === '') continue;
      yield head + lines;
      head = '';
    }
  }
}

/** The lines in front of the samples of a metric. */
export function headOf(metric: Pick<Metric, 'name' | 'type' | 'help'>): string {
  return `# HELP ${metric.name} ${metric.help}.\n# TYPE ${metric.name} ${metric.type}\n`;
}

function samples(metric: Metric, collected: Collected, object: number, labels: string): string {
  const { name, field, unit } = metric;
  switch (field) {
    case STATUS:
      return oneOf(name, labels, collected.states, collected.state[object]!);
    case CHECK_STATUS:
      return collected.check[object] === -2 ? '' : oneOf(name, labels, CHECK_STATE_NAMES, collected.check[object]!);
    case SERVER_STATES:
      return counted(name, labels, SERVER_STATE_NAMES, collected.counts[object]!.servers);
    case CHECK_STATES:
      return counted(name, labels, CHECK_STATE_NAMES, collected.counts[object]!.checks);
  }
  if ((metric.http && !collected.http[object]) || !appliesTo(metric, collected.check[object]!)) return '';
  const at = object * collected.fields.length + collected.columns.get(field)!;
  if (metric.codes)
    return CODES.map((code, i) => `${name}{${labels},code="${code}"} ${collected.values[at + i]}\n`).join('');
  const value = collected.values[at]!;
  if (metric.check === 'code') return `${name}{${labels}} ${Number.isNaN(value) ? 0 : value}\n`;
  return `${name}{${labels}} ${unit === 1 || Number.isNaN(value) ? value : (value / unit).toFixed(6)}\n`;
}

function appliesTo(metric: Metric, check: number): boolean {
  return metric.check === 'none' || (metric.check === 'code' ? check !== -2 : check >= 0);
}

/** A sample for each state, 1 for the one that applies. */
function oneOf(name: string, labels: string, states: readonly string[], current: number): string {
  let lines = '';
  for (let i = 0; i < states.length; i++) lines += `${name}{${labels},state="${states[i]}"} ${i === current ? 1 : 0}\n`;
  return lines;
}

function counted(name: string, labels: string, states: readonly string[], counts: readonly number[]): string {
  return states.map((state, i) => `${name}{${labels},state="${state}"} ${counts[i]}\n`).join('');
}
