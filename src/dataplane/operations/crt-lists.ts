/** Lines of a stored crt-list. */

import Type from 'typebox';
import { ApiError } from '../service/error.ts';
import { type StoredEntry, storedEntries } from '../storage/crt-list.ts';
import type { Folder } from '../storage/folder.ts';
import { type Call, type Operation, type Parameter, param, type Reply } from './operation.ts';

const ENTRY = Type.Object(
  {
    file: Type.String({ minLength: 1, pattern: '^\\S+$' }),
    ssl_bind_config: Type.Optional(Type.String({ pattern: '^[^\\r\\n\\[\\]]*$' })),
    sni_filter: Type.Optional(Type.Array(Type.String({ pattern: '^\\S+$' }))),
  },
  { additionalProperties: false },
);

/** What the operations on lines have in common with those on whole lists. */
interface Lists {
  readonly query: readonly Parameter[];
  readonly folder: (call: Call) => Folder;
  /** Throws ApiError 403 where the policy does not let the list be changed. */
  readonly permit: (call: Call, file: string) => Promise<void>;
  /** What is written in `work` is made good when the service ends in the middle. */
  readonly writing: (call: Call, work: () => Promise<Reply>) => Promise<Reply>;
  readonly putInForce: (call: Call, file: string, content: string, done: Reply) => Promise<Reply>;
}

/** The operations on the lines of a crt-list. */
export function crtListOperations(path: string, { query, folder, permit, writing, putInForce }: Lists): Operation[] {
  const base = { group: 'storage ssl_crt_lists', path, query: [], body: null, answer: 'json' as const };
  const own = (call: Call) => ({ lists: folder(call), name: call.path['name']! });
  return [
    {
      ...base,
      method: 'GET',
      summary: 'lists the lines of a crt-list',
      success: [200],
      run: async (call) => {
        const { lists, name } = own(call);
        return { status: 200, body: storedEntries(await lists.read(name)) };
      },
    },
    {
      ...base,
      method: 'POST',
      summary: 'adds a line to a crt-list',
      query,
      body: { schema: ENTRY },
      success: [201, 202],
      run: async (call) => {
        const { lists, name } = own(call);
        await permit(call, lists.path(name));
        const { file, ssl_bind_config: options = '', sni_filter: filters = [] } = call.body as StoredEntry;
        const line = [file, ...(options === '' ? [] : [`[${options}]`]), ...filters].join(' ');
        const text = await lists.read(name).catch(() => null);
        const content = `${text ?? ''}${text === null || text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`;
        return writing(call, async () => {
          if (text === null) await lists.create(lists.nameFor(name), content);
          else await lists.replace(name, content);
          return putInForce(call, lists.path(name), content, { status: 201, body: call.body });
        });
      },
    },
    {
      ...base,
      method: 'DELETE',
      summary: 'takes a line out of a crt-list',
      query: [
        param('certificate', 'string', 'The certificate of the line.', true),
        param('line_number', 'integer', 'Its number, from 1.', true),
        ...query,
      ],
      success: [202, 204],
      answer: null,
      run: async (call) => {
        const { lists, name } = own(call);
        await permit(call, lists.path(name));
        const certificate = call.query.required('certificate');
        const number = Number(call.query.required('line_number'));
        const lines = (await lists.read(name)).split('\n');
        const entry = storedEntries(lines.join('\n')).find((one) => one.line_number === number);
        if (entry?.file !== certificate)
          throw new ApiError(404, `line ${number} of ${name} is not for '${certificate}'`);
        const content = lines.toSpliced(number - 1, 1).join('\n');
        return writing(call, async () => {
          await lists.replace(name, content);
          return putInForce(call, lists.path(name), content, { status: 204 });
        });
      },
    },
  ];
}
