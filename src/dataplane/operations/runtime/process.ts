import { csvCells } from '../../../client/parse/csv.ts';
import { numberOr, parseInfo } from '../../../client/parse/info.ts';
import { type Call, type Operation, param } from '../operation.ts';
import { linesOf, runtimeRows } from './reply.ts';

export const RUNTIME_INFO: readonly Operation[] = runtimeRows('info', [
  {
    method: 'GET',
    path: '/info',
    summary: 'tells of the running process',
    success: [200],
    async run({ service }) {
      const info = parseInfo(await service.balancer.ask(['show', 'info']));
      const own = Object.entries(info).map(([name, value]) => [name.toLowerCase().replaceAll(/[ -]/g, '_'), value]);
      return { status: 200, body: { info: Object.fromEntries(own) } };
    },
  },
]);

const TYPES = ['frontend', 'backend', 'server'];

/** The rows of `show stat` that are asked for. */
async function stats({ service, query }: Call) {
  const [type, name, parent] = [query.text('type'), query.text('name'), query.text('parent')];
  const rows: object[] = [];
  let header: string[] = [];
  for await (const line of linesOf(service.balancer.stream(['show', 'stat']))) {
    if (line.startsWith('# ')) header = csvCells(line.slice(2));
    else if (line !== '' && header.length > 0) {
      const cells = csvCells(line);
      const row = Object.fromEntries(header.map((column, i) => [column, cells[i] ?? '']));
      const own = row['svname'] === 'FRONTEND' ? 'frontend' : row['svname'] === 'BACKEND' ? 'backend' : 'server';
      const called = own === 'server' ? row['svname'] : row['pxname'];
      if ((type !== null && type !== own) || (name !== null && name !== called)) continue;
      if (parent !== null && (own !== 'server' || parent !== row['pxname'])) continue;
      // Rows of listening sockets have type 3.
      if (row['type'] === '3') continue;
      const values = Object.entries(row).filter(
        ([column, value]) => value !== '' && column !== 'pxname' && column !== 'svname' && column !== 'type',
      );
      rows.push({
        type: own,
        name: called,
        ...(own === 'server' ? { backend_name: row['pxname'] } : {}),
        stats: Object.fromEntries(values.map(([column, value]) => [column, numberOr(value)])),
      });
    }
  }
  return rows;
}

export const STATS: readonly Operation[] = [
  {
    method: 'GET',
    path: '/services/haproxy/stats/native',
    group: 'stats',
    summary: 'tells the counters of frontends, backends and servers',
    query: [
      param('type', 'string', `Only those: ${TYPES.join(', ')}.`),
      param('name', 'string', 'Only what is called so.'),
      param('parent', 'string', 'Only servers of this backend.'),
    ],
    body: null,
    success: [200],
    answer: 'json',
    run: async (call) => ({ status: 200, body: { stats: await stats(call) } }),
  },
];
