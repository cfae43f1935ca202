import { STAT } from '../../model/stat-fields.ts';
import type { StatRow, StatValue } from '../../model/stats.ts';
import { shortTime } from '../../runtime/time.ts';
import { cell, type Detail, escapeHtml, percent, tip, tipCell } from './html.ts';

/** How rows are shown. */
export interface RowOptions {
  /** With a box to choose the server for an action. */
  readonly admin: boolean;
  readonly legends: boolean;
  readonly modules: boolean;
}

type Values = readonly StatValue[];

const CENTRE = ' class="c"';
const number = (values: Values, field: number) => Number(values[field] ?? 0);
const text = (values: Values, field: number) => String(values[field] ?? '');
const ago = (seconds: number) => shortTime(seconds * 1000);
const rate = (value: StatValue): string => `${value ?? 0}/s`;
const limit = (value: StatValue): StatValue => (value === null || value === 0 ? '-' : value);

/** A frontend's row. */
export function frontendRow({ values: v, proxy }: StatRow, options: RowOptions): string {
  const http = proxy.config.mode === 'http';
  const rates: Detail[] = [
    ['Connections', rate(v[STAT.conn_rate]!)],
    ['Sessions', rate(v[STAT.rate]!)],
    ...(http ? [['Requests', rate(v[STAT.req_rate]!)] as const] : []),
  ];
  const peaks: Detail[] = [
    ['Most connections', rate(v[STAT.conn_rate_max]!)],
    ['Most sessions', rate(v[STAT.rate_max]!)],
    ...(http ? [['Most requests', rate(v[STAT.req_rate_max]!)] as const] : []),
  ];
  const totals: Detail[] = [
    ['Connections', number(v, STAT.conn_tot)],
    ['Sessions', number(v, STAT.stot)],
    ...(http
      ? [...responses(v, false), ['Intercepted requests', number(v, STAT.intercepted)] as const, ...cache(v)]
      : []),
    ...failures(v),
  ];
  const cells = [
    nameCell(proxy.name, 'Frontend', 'Frontend', []),
    '<td colspan="3"></td>',
    tipCell(http ? v[STAT.req_rate]! : v[STAT.rate]!, rates),
    tipCell(http ? v[STAT.req_rate_max]! : v[STAT.rate_max]!, peaks),
    cell(limit(v[STAT.rate_lim]!)),
    cell(v[STAT.scur]!), cell(v[STAT.smax]!), cell(v[STAT.slim]!), tipCell(v[STAT.stot]!, totals), '<td colspan="2"></td>',
    cell(v[STAT.bin]!), tipCell(v[STAT.bout]!, compression(v, http)),
    tipCell(v[STAT.dreq]!, [['Denied connections', number(v, STAT.dcon)], ['Denied sessions', number(v, STAT.dses)]]), cell(v[STAT.dresp]!), cell(v[STAT.ereq]!),
    '<td colspan="4"></td>', cell(v[STAT.status]!, CENTRE), '<td colspan="8"></td>', moduleCell(v, options),
  ]; // biome-ignore format: a table row
  return `<tr class="frontend"><td></td>${cells.join('')}</tr>\n`;
}

/** A listener's row. */
export function listenerRow({ values: v, proxy, id }: StatRow, options: RowOptions): string {
  const legend: Detail[] = options.legends
    ? [
        ['Address', text(v, STAT.addr)],
        ['Id', id],
      ]
    : [];
  const cells = [
    nameCell(proxy.name, `+${text(v, STAT.svname)}`, text(v, STAT.svname), legend),
    '<td colspan="3"></td><td colspan="3"></td>', cell(v[STAT.scur]!), cell(v[STAT.smax]!), cell(limit(v[STAT.slim]!)), cell(v[STAT.stot]!), '<td colspan="2"></td>',
    cell(v[STAT.bin]!), cell(v[STAT.bout]!), cell(v[STAT.dreq]!), cell(v[STAT.dresp]!), cell(v[STAT.ereq]!), '<td colspan="4"></td>',
    cell(v[STAT.status]!, CENTRE), '<td colspan="8"></td>', moduleCell(v, options),
  ]; // biome-ignore format: a table row
  return `<tr class="socket"><td></td>${cells.join('')}</tr>\n`;
}

