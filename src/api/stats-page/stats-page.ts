import type { StatsConfig } from '../../config/types.ts';
import type { Control } from '../../control/types.ts';
import type { Activity, RenderedView, RenderRequest } from '../../model/messages.ts';
import { proxyRows } from '../../model/stats.ts';
import { infoValues } from '../../runtime/info/values.ts';
import { csvHeader, csvLine, jsonRow, typedLines } from '../../runtime/stats/render.ts';
import { JSON_SCHEMA } from '../../runtime/stats/schema.ts';
import { htmlAnswer } from '../answer.ts';
import { bodyOf } from '../body.ts';
import { isOwnForm, runForm } from './admin.ts';
import { userOf } from './auth.ts';
import { type PageContext, page, scopeOf, shownProxies } from './page.ts';
import { type PageRequest, pageLink, parsePageRequest } from './request.ts';
import { CONTENT_SECURITY_POLICY } from './style.ts';

/**
 * Answers a request to the statistics page of a proxy (`stats uri`): the page or its data, or the outcome of an action.
 */
export async function renderStats(control: Control, request: RenderRequest): Promise<RenderedView> {
  const stats = control.model.proxiesById.get(request.proxy)?.config.stats ?? null;
  if (stats === null) return htmlAnswer(503, '503 Service Unavailable', 'These statistics are no longer served here.');
  const user = userOf(headerOf(request, 'authorization'), stats.auth);
  if (stats.auth.length > 0 && user === null) return unauthorised(stats.realm);
  const wanted = parsePageRequest(request.uri, stats.uri);
  if (request.method === 'POST') return act(control, request, stats, wanted, user);
  const headers: [string, string][] = [
    ['cache-control', 'no-cache'],
    ['content-type', CONTENT_TYPES[wanted.form]],
    ['x-content-type-options', 'nosniff'],
  ];
  if (wanted.form === 'html') headers.push(['content-security-policy', CONTENT_SECURITY_POLICY]);
  if (stats.refresh > 0 && !wanted.noRefresh) headers.push(['refresh', String(stats.refresh)]);
  const activity = wanted.form === 'html' ? ((await control.traffic.ask({ kind: 'activity' })) as Activity[]) : [];
  const now = Date.now();
  const context = {
    model: control.model,
    stats,
    request: wanted,
    admin: request.admin,
    info: infoValues(control, activity, now),
    now,
  };
  return { status: 200, headers, body: await bodyOf(wanted.form === 'html' ? page(context) : data(context)) };
}

const CONTENT_TYPES: Readonly<Record<PageRequest['form'], string>> = {
  html: 'text/html',
  csv: 'text/plain',
  typed: 'text/plain',
  json: 'application/json',
  'json-schema': 'application/json',
};

/** The forms for programs: the same rows as `show stat` gives. */
function* data(context: PageContext): Generator<string> {
  const { form } = context.request;
  if (form === 'json-schema') {
    yield JSON_SCHEMA;
    return;
  }
  if (form === 'csv') yield csvHeader();
  if (form === 'json') yield '[';
  let first = true;
  for (const proxy of shownProxies(context)) {
    for (const row of proxyRows(context.model, context.now, scopeOf(proxy, context))) {
      if (form === 'csv') yield csvLine(row);
      else if (form === 'typed') yield typedLines(row, false);
      else yield (first ? '' : ',') + jsonRow(row);
      first = false;
    }
  }
  if (form === 'json') yield ']\n';
}

/** Carries out an action, and sends the browser back to the page, where it reads what became of it. */
async function act(
  control: Control,
  request: RenderRequest,
  stats: StatsConfig,
  wanted: PageRequest,
  user: string | null,
): Promise<RenderedView> {
  const allowed = request.admin && isOwnForm(request.headers);
  const from = user === null ? request.source : `${user}@${request.source}`;
  const origin = { surface: 'stats-page', from, level: 'admin' } as const;
  const status = allowed ? await runForm(control, request.body, stats, origin) : 'DENY';
  return {
    status: 303,
    headers: [
      ['cache-control', 'no-cache'],
      ['content-type', 'text/plain'],
      ['content-length', '0'],
      ['location', pageLink(stats.uri, wanted, { status })],
    ],
    body: '',
  };
}

function unauthorised(realm: string): RenderedView {
  const answer = htmlAnswer(401, '401 Unauthorized', 'You need a valid user and password to access this content.');
  const quoted = realm.replace(/["\\]/g, '\\$&');
  const length = String(answer.body.length);
  return {
    ...answer,
    headers: [['content-length', length], ...answer.headers, ['www-authenticate', `Basic realm="${quoted}"`]],
  };
}

function headerOf(request: RenderRequest, name: string): string | null {
  return request.headers.find(([header]) => header === name)?.[1] ?? null;
}
