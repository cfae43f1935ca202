/** Files that clients keep on the machine: maps, certificates, crt-lists, and others. */

import type { Change } from '../../change/change.ts';
import type { Balancer } from '../balancer/balancer.ts';
import { ApiError } from '../service/error.ts';
import type { UploadedFile } from '../service/multipart.ts';
import { AREAS, type Area, areaNamed, useOf } from '../storage/areas.ts';
import type { Folder, Stored } from '../storage/folder.ts';
import { stagedContent } from '../store/steps.ts';
import { crtListOperations } from './crt-lists.ts';
import { type Call, type Operation, param, type Reply, TRANSACTION } from './operation.ts';

const BASE = '/services/haproxy/storage';
const SKIP = param('skip_reload', 'boolean', 'Only the file is written.');
const FORCE = param('force_reload', 'boolean', 'Where a reload is needed, it is made at once and its end waited for.');

function folderOf(area: Area, { service }: Call): Folder {
  return area.folder(service.settings.storage);
}

async function view(area: Area, folder: Folder, stored: Stored): Promise<object> {
  if (area.readable) return { ...stored, ...area.judge('') };
  const content = await folder.read(stored.storage_name);
  try {
    return { ...stored, ...area.judge(content) };
  } catch (error) {
    return { ...stored, description: (error as Error).message };
  }
}

/** Throws ApiError 403 where the policy does not let the file be written. */
async function permit(area: Area, { service, requester }: Call, file: string): Promise<void> {
  const denied = await service.balancer.permits(requester, [area.action(file)]);
  if (denied !== null) throw new ApiError(403, denied);
}

/** Asks the policy, and records in a transaction what a file is to be; null: the request is in none. Throws ApiError 404 or 409 as the deed itself would. */
async function stage(
  area: Area,
  call: Call,
  name: string,
  content: Buffer | null,
  fresh: boolean,
): Promise<Reply | null> {
  await permit(area, call, folderOf(area, call).path(name));
  const id = call.query.text('transaction_id');
  if (id === null) return null;
  const folder = folderOf(area, call);
  const staged = stagedContent(call.service.transactions.steps(id), area.name, name);
  const isThere = (staged === undefined ? await folder.bytes(name) : staged) !== null;
  if (isThere && fresh) throw new ApiError(409, `there already is a ${folder.options.title} '${name}'`);
  if (!isThere && !fresh) throw new ApiError(404, `there is no ${folder.options.title} '${name}'`);
  call.service.transactions.add(id, {
    kind: 'file',
    area: area.name,
    name,
    content: content?.toString('base64') ?? null,
  });
  const body = content === null ? undefined : { storage_name: name, file: folder.path(name), size: content.length };
  return { status: 202, body };
}

function operationsOf(area: Area): Operation[] {
  const path = `${BASE}/${area.name}`;
  const base = { group: `storage ${area.name}`, query: [], body: null, answer: 'json' as const };
  const named = (call: Call) => ({ folder: folderOf(area, call), name: call.path['name']! });
  return [
    {
      ...base,
      method: 'GET',
      path,
      summary: 'lists what is stored',
      success: [200],
      run: async (call) => {
        const folder = folderOf(area, call);
        return { status: 200, body: await Promise.all((await folder.list()).map((one) => view(area, folder, one))) };
      },
    },
    {
      ...base,
      method: 'POST',
      path,
      summary: 'stores a new file',
      body: 'file',
      query: [SKIP, FORCE, TRANSACTION],
      success: [201, 202],
      run: async (call) => {
        const { name: given, content } = call.body as UploadedFile;
        const facts = area.judge(content.toString('utf8'));
        const folder = folderOf(area, call);
        const name = folder.nameFor(given);
        const staged = await stage(area, call, name, content, true);
        if (staged !== null) return staged;
        const body = { ...(await folder.create(name, content)), ...facts };
        await tell(call, (balancer) => area.arrives(balancer, folder.path(name), content.toString('utf8')));
        return { status: 201, body };
      },
    },
    {
      ...base,
      method: 'GET',
      path: `${path}/{name}`,
      summary: area.readable ? 'gives the content of a file' : 'tells of a file, never its content',
      success: [200],
      answer: area.readable ? 'text' : 'json',
      run: async (call) => {
        const { folder, name } = named(call);
        if (area.readable) return { status: 200, text: await folder.read(name) };
        return { status: 200, body: await view(area, folder, await folder.find(name)) };
      },
    },
    {
      ...base,
      method: 'PUT',
      path: `${path}/{name}`,
      summary: 'replaces a file, and what the running process has of it',
      query: [SKIP, FORCE, TRANSACTION],
      body: area.upload,
      success: [area.replaced, 202],
      run: (call) => replace(area, call),
    },
    {
      ...base,
      method: 'DELETE',
      path: `${path}/{name}`,
      summary: 'deletes a file that the configuration does not name',
      query: area.name === 'maps' || area.name === 'general' ? [TRANSACTION] : [SKIP, FORCE, TRANSACTION],
      success: [202, 204],
      answer: null,
      run: async (call) => {
        const { folder, name } = named(call);
        const id = call.query.text('transaction_id');
        const documents =
          id === null ? await call.service.commits.files.read() : call.service.transactions.documents(id);
        const use = useOf(documents, folder.path(name));
        if (use !== null) throw new ApiError(409, `${folder.path(name)} is named at ${use}`);
        const staged = await stage(area, call, name, null, false);
        if (staged !== null) return staged;
        await folder.remove(name);
        await tell(call, (balancer) => area.goes(balancer, folder.path(name)));
        return { status: 204 };
      },
    },
  ];
}

