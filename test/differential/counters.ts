import type { Run } from '../support/program.ts';
import { pause } from '../support/wait.ts';

/** Columns that are compared: sessions, bytes, errors, states. */
export const COLUMNS: readonly string[] = [
  'scur', 'stot', 'bin', 'bout', 'dreq', 'dresp', 'ereq', 'econ', 'eresp', 'wretr', 'wredis', 'status', 'lbtot', 'cli_abrt', 'srv_abrt', 'conn_tot', 'dcon', 'dses', 'mode', 'weight', 'act', 'bck', 'qcur',
]; // biome-ignore format: a table

/** Columns that are compared of proxies of HTTP. What is made here is not in `bout`, as in HAProxy since 3.3. */
export const HTTP_COLUMNS: readonly string[] = [
  ...COLUMNS.filter((column) => column !== 'bout'),
  'hrsp_1xx', 'hrsp_2xx', 'hrsp_3xx', 'hrsp_4xx', 'hrsp_5xx', 'hrsp_other', 'req_tot', 'intercepted', 'wrew', 'eint', 'connect', 'reuse', 'comp_rsp', 'comp_in', 'comp_byp', 'cache_lookups', 'cache_hits',
]; // biome-ignore format: a table

/** What `columns` of `show stat` tell of the proxies of scenario `id`, once no session is left or `ms` have passed. */
export async function counters(
  run: Run,
  id: number,
  ms: number,
  columns: readonly string[] = COLUMNS,
): Promise<string> {
  const name = new RegExp(`_${id}$`);
  const own = async () =>
    (await run.stat()).filter(({ pxname = '' }) => name.test(pxname) && !pxname.startsWith('tbl'));
  const until = Date.now() + ms;
  let rows = await own();
  while (rows.some(({ scur }) => Number(scur) > 0) && Date.now() < until) {
    await pause(10);
    rows = await own();
  }
  return rows
    .map(
      (row) =>
        `${row['pxname']}/${row['svname']} ${columns.map((column) => `${column}=${row[column]?.replace(/^\* /, '')}`).join(' ')}`,
    )
    .join('\n');
}

/** What is in the tables of scenario `id`. */
export async function tables(run: Run, id: number): Promise<string> {
  const texts: string[] = [];
  for (const name of ['tbl', 'tblip', 'tblsrv']) {
    const text = await run.cli(`show table ${name}_${id}`);
    texts.push(
      text
        .trim()
        .replace(/^0x\w+: | shard=0| exp=\d+/gm, '')
        .split('\n')
        .sort()
        .join('\n'),
    );
  }
  return texts.join('\n');
}

/** Counters as they are compared, without the bytes that were sent to servers. */
export const withoutServersIn = (text: string): string => text.replace(/^(\S+\/s\d .*\bbin=)\d+/gm, '$1');
