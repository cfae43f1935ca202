/** Carries out what a transaction does besides the configuration, so that it can be taken back, also after the process was killed. */

import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Change } from '../../change/change.ts';
import type { Balancer, PutInForce, Requester } from '../balancer/balancer.ts';
import type { Documents } from '../edit/sections.ts';
import { areaNamed, type StorageFolders, useOf } from '../storage/areas.ts';
import type { FileStep, Step } from './steps.ts';

/** What goes with a change of the configuration. */
export interface Beside {
  /** Some of it is done to the running process, which has to have the configuration by then. */
  readonly needsProcess: boolean;
  /** Puts the files there that the configuration, of this version until now, may name. */
  prepare(version: number): Promise<void>;
  /** Does the rest, when the configuration is in force. */
  finish(after: Documents, requester: Requester): Promise<PutInForce>;
  /** Puts the files back. */
  takeBack(): Promise<void>;
  /** All is done. */
  end(): Promise<void>;
}

/** What stands in the file that is there while files are replaced. */
interface Record {
  /** The first file of the configuration that it belongs to. */
  readonly configuration: string;
  /** Of the configuration before: when a later one is found, the commit had got through. */
  readonly version: number;
  readonly files: readonly Before[];
}

interface Before {
  readonly area: FileStep['area'];
  readonly name: string;
  /** Base64; null: it was not there. */
  readonly content: string | null;
}

export interface BesideOptions {
  readonly folders: StorageFolders;
  readonly balancer: Balancer;
  /** Where the record is kept. */
  readonly folder: string;
  /** The first file of the configuration. */
  readonly configuration: string;
}

const PREFIX = 'commit.';

/** What a transaction does besides the configuration, to be done with its commit. */
export function besideOf(id: string, steps: readonly Step[], options: BesideOptions): Beside {
  const { folders, balancer, folder, configuration } = options;
  const record = join(folder, `${PREFIX}${id}.json`);
  const files = lastOfEach(steps);
  let before: readonly Before[] = [];
  return {
    needsProcess: steps.some(({ kind }) => kind === 'changes'),
    async prepare(version) {
      if (files.length === 0) return;
      const found = await Promise.all(files.map((step) => contentBefore(step, folders)));
      await writeRecord(folder, record, { configuration, version, files: found });
      before = found;
      for (const step of files) await put(step, folders);
    },
    async finish(after, requester) {
      const found = await Promise.all(files.map((step) => inProcess(step, folders, balancer, after)));
      const changes = [...found.flatMap((one) => (one === 'reload' ? [] : one)), ...changesOf(steps)];
      if (changes.length > 0) {
        const { ok, text } = await balancer.change(changes, requester);
        if (!ok) return { outcome: 'failed', text };
      }
      if (!found.includes('reload')) return { outcome: 'live' };
      if (balancer.product === 'haproxy') return { outcome: 'reload', why: 'a file is read when the process loads' };
      const { ok, text } = await balancer.reload(requester);
      return ok ? { outcome: 'live' } : { outcome: 'failed', text };
    },
    async takeBack() {
      for (const one of before) await put(one, folders);
      await rm(record, { force: true });
    },
    end: () => rm(record, { force: true }),
  };
}

/** Puts files back whose commit was interrupted before the configuration was written. `version`: the one that is there. */
export async function takeBackInterrupted(
  { folders, folder, configuration }: BesideOptions,
  version: number,
): Promise<void> {
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    if (!name.startsWith(PREFIX) || !name.endsWith('.json')) continue;
    const path = join(folder, name);
    const found = JSON.parse(await readFile(path, 'utf8')) as Record;
    if (found.configuration !== configuration) continue;
    if (version <= found.version) for (const one of found.files) await put(one, folders);
    await rm(path, { force: true });
  }
}

function lastOfEach(steps: readonly Step[]): FileStep[] {
  const last = new Map<string, FileStep>();
  for (const step of steps) if (step.kind === 'file') last.set(`${step.area}/${step.name}`, step);
  return [...last.values()];
}

function changesOf(steps: readonly Step[]): Change[] {
  return steps.flatMap((step) => (step.kind === 'changes' ? step.changes : []));
}

async function contentBefore({ area, name }: FileStep, folders: StorageFolders): Promise<Before> {
  const content = await areaNamed(area).folder(folders).bytes(name);
  return { area, name, content: content?.toString('base64') ?? null };
}

async function put({ area, name, content }: Before, folders: StorageFolders): Promise<void> {
  const folder = areaNamed(area).folder(folders);
  if (content === null) await rm(folder.path(name), { force: true });
  else await folder.put(name, Buffer.from(content, 'base64'));
}

/** How the running process gets a file: by Changes (none where it has no use for it), or by loading it. */
async function inProcess(
  { area, name, content }: FileStep,
  folders: StorageFolders,
  balancer: Balancer,
  after: Documents,
): Promise<readonly Change[] | 'reload'> {
  if (content === null) return [];
  const file = areaNamed(area).folder(folders).path(name);
  const changes = await areaNamed(area).changes(balancer, file, Buffer.from(content, 'base64').toString('utf8'));
  return changes ?? (useOf(after, file) === null ? [] : 'reload');
}

/** On the disk before anything is replaced. */
async function writeRecord(folder: string, path: string, record: Record): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(record));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
