/** Files that clients keep on the machine: maps, certificates, crt-lists, and others. */

import { parseStores } from '../../client/parse/certificates.ts';
import { parsePatternSet } from '../../client/parse/patterns.ts';
import { certificateFacts } from '../files/certificate.ts';
import { Folder, type Stored } from '../files/folder.ts';
import { ApiError } from '../service/error.ts';
import type { UploadedFile } from '../service/multipart.ts';
import type { Service } from '../service/service.ts';
import { crtListOperations } from './crt-lists.ts';
import { type Call, type Operation, param, type Reply } from './operation.ts';

const BASE = '/services/haproxy/storage';
const SKIP = param('skip_reload', 'boolean', 'Only the file is written.');
const FORCE = param('force_reload', 'boolean', 'Where a reload is needed, it is made at once and its end waited for.');

/** A folder as an area of the storage. */
interface Area {
  readonly path: 'maps' | 'ssl_certificates' | 'ssl_crt_lists' | 'general';
  readonly folder: (service: Service) => Folder;
  /** Checks what is to be kept, and tells what else is known of it. Throws ApiError. */
  readonly judge: (content: string) => object;
  /** The new content of a file is put in force in the running process; null: nothing uses it. */
  readonly live: (call: Call, file: string, content: string) => Promise<boolean | null>;
  readonly upload: 'file' | 'text';
  /** The content is told. */
  readonly readable: boolean;
  /** Success of a replacement that needs no reload. */
  readonly replaced: 200 | 204;
}

const none = async () => null;

const AREAS: readonly Area[] = [
  {
    path: 'maps',
    folder: ({ settings }) =>
      new Folder({
        path: settings.storage.maps,
        title: 'map',
        mode: 0o644,
        extension: '.map',
        accepts: (name) => name.endsWith('.map'),
      }),
    judge: () => ({ description: 'managed map' }),
    live: mapLive,
    upload: 'text',
    readable: true,
    replaced: 204,
  },
  {
    path: 'ssl_certificates',
    folder: ({ settings }) =>
      new Folder({
        path: settings.storage.certificates,
        title: 'certificate',
        mode: 0o600,
        extension: null,
        accepts: (name) => !name.endsWith('.txt'),
      }),
    judge: (content) => ({ description: 'managed certificate', ...certificateFacts(content) }),
    live: certificateLive,
    upload: 'text',
    readable: false,
    replaced: 200,
  },
  {
    path: 'ssl_crt_lists',
    folder: ({ settings }) => crtLists(settings.storage.certificates),
    judge: () => ({ description: 'managed crt-list' }),
    live: none,
    upload: 'text',
    readable: true,
    replaced: 200,
  },
  {
    path: 'general',
    folder: ({ settings }) =>
      new Folder({ path: settings.storage.general, title: 'file', mode: 0o644, extension: null, accepts: () => true }),
    judge: () => ({ description: 'managed but not loaded in the runtime' }),
    live: none,
    upload: 'file',
    readable: true,
    replaced: 204,
  },
];

function crtLists(path: string): Folder {
  return new Folder({
    path,
    title: 'crt-list',
    mode: 0o644,
    extension: '.txt',
    accepts: (name) => name.endsWith('.txt'),
  });
}