/** A server's row. */
export function serverRow({ values: v, proxy, server, id }: StatRow, options: RowOptions): string {
  const name = server!.name;
  const legend: Detail[] = options.legends
    ? [['Address', text(v, STAT.addr)], ['Id', id], ...(v[STAT.cookie] === null ? [] : [['Cookie', text(v, STAT.cookie)] as const])]
    : []; // biome-ignore format: short
  const box = options.admin
    ? `<input type="checkbox" name="s" value="${escapeHtml(name)}" aria-label="${escapeHtml(name)}">`
    : '';
  const cells = [
    nameCell(proxy.name, name, name, legend),
    cell(v[STAT.qcur]!), cell(v[STAT.qmax]!), cell(limit(v[STAT.qlimit]!)), cell(v[STAT.rate]!), cell(v[STAT.rate_max]!), cell(null),
    tipCell(v[STAT.scur]!, connections(v)), cell(v[STAT.smax]!), cell(limit(v[STAT.slim]!)), tipCell(v[STAT.stot]!, exchanges(v, proxy.config.mode === 'http')),
    cell(v[STAT.lbtot]!), cell(lastSession(v)), ...traffic(v, [], true), serverStatus(v), checkCell(v),
    cell(`${v[STAT.weight]}/${v[STAT.uweight]}`, CENTRE), cell(v[STAT.act] ? 'Y' : '-', CENTRE), cell(v[STAT.bck] ? 'Y' : '-', CENTRE), ...checkCounts(v),
    cell(v[STAT.throttle] === null ? '-' : `${v[STAT.throttle]}%`, CENTRE), moduleCell(v, options),
  ]; // biome-ignore format: a table row
  return `<tr class="${statusClass(text(v, STAT.status), server!.config.backup)}"><td>${box}</td>${cells.join('')}</tr>\n`;
}

/** A backend's row. */
export function backendRow({ values: v, proxy }: StatRow, options: RowOptions): string {
  const http = proxy.config.mode === 'http';
  const legend: Detail[] = options.legends
    ? [['Balancing', text(v, STAT.algo)], ...(v[STAT.cookie] === null ? [] : [['Cookie', text(v, STAT.cookie)] as const])]
    : []; // biome-ignore format: short
  const cells = [
    nameCell(proxy.name, 'Backend', 'Backend', legend),
    cell(v[STAT.qcur]!), cell(v[STAT.qmax]!), cell(null), cell(v[STAT.rate]!), cell(v[STAT.rate_max]!), cell(null),
    cell(v[STAT.scur]!), cell(v[STAT.smax]!), cell(v[STAT.slim]!), tipCell(v[STAT.stot]!, [...exchanges(v, http), ...(http ? cache(v) : [])]), cell(v[STAT.lbtot]!),
    cell(lastSession(v)), ...traffic(v, compression(v, http), false), cell(`${ago(number(v, STAT.lastchg))} ${v[STAT.status]}`, CENTRE), cell(null),
    cell(`${v[STAT.weight]}/${v[STAT.uweight]}`, CENTRE), cell(v[STAT.act]!, CENTRE), cell(v[STAT.bck]!, CENTRE), cell(null), cell(v[STAT.chkdown]!),
    cell(v[STAT.downtime] === null ? null : ago(number(v, STAT.downtime))), cell(null), moduleCell(v, options),
  ]; // biome-ignore format: a table row
  return `<tr class="backend"><td></td>${cells.join('')}</tr>\n`;
}

/** Name of an object, which is also where links to it lead. */
function nameCell(proxy: string, anchor: string, shown: string, legend: readonly Detail[]): string {
  const id = escapeHtml(`${proxy}/${anchor}`);
  const name = legend.length > 0 ? tip(shown, legend) : escapeHtml(shown);
  return `<td class="c" id="${id}"><a href="#${escapeHtml(`${encodeURIComponent(proxy)}/${encodeURIComponent(anchor)}`)}">${name}</a></td>`;
}