/** Has the running process know of a file that nothing uses; that it refuses is no matter: it is asked again when something does. */
async function tell(call: Call, changes: (balancer: Balancer) => Promise<readonly Change[]>): Promise<void> {
  const { service, query, requester } = call;
  if (query.flag('skip_reload')) return;
  const all = await changes(service.balancer);
  if (all.length > 0) await service.balancer.change(all, requester);
}

async function replace(area: Area, call: Call): Promise<Reply> {
  const content = area.upload === 'file' ? (call.body as UploadedFile).content : Buffer.from(call.body as string);
  const facts = area.judge(content.toString('utf8'));
  const name = call.path['name']!;
  const staged = await stage(area, call, name, content, false);
  if (staged !== null) return staged;
  return writing(call, async () => {
    const stored = await folderOf(area, call).replace(name, content);
    const body = area.replaced === 204 ? undefined : { ...stored, ...facts };
    return putFileInForce(area, call, stored.file, content.toString('utf8'), { status: area.replaced, body });
  });
}

/** Has a file written and put in force, made good when the service ends in the middle; where it is only written, that is all. */
async function writing(call: Call, work: () => Promise<Reply>): Promise<Reply> {
  if (call.query.flag('skip_reload')) return work();
  const { reply } = await call.service.commits.putting(call.requester, null, async () => {
    const done = await work();
    return { reply: done, reload: done.headers?.['reload-id'] ?? null };
  });
  return reply;
}

/** Has the running process use a file that was written: live, or by a reload where it is used. `done`: what is answered when it does. */
async function putFileInForce(area: Area, call: Call, file: string, content: string, done: Reply): Promise<Reply> {
  const { service, query, requester } = call;
  const { balancer, commits } = service;
  if (query.flag('skip_reload')) return done;
  const changes = await area.changes(balancer, file, content);
  if (changes !== null && (changes.length === 0 || (await balancer.change(changes, requester)).ok)) return done;
  if (changes === null && useOf(await commits.files.read(), file) === null) return done;
  if (balancer.product === 'sluice') {
    const { ok, text } = await balancer.reload(requester);
    if (!ok) throw new ApiError(400, `the file is written, and the reload failed: ${text}`);
    return done;
  }
  const { reloads } = commits;
  if (!query.flag('force_reload'))
    return { ...done, status: 202, headers: { 'reload-id': reloads.schedule(requester) } };
  const { status, response } = await reloads.now(requester);
  if (status === 'failed') throw new ApiError(400, `the file is written, and the reload failed: ${response}`);
  return done;
}

const CRT_LISTS = areaNamed('ssl_crt_lists');

export const STORAGE_OPERATIONS: readonly Operation[] = [
  ...AREAS.flatMap(operationsOf),
  ...crtListOperations(`${BASE}/ssl_crt_lists/{name}/entries`, {
    query: [FORCE],
    folder: (call) => folderOf(CRT_LISTS, call),
    permit: (call, file) => permit(CRT_LISTS, call, file),
    writing,
    putInForce: (call, file, content, done) => putFileInForce(CRT_LISTS, call, file, content, done),
  }),
];
