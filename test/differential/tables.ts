import { condition, expression } from './expressions.ts';
import type { Random } from './random.ts';

/*
 * Lines about stick tables, what is tracked in them, sticking, and rules of TCP: they stand beside the other lines of a scenario. Tables are
 * called `tbl`, `tblip` and `tblsrv` here, and are the scenario's own.
 */

const KEYS = [
  'src',
  'req.hdr(x-a)',
  'path',
  'req.hdr(host),lower',
  'url_param(a)',
  'req.cook(sid)',
  'method',
  'req.hdr(x-none)',
];

/** What tells of the entry that counter 0 or 1 tracks. */
const tracked = (random: Random): string => {
  const n = random.pick([0, 0, 1, 2]);
  return random.pick([
    `sc_http_req_cnt(${n})`,
    `sc${n}_http_req_cnt`,
    `sc_http_req_rate(${n})`,
    `sc_http_err_cnt(${n})`,
    `sc_http_fail_cnt(${n})`,
    `sc_get_gpc0(${n})`,
    `sc${n}_get_gpc1`,
    `sc_gpc0_rate(${n})`,
    `sc_get_gpt0(${n})`,
    `sc_conn_cur(${n})`,
    `sc_conn_cnt(${n})`,
    `sc_sess_cnt(${n})`,
    `sc_tracked(${n})`,
    `sc_trackers(${n})`,
    `sc_inc_gpc0(${n})`,
    `sc_clr_gpc0(${n})`,
    `sc_http_req_cnt(${n},tbl)`,
  ]);
};

/** What looks a key up. */
const looked = (random: Random): string =>
  random.pick([
    'src_http_req_cnt(tblip)',
    'src_get_gpc0(tblip)',
    'src_inc_gpc0(tblip)',
    'src_conn_cnt(tblip)',
    'req.hdr(x-a),table_http_req_cnt(tbl)',
    'req.hdr(x-a),in_table(tbl)',
    'path,table_gpc0(tbl)',
    'path,table_gpt0(tbl)',
    'req.hdr(host),lower,table_trackers(tbl)',
    'src,table_http_req_rate(tblip)',
    'req.hdr(x-none),table_gpc0(tbl)',
    'table_cnt(tbl)',
    'table_avl(tblip)',
    'table_cnt(tblsrv)',
    'req.hdr(x-a),table_server_id(tblsrv)',
  ]);

const asked = (random: Random): string =>
  Array.from({ length: 1 + random.below(3) }, () => `%[${random.chance(0.6) ? tracked(random) : looked(random)}]`).join(
    ' ',
  );

const counting = (random: Random): string =>
  random.pick([
    'sc-inc-gpc0(0)',
    'sc-inc-gpc1(0)',
    'sc-inc-gpc0(1)',
    'sc-set-gpt0(0) 7',
    'sc-set-gpt0(0) req.hdr_val(x-num)',
    'sc-set-gpt0(1) int(3)',
  ]);

const when = (random: Random): string =>
  random.chance(0.5) ? '' : ` if { ${tracked(random)} ${random.pick(['gt 1', 'le 2', '0', '1:3'])} }`;

const REQUEST: readonly ((random: Random) => string)[] = [
  (r) => `http-request track-sc0 ${r.pick(KEYS)} table tbl${condition(r, 'request')}`,
  (r) => `http-request track-sc1 src table tblip${condition(r, 'request')}`,
  (r) => `http-request ${counting(r)}${when(r)}`,
  (r) => `http-request set-header x-counts "${asked(r)}"${when(r)}`,
  (r) => `http-request capture ${tracked(r)} len 8`,
  (r) => `http-request set-var(txn.n) ${tracked(r)}`,
  (r) =>
    `http-request set-var(txn.e,${r.pick(['ifexists', 'ifnotexists', 'ifempty', 'ifset'])}) '${expression(r, 'request')}'`,
  (r) => `http-request deny deny_status 429 if { ${tracked(r)} gt ${r.pick([1, 2, 5])} }`,
];

const RESPONSE: readonly ((random: Random) => string)[] = [
  (r) => `http-response track-sc2 res.hdr(x-server) table tbl${condition(r, 'response')}`,
  (r) => `http-response ${counting(r)}${when(r)}`,
  (r) => `http-response set-header x-counts "%[${tracked(r)}] %[${tracked(r)}]"${when(r)}`,
  (r) => `http-after-response set-header x-after "%[${tracked(r)}]"${when(r)}`,
  (r) => `http-after-response set-status ${r.pick([200, 404, 429, 503])}${condition(r, 'response')}`,
];

const TCP: readonly ((random: Random) => string)[] = [
  () => 'tcp-request connection track-sc1 src table tblip',
  () => 'tcp-request session track-sc1 src table tblip',
  (r) => `tcp-request content track-sc0 ${r.pick(KEYS)} table tbl`,
  (r) => `tcp-request content set-var(txn.b) ${r.pick(KEYS)}`,
  (r) => `tcp-request content ${counting(r)}${when(r)}`,
  (r) => `tcp-request content accept${condition(r, 'request')}`,
  (r) => `tcp-request content capture ${r.pick(KEYS)} len 6`,
  (r) => `tcp-request content reject if { ${tracked(r)} gt 3 }`,
];

const STICK: readonly ((random: Random) => string)[] = [
  (r) => `stick on ${r.pick(KEYS)} table tblsrv${condition(r, 'request')}`,
  (r) => `stick match ${r.pick(KEYS)} table tblsrv`,
  (r) => `stick store-request ${r.pick(KEYS)} table tblsrv${condition(r, 'request')}`,
  (r) => `stick store-response ${r.pick(['res.cook(sid)', 'res.hdr(x-server)', 'res.hdr(x-a)'])} table tblsrv`,
  (r) => `tcp-response content ${r.pick(['accept', 'set-var(txn.d) res.hdr(x-server)'])}${condition(r, 'response')}`,
  (r) => `http-request track-sc0 ${r.pick(KEYS)} table tbl`,
];

const pickSome = (random: Random, most: number, makers: readonly ((random: Random) => string)[]): string[] =>
  random.some(most, () => random.pick(makers)(random));

/** Lines for a frontend. */
export function frontLines(random: Random): string[] {
  return [...pickSome(random, 2, TCP), ...pickSome(random, 5, REQUEST), ...pickSome(random, 3, RESPONSE)];
}

/** Lines for a backend. */
export function backLines(random: Random): string[] {
  return pickSome(random, 2, STICK);
}

/** The tables of a scenario, as sections. */
export const TABLES: readonly string[] = [
  'backend tbl',
  'stick-table type string len 32 size 100 expire 1h store gpc0,gpc1,gpt0,gpc0_rate(1h),http_req_cnt,http_req_rate(1h),http_err_cnt,http_fail_cnt,conn_cnt,conn_cur,sess_cnt',
  'backend tblip',
  'stick-table type ip size 100 expire 1h store gpc0,gpc1,gpt0,http_req_cnt,http_req_rate(1h),http_err_cnt,conn_cnt,conn_cur,sess_cnt',
  'backend tblsrv',
  'stick-table type string len 32 size 100 expire 1h',
];
