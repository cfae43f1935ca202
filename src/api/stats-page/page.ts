import type { StatsConfig } from '../../config/types.ts';
import type { Model } from '../../model/model.ts';
import type { Proxy } from '../../model/proxy.ts';
import { ALL_ROWS, proxyRows, type StatScope } from '../../model/stats.ts';
import { HAPROXY_VERSION, RELEASE_DATE } from '../../util/version.ts';
import { ACTIONS, type ActionStatus, inScope } from './admin.ts';
import { escapeHtml, tip } from './html.ts';
import { type PageRequest, pageLink } from './request.ts';
import { backendRow, frontendRow, listenerRow, type RowOptions, serverRow } from './rows.ts';
import { SCRIPT, STYLE } from './style.ts';

/** What the page is made of, besides the model. */
export interface PageContext {
  readonly model: Model;
  readonly stats: StatsConfig;
  readonly request: PageRequest;
  /** Whether actions are offered. */
  readonly admin: boolean;
  /** Fields of `show info`. */
  readonly info: Readonly<Record<string, string | number>>;
  readonly now: number;
}

/** The page in pieces, at least one for each row. */
export function* page(context: PageContext): Generator<string> {
  yield head(context);
  yield information(context);
  yield message(context);
  for (const proxy of shownProxies(context)) yield* proxyTable(proxy, context);
  yield `<script>${SCRIPT}</script></body></html>\n`;
}

/** Proxies that the page and the request let through, in configuration order. */
export function shownProxies({ model, stats, request }: Pick<PageContext, 'model' | 'stats' | 'request'>): Proxy[] {
  const part = request.scope.toLowerCase();
  return model.proxies.filter(
    (proxy) => proxy.state !== 'disabled' && inScope(stats, proxy.name) && proxy.name.toLowerCase().includes(part),
  );
}

/** Rows of one proxy as the request wants them. */
export function scopeOf(proxy: Proxy, { stats, request }: Pick<PageContext, 'stats' | 'request'>): StatScope {
  return { ...ALL_ROWS, iid: proxy.id, hideDown: request.up, hideMaint: request.noMaint, legends: stats.showLegends };
}

function head({ stats, info }: PageContext): string {
  const node = stats.showNode === null ? '' : ` on ${stats.showNode || info['node']}`;
  const description = stats.showDesc === null ? '' : `: ${stats.showDesc || info['description']}`;
  const version = stats.hideVersion ? '' : ` version ${HAPROXY_VERSION}, released ${RELEASE_DATE}`;
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(`Statistics Report for Sluice${node}`)}</title>
<link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><h1>Sluice${escapeHtml(version)}</h1>
<h2>${escapeHtml(`Statistics Report for pid ${info['Pid']}${node}${description}`)}</h2>
`;
}

function information({ stats, request, info }: PageContext): string {
  const link = (text: string, change: Partial<PageRequest>) =>
    `<li><a href="${escapeHtml(pageLink(stats.uri, request, change))}">${escapeHtml(text)}</a></li>`;
  const options = [
    request.up ? link("Show all servers", { up: false }) : link("Hide 'DOWN' servers", { up: true }),
    stats.refresh === 0 ? '' : request.noRefresh ? link('Enable refresh', { noRefresh: false }) : link('Disable refresh', { noRefresh: true }),
    link('Refresh now', {}),
    link('CSV export', { form: 'csv', noRefresh: true }),
    link('JSON export', { form: 'json', noRefresh: true }),
    link('JSON schema', { form: 'json-schema' }),
  ]; // biome-ignore format: a list
  return `<div class="info"><p>pid = ${info['Pid']} (nbthread = ${info['Nbthread']})<br>
