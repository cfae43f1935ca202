import type { Control } from '../../control/types.ts';
import type { Activity, RenderedView, RenderRequest } from '../../model/messages.ts';
import { infoValues } from '../../runtime/info/values.ts';
import { htmlAnswer } from '../answer.ts';
import { bodyOf } from '../body.ts';
import { Pacer } from '../pacer.ts';
import { collect, collections, escapeLabel } from './collect.ts';
import { expose, headOf } from './expose.ts';
import { PROCESS_METRICS, RESOLVER_METRICS } from './process.ts';
import { type ExportQuery, isWanted, parseQuery } from './query.ts';

/** The metrics that a scrape asks for, in Prometheus' text format 0.0.4. */
export async function renderPrometheus(
  control: Control,
  request: Pick<RenderRequest, 'uri' | 'method'>,
): Promise<RenderedView> {
  const query = parseQuery(request.uri);
  if (query === null) return htmlAnswer(400, '400 Bad request', 'The query of this scrape cannot be understood.');
  return { status: 200, headers: HEADERS, body: await bodyOf(exposition(control, query)) };
}

const HEADERS: RenderedView['headers'] = [
  ['cache-control', 'no-cache'],
  ['content-type', 'text/plain; version=0.0.4'],
];

/** Text of an export in pieces of some 64 kB, never holding up the control thread for more than a few milliseconds. */
async function* exposition(control: Control, query: ExportQuery): AsyncGenerator<string> {
  const pacer = new Pacer();
  const now = Date.now();
  let text = '';
  if (query.scopes.has('global')) {
    const activity = (await control.traffic.ask({ kind: 'activity' })) as Activity[];
    text = exposeProcess(infoValues(control, activity, now), query);
  }
  const collected = collections(query);
  for (const _ of collect(control, query, collected, now)) if (pacer.due) await pacer.breathe();
  for (const objects of collected.values()) {
    for (const lines of expose(objects)) {
      text += lines;
      if (text.length > 65_536) {
        yield text;
        text = '';
      }
      if (pacer.due) await pacer.breathe();
    }
  }
  if (query.scopes.has('resolver')) text += exposeResolvers(control, query);
  yield text;
}

/** Metrics of the process. */
function exposeProcess(values: Readonly<Record<string, string | number>>, query: ExportQuery): string {
  const described = query.descLabels && values['description'] !== '';
  const desc = described ? `desc="${escapeLabel(String(values['description']))}"` : '';
  let text = '';
  for (const metric of PROCESS_METRICS) {
    if (!isWanted(query, metric.name)) continue;
    const value = metric.field === '' ? Number.NaN : (values[metric.field] ?? 0);
    if (metric.label !== null && value === '') continue;
    const own = metric.label === null ? '' : `${metric.label}="${escapeLabel(String(value))}"`;
    const labels = [own, metric.label === 'desc' ? '' : desc].filter((label) => label !== '').join(',');
    text += `${headOf(metric)}${metric.name}${labels === '' ? '' : `{${labels}}`} ${metric.label === null ? whole(value) : 1}\n`;
  }
  return text;
}

function whole(value: string | number): string {
  return String(typeof value === 'number' ? Math.floor(value) : value);
}

/** Metrics of the name servers. */
function exposeResolvers(control: Control, query: ExportQuery): string {
  const rows = control.resolvers.statistics();
  let text = '';
  for (const [counter, help] of RESOLVER_METRICS) {
    const name = `haproxy_resolver_${counter}`;
    if (rows.length === 0 || !isWanted(query, name)) continue;
    text += headOf({ name, type: 'gauge', help });
    for (const { section, nameserver, counters } of rows) {
      const value = counters[counter === 'send_error' ? 'snd_error' : counter] ?? 0;
      text += `${name}{resolver="${escapeLabel(section)}",nameserver="${escapeLabel(nameserver)}"} ${value}\n`;
    }
  }
  return text;
}
