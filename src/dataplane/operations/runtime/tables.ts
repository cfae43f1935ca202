import Type from 'typebox';
import { parseTable, parseTableEntry } from '../../../client/parse/tables.ts';
import { ApiError } from '../../service/error.ts';
import { type Call, type Operation, param } from '../operation.ts';
import { jsonList, linesOf, make, runtimeRows } from './reply.ts';

const ENTRY = Type.Object(
  {
    key: Type.String({ minLength: 1 }),
    data_type: Type.Record(Type.String(), Type.Union([Type.Integer(), Type.String()])),
  },
  { additionalProperties: false },
);

async function tables({ service }: Call) {
  const text = await service.balancer.ask(['show', 'table']);
  return text.split('\n').flatMap((line) => parseTable(line) ?? []);
}

async function tableNamed(call: Call, name: string) {
  const all = await tables(call);
  const found = all.find((table) => table.name === name);
  if (found === undefined)
    throw new ApiError(
      404,
      `there is no stick table '${name}'; there is ${all.map((one) => one.name).join(', ') || 'none'}`,
    );
  return found;
}

/** `gpc0 gt 0,conn_cur gt 5` as the words of `show table`. */
function filterWords(filter: string | null): string[] {
  if (filter === null) return [];
  return filter.split(',').flatMap((one) => {
    const [type, operator, value, ...others] = one.trim().split(/\s+/);
    if (value === undefined || others.length > 0)
      throw new ApiError(400, `filter '${one.trim()}' is not 'type operator value'`);
    return [`data.${type!.replace(/^data\./, '')}`, operator!, value];
  });
}

async function* entries(call: Call, words: readonly string[]) {
  const offset = call.query.number('offset') ?? 0;
  const count = call.query.number('count') ?? Number.POSITIVE_INFINITY;
  let at = 0;
  for await (const line of linesOf(call.service.balancer.stream(words))) {
    const entry = parseTableEntry(line);
    if (entry === null || at++ < offset) continue;
    if (at > offset + count) return;
    const { ptr, key, use, exp, data } = entry;
    yield { id: ptr, key, use: use > 0, exp, ...data };
  }
}

export const RUNTIME_TABLES: readonly Operation[] = runtimeRows('stick tables', [
  {
    method: 'GET',
    path: '/stick_tables',
    summary: 'lists the stick tables',
    success: [200],
    run: async (call) => ({ status: 200, body: await tables(call) }),
  },
  {
    method: 'GET',
    path: '/stick_tables/{name}',
    summary: 'tells of a stick table',
    success: [200],
    run: async (call) => ({ status: 200, body: await tableNamed(call, call.path['name']!) }),
  },
  {
    method: 'GET',
    path: '/stick_tables/{parent_name}/entries',
    summary: 'lists the entries of a stick table',
    query: [
      param('filter', 'string', 'Conditions with commas between them: `gpc0 gt 0`.'),
      param('key', 'string', 'Only the entry of this key.'),
      param('count', 'integer', 'Not more than so many.'),
      param('offset', 'integer', 'From this one on.'),
    ],
    success: [200],
    async run(call) {
      const { name } = await tableNamed(call, call.path['parent_name']!);
      const key = call.query.text('key');
      const words = ['show', 'table', name, ...(key === null ? filterWords(call.query.text('filter')) : ['key', key])];
      return { status: 200, text: jsonList(entries(call, words)) };
    },
  },
  {
    method: 'POST',
    path: '/stick_tables/{parent_name}/entries',
    summary: 'makes an entry of a stick table, or sets its data',
    body: { schema: ENTRY },
    success: [204],
    async run(call) {
      const { name } = await tableNamed(call, call.path['parent_name']!);
      const { key, data_type: given } = call.body as {
        readonly key: string;
        readonly data_type: Record<string, unknown>;
      };
      const data = Object.fromEntries(Object.entries(given).map(([type, value]) => [type, String(value)]));
      return make(call, [{ kind: 'table.set', table: name, key, data }], () => ({ status: 204 }));
    },
  },
]);