uptime = ${escapeHtml(String(info['Uptime']))}<br>
ulimit-n = ${info['Ulimit-n']}; maxsock = ${info['Maxsock']}; maxconn = ${info['Maxconn']}<br>
current conns = ${info['CurrConns']}; conn rate = ${info['ConnRate']}/sec; bit rate = ${bits(Number(info['BytesOutRate']))}<br>
tasks = ${info['Tasks']}; idle = ${info['Idle_pct']} %</p>
<div class="legend">${LEGEND}<br>NOLB and DRAIN: up, without new sessions.</div>
<ul>${options.join('')}<li><form method="get">Scope: <input name="scope" size="8" maxlength="20" value="${escapeHtml(request.scope)}"></form></li></ul></div>
`;
}

const LEGEND = [
  ['active_up', 'active UP'],
  ['backup_up', 'backup UP'],
  ['active_going_down', 'active UP, going down'],
  ['backup_going_down', 'backup UP, going down'],
  ['active_going_up', 'active DOWN, going up'],
  ['backup_going_up', 'backup DOWN, going up'],
  ['active_down', 'DOWN'],
  ['active_no_check', 'not checked'],
  ['maintain', 'MAINT'],
  ['active_draining', 'DRAIN'],
]
  .map(([name, text]) => `<span class="${name}">${text}</span>`)
  .join('');

function bits(bytes: number): string {
  const rate = bytes * 8;
  if (rate >= 1e9) return `${(rate / 1e9).toFixed(3)} Gbps`;
  return rate >= 1e6 ? `${(rate / 1e6).toFixed(3)} Mbps` : `${(rate / 1e3).toFixed(3)} kbps`;
}

const MESSAGES: Readonly<Record<ActionStatus, readonly [kind: string, text: string]>> = {
  DONE: ['ok', 'Done.'],
  PART: ['warn', 'Done for some servers only: others are unknown in this backend, or refused the change.'],
  NONE: ['warn', 'Nothing has changed.'],
  ERRP: ['bad', 'Not done: the action, the backend or the servers are unknown, or the servers refused the change.'],
  EXCD: ['bad', 'Not done: too many servers at once. Choose fewer.'],
  DENY: ['bad', 'Not done: not allowed here (see stats admin), or the form came from another site.'],
  UNKN: ['bad', 'Unexpected result.'],
};

function message({ stats, request }: PageContext): string {
  if (request.status === '') return '';
  const status = Object.hasOwn(MESSAGES, request.status) ? (request.status as ActionStatus) : 'UNKN';
  const [kind, text] = MESSAGES[status];
  const link = escapeHtml(pageLink(stats.uri, request, {}));
  return `<p class="message ${kind}"><a href="${link}" title="Remove this message">[X]</a> ${escapeHtml(text)}</p>\n`;
}

function* proxyTable(proxy: Proxy, context: PageContext): Generator<string> {
  const { stats, model, now } = context;
  const admin = context.admin && proxy.isBackend && proxy.servers.length > 0;
  const options: RowOptions = { admin, legends: stats.showLegends, modules: stats.showModules };
  yield tableHead(proxy, options);
  for (const row of proxyRows(model, now, scopeOf(proxy, context))) {
    if (row.kind === 'F') yield frontendRow(row, options);
    else if (row.kind === 'L') yield listenerRow(row, options);
    else if (row.kind === 'S') yield serverRow(row, options);
    else yield backendRow(row, options);
  }
  yield `</tbody></table></div>${admin ? actionForm(proxy) : ''}\n`;
}

const COLUMNS = [
  ['Queue', ['Cur', 'Max', 'Limit']],
  ['Session rate', ['Cur', 'Max', 'Limit']],
  ['Sessions', ['Cur', 'Max', 'Limit', 'Total', 'LbTot', 'Last']],
  ['Bytes', ['In', 'Out']],
  ['Denied', ['Req', 'Resp']],
  ['Errors', ['Req', 'Conn', 'Resp']],
  ['Warnings', ['Retr', 'Redis']],
  ['Server', ['Status', 'LastChk', 'Wght', 'Act', 'Bck', 'Chk', 'Dwn', 'Dwntme', 'Thrtle']],
] as const;

function tableHead(proxy: Proxy, { admin, legends, modules }: RowOptions): string {
  const name = escapeHtml(proxy.name);
  const kind = proxy.isFrontend && proxy.isBackend ? 'proxy' : proxy.isFrontend ? 'frontend' : 'backend';
  const legend = tip(proxy.name, [['Is a', kind], ['Mode', proxy.config.mode], ['Id', proxy.id]]); // biome-ignore format: short
  const description =
    proxy.config.description === null ? '' : ` <small>${escapeHtml(proxy.config.description)}</small>`;
  const all = admin ? '<input type="checkbox" class="all" aria-label="all">' : '';
  const groups = COLUMNS.map(([group, columns]) => `<th colspan="${columns.length}">${group}</th>`).join('');
  const columns = COLUMNS.flatMap(([, names]) => names.map((column) => `<th>${column}</th>`)).join('');
  return `${admin ? '<form method="post">' : ''}<h3 id="${name}"><a href="#${encodeURIComponent(proxy.name)}">${legends ? legend : name}</a>${description}</h3>
<div class="scroll"><table><thead><tr><th rowspan="2">${all}</th><th rowspan="2"></th>${groups}${modules ? '<th rowspan="2">Modules</th>' : ''}</tr><tr>${columns}</tr></thead><tbody>
`;
}

/** The choice of an action for the servers that are chosen above. */
function actionForm(proxy: Proxy): string {
  const options = Object.entries(ACTIONS).map(([name, { label }]) =>
    label === null ? '' : `<option value="${name}">${label}</option>`,
  );
  return `<label>For the chosen servers: <select name="action"><option value=""></option>${options.join('')}</select></label>
<input type="hidden" name="b" value="#${proxy.id}"> <input type="submit" value="Apply"></form>`;
}