function responses(v: Values, shares: boolean): Detail[] {
  const total = number(v, STAT.req_tot);
  const shown = (field: number) => (shares ? percent(number(v, field), total) : number(v, field));
  return [
    ['HTTP requests', total],
    ['HTTP 1xx responses', shown(STAT.hrsp_1xx)],
    ['HTTP 2xx responses', shown(STAT.hrsp_2xx)],
    ['Compressed 2xx', percent(number(v, STAT.comp_rsp), number(v, STAT.hrsp_2xx))],
    ['HTTP 3xx responses', shown(STAT.hrsp_3xx)],
    ['HTTP 4xx responses', shown(STAT.hrsp_4xx)],
    ['HTTP 5xx responses', shown(STAT.hrsp_5xx)],
    ['Other responses', shown(STAT.hrsp_other)],
  ];
}

function cache(v: Values): Detail[] {
  const lookups = number(v, STAT.cache_lookups);
  return [
    ['Cache look-ups', lookups],
    ['Cache hits', percent(number(v, STAT.cache_hits), lookups)],
  ];
}

function failures(v: Values): Detail[] {
  return [
    ['Failed header rewrites', number(v, STAT.wrew)],
    ['Internal errors', number(v, STAT.eint)],
  ];
}

function compression(v: Values, http: boolean): Detail[] {
  if (!http) return [];
  const [before, after] = [number(v, STAT.comp_in), number(v, STAT.comp_out)];
  return [
    ['Response bytes received', number(v, STAT.resbin)],
    ['Compression in', before],
    ['Compression out', percent(after, before)],
    ['Compression bypassed', number(v, STAT.comp_byp)],
    ['Bytes saved', percent(before - after, before)],
  ];
}

function connections(v: Values): Detail[] {
  return [
    ['Active connections', number(v, STAT.scur)],
    ['Connections in use', number(v, STAT.used_conn_cur)],
    ['Idle connections', number(v, STAT.srv_icur)],
    ['- unsafe', number(v, STAT.idle_conn_cur)],
    ['- safe', number(v, STAT.safe_conn_cur)],
    ['Connections needed (estimate)', number(v, STAT.need_conn_est)],
    ['Limit on active connections', limit(v[STAT.slim]!)!],
    ['Limit on idle connections', v[STAT.src_ilim] ?? '-'],
  ];
}

/** Sessions, connections, responses and times of a server or backend. */
function exchanges(v: Values, http: boolean): Detail[] {
  const [opened, reused] = [number(v, STAT.connect), number(v, STAT.reuse)];
  const time = (most: number, mean: number) => `${v[most]} / ${v[mean]} ms`;
  return [
    ['Sessions', number(v, STAT.stot)],
    ['New connections', opened],
    ['Reused connections', percent(reused, opened + reused)],
    ...(http ? responses(v, true) : []),
    ...failures(v),
    ['Queue time, most / mean', time(STAT.qtime_max, STAT.qtime)],
    ['Connect time, most / mean', time(STAT.ctime_max, STAT.ctime)],
    ['Response time, most / mean', time(STAT.rtime_max, STAT.rtime)],
    ['Total time, most / mean', time(STAT.ttime_max, STAT.ttime)],
  ];
}

/** Bytes, denied, errors and warnings of a server or backend. */
function traffic(v: Values, bytes: readonly Detail[], server: boolean): string[] {
  const resets: Detail[] = [
    ['Transfers ended by the client', number(v, STAT.cli_abrt)],
    ['Transfers ended by the server', number(v, STAT.srv_abrt)],
  ];
  return [
    cell(v[STAT.bin]!), tipCell(v[STAT.bout]!, bytes), cell(server ? null : v[STAT.dreq]!), cell(v[STAT.dresp]!), cell(null), cell(v[STAT.econ]!),
    tipCell(v[STAT.eresp]!, resets), cell(v[STAT.wretr]!), cell(v[STAT.wredis]!),
  ]; // biome-ignore format: a table row
}