/** A map that is loaded gets its entries in one switch. */
async function mapLive(call: Call, file: string, content: string): Promise<boolean | null> {
  const text = await call.service.balancer.ask(['show', 'map']).catch(() => '');
  if (!text.split('\n').some((line) => parsePatternSet(line)?.file === file)) return null;
  const entries = content.split('\n').flatMap((line): (readonly [string, string])[] => {
    const [, key, value = ''] = /^\s*([^\s#]\S*)(?:\s+(.*?))?\s*$/.exec(line) ?? [];
    return key === undefined ? [] : [[key, value]];
  });
  const { ok } = await call.service.balancer.change([{ kind: 'map.replace', map: file, entries }], call.requester);
  return ok;
}

async function certificateLive(call: Call, file: string, content: string): Promise<boolean | null> {
  const loaded = await call.service.balancer.ask(['show', 'ssl', 'cert']).catch(() => '');
  if (!parseStores(loaded).files.has(file)) return null;
  const { ok } = await call.service.balancer.change([{ kind: 'cert.set', path: file, pem: content }], call.requester);
  return ok;
}

/** The statement that names a file, or null. */
async function useOf({ service }: Call, file: string): Promise<string | null> {
  for (const document of await service.commits.files.read())
    for (const { words, number } of document.lines)
      if (words.some((word) => word === file || word.includes(`(${file})`) || word.includes(`(${file},`)))
        return `${document.name}:${number}`;
  return null;
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

function operationsOf(area: Area): Operation[] {
  const path = `${BASE}/${area.path}`;
  const base = { group: `storage ${area.path}`, query: [], body: null, answer: 'json' as const };
  const named = (call: Call) => ({ folder: area.folder(call.service), name: call.path['name']! });
  return [
    {
      ...base,
      method: 'GET',
      path,
      summary: 'lists what is stored',
      success: [200],
      run: async ({ service }) => {
        const folder = area.folder(service);
        return { status: 200, body: await Promise.all((await folder.list()).map((one) => view(area, folder, one))) };
      },
    },
    {
      ...base,
      method: 'POST',
      path,
      summary: 'stores a new file',
      body: 'file',
      query: [SKIP, FORCE],
      success: [201],
      run: async (call) => {
        const { name, content } = call.body as UploadedFile;
        const facts = area.judge(content.toString('utf8'));
        const folder = area.folder(call.service);
        return { status: 201, body: { ...(await folder.create(folder.nameFor(name), content)), ...facts } };
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
      query: [SKIP, FORCE],
      body: area.upload,
      success: [area.replaced, 202],
      run: (call) => replace(area, call),
    },
    {
      ...base,
      method: 'DELETE',
      path: `${path}/{name}`,
      summary: 'deletes a file that the configuration does not name',
      query: area.path === 'maps' || area.path === 'general' ? [] : [SKIP, FORCE],
      success: [204],
      answer: null,
      run: async (call) => {
        const { folder, name } = named(call);
        const { file } = await folder.find(name);
        const use = await useOf(call, file);
        if (use !== null) throw new ApiError(409, `${file} is named at ${use}`);
        await folder.remove(name);
        return { status: 204 };
      },
    },
  ];
}

async function replace(area: Area, call: Call): Promise<Reply> {
  const { service, query, requester } = call;
  const folder = area.folder(service);
  const content = area.upload === 'file' ? (call.body as UploadedFile).content.toString('utf8') : (call.body as string);
  const facts = area.judge(content);
  const stored = await folder.replace(call.path['name']!, content);
  const body = area.replaced === 204 ? undefined : { ...stored, ...facts };
  if (query.flag('skip_reload')) return { status: area.replaced, body };
  const live = await area.live(call, stored.file, content);
  if (live === true || (live === null && (await useOf(call, stored.file)) === null))
    return { status: area.replaced, body };
  if (service.balancer.product === 'sluice') {
    const { ok, text } = await service.balancer.reload(requester);
    if (!ok) throw new ApiError(400, `the file is written, and the reload failed: ${text}`);
    return { status: area.replaced, body };
  }
  const { reloads } = service.commits;
  if (!query.flag('force_reload')) return { status: 202, body, headers: { 'reload-id': reloads.schedule(requester) } };
  const { status, response } = await reloads.now(requester);
  if (status === 'failed') throw new ApiError(400, `the file is written, and the reload failed: ${response}`);
  return { status: area.replaced, body };
}

export const STORAGE_OPERATIONS: readonly Operation[] = [
  ...AREAS.flatMap(operationsOf),
  ...crtListOperations(`${BASE}/ssl_crt_lists/{name}/entries`, crtLists),
];