function lastSession(v: Values): string {
  const seconds = number(v, STAT.lastsess);
  return seconds < 0 ? '?' : ago(seconds);
}

function serverStatus(v: Values): string {
  const status = text(v, STAT.status);
  if (status === 'no check') return '<td class="c"><i>no check</i></td>';
  const agent: Detail[] =
    v[STAT.agent_status] === null
      ? []
      : [['Agent', report(v, STAT.agent_status, STAT.agent_code, STAT.agent_duration)]];
  return tipCell(`${ago(number(v, STAT.lastchg))} ${status}`, agent, CENTRE);
}

/** The last check: its result, with code and duration, and in the tip what it means. */
function checkCell(v: Values): string {
  if (v[STAT.check_status] === null) return cell(null);
  const description = [text(v, STAT.check_desc), text(v, STAT.last_chk)].filter((part) => part !== '').join(': ');
  return tipCell(report(v, STAT.check_status, STAT.check_code, STAT.check_duration), [['Result', description]], CENTRE);
}

function report(v: Values, status: number, code: number, duration: number): string {
  const shown = text(v, status) + (v[code] === null ? '' : `/${v[code]}`);
  return v[duration] === null ? shown : `${shown} in ${v[duration]}ms`;
}

/** Failed checks, transitions to down and time down; for a server that tracks another one, a link to that. */
function checkCounts(v: Values): string[] {
  if (v[STAT.tracked] !== null) {
    const path = text(v, STAT.tracked);
    const link = path.split('/').map(encodeURIComponent).join('/');
    return [`<td class="c" colspan="3"><a href="#${escapeHtml(link)}">via ${escapeHtml(path)}</a></td>`];
  }
  if (v[STAT.chkfail] === null) return ['<td colspan="3"></td>'];
  const observed: Detail[] = v[STAT.hanafail] === null ? [] : [['Failed health analyses', number(v, STAT.hanafail)]];
  return [tipCell(v[STAT.chkfail]!, observed), cell(v[STAT.chkdown]!), cell(ago(number(v, STAT.downtime)))];
}

const MODULES: readonly (readonly [string, number])[] = [
  ['HTTP/1 connections now', STAT.h1_open_connections],
  ['HTTP/1 exchanges now', STAT.h1_open_streams],
  ['HTTP/1 connections', STAT.h1_total_connections],
  ['HTTP/1 exchanges', STAT.h1_total_streams],
  ['HTTP/1 bytes in', STAT.h1_bytes_in],
  ['HTTP/1 bytes out', STAT.h1_bytes_out],
  ['HTTP/2 connections now', STAT.h2_open_connections],
  ['HTTP/2 streams now', STAT.h2_backend_open_streams],
  ['HTTP/2 connections', STAT.h2_total_connections],
  ['HTTP/2 streams', STAT.h2_backend_total_streams],
  ['TLS sessions', STAT.ssl_sess],
  ['TLS sessions resumed', STAT.ssl_reused_sess],
  ['TLS handshakes failed', STAT.ssl_failed_handshake],
];

/** `stats show-modules`: the counters of protocols. */
function moduleCell(v: Values, { modules }: RowOptions): string {
  if (!modules) return '';
  const details = MODULES.filter(([, field]) => v[field] !== null).map(
    ([what, field]): Detail => [what, number(v, field)],
  );
  return tipCell('modules', details, CENTRE);
}

/** Class of a server's row, which colours it. */
export function statusClass(status: string, backup: boolean): string {
  const kind = backup ? 'backup' : 'active';
  if (status.startsWith('MAINT')) return 'maintain';
  if (status === 'no check') return `${kind}_no_check`;
  if (status.startsWith('DRAIN')) return `${kind}_draining`;
  if (status.startsWith('NOLB')) return `${kind}_nolb`;
  if (status === 'UP') return `${kind}_up`;
  if (status.startsWith('UP ')) return `${kind}_going_down`;
  return /^DOWN \d/.test(status) ? `${kind}_going_up` : `${kind}_down`;
}
