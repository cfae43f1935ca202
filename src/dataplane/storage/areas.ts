/** The areas of files that clients keep on the machine, and how a new content comes into force in the running process. */

import type { Change } from '../../change/change.ts';
import { parseStores } from '../../client/parse/certificates.ts';
import { parsePatternSet } from '../../client/parse/patterns.ts';
import type { Balancer } from '../balancer/balancer.ts';
import type { Documents } from '../edit/sections.ts';
import { certificateFacts } from './certificate.ts';
import { crtListChanges } from './crt-list.ts';
import { Folder } from './folder.ts';

export type AreaName = 'maps' | 'ssl_certificates' | 'ssl_crt_lists' | 'general' | 'spoe';

/** Folders by what is in them. */
export type StorageFolders = Readonly<Record<'maps' | 'certificates' | 'general' | 'spoe', string>>;

export interface Area {
  readonly name: AreaName;
  readonly folder: (folders: StorageFolders) => Folder;
  /** Checks what is to be kept, and tells what else is known of it. Throws ApiError. */
  readonly judge: (content: string) => object;
  /** The Changes that give the running process a new content; null: it does not have the file, or not so that it can be told. */
  readonly changes: (balancer: Balancer, file: string, content: string) => Promise<readonly Change[] | null>;
  /** The Changes that give the running process a file that it does not have yet, or take from it one that is deleted; none where it has no use for that. */
  readonly arrives: (balancer: Balancer, file: string, content: string) => Promise<readonly Change[]>;
  readonly goes: (balancer: Balancer, file: string) => Promise<readonly Change[]>;
  /** What writing or deleting a file is to a policy. */
  readonly action: (file: string) => Change;
  readonly upload: 'file' | 'text';
  /** The content is told. */
  readonly readable: boolean;
  /** Success of a replacement that needs no reload. */
  readonly replaced: 200 | 204;
}

const none = async () => null;
const nothing = async () => [];
/** Of files that the process reads when it loads the configuration that names them. */
const LOADED = { arrives: nothing, goes: nothing };

/** The areas below `storage/`. */
export const AREAS: readonly Area[] = [
  {
    name: 'maps',
    folder: ({ maps }) =>
      new Folder({
        path: maps,
        title: 'map',
        mode: 0o644,
        extension: '.map',
        accepts: (name) => name.endsWith('.map'),
      }),
    judge: () => ({ description: 'managed map' }),
    changes: mapChanges,
    ...LOADED,
    action: (map) => ({ kind: 'map.replace', map, entries: [] }),
    upload: 'text',
    readable: true,
    replaced: 204,
  },
  {
    name: 'ssl_certificates',
    folder: ({ certificates }) =>
      new Folder({
        path: certificates,
        title: 'certificate',
        mode: 0o600,
        extension: null,
        accepts: (name) => !name.endsWith('.txt'),
      }),
    judge: (content) => ({ description: 'managed certificate', ...certificateFacts(content) }),
    changes: certificateChanges,
    arrives: newCertificate,
    goes: certificateGone,
    action: (path) => ({ kind: 'cert.set', path, pem: '' }),
    upload: 'text',
    readable: false,
    replaced: 200,
  },
  {
    name: 'ssl_crt_lists',
    folder: ({ certificates }) =>
      new Folder({
        path: certificates,
        title: 'crt-list',
        mode: 0o644,
        extension: '.txt',
        accepts: (name) => name.endsWith('.txt'),
      }),
    judge: () => ({ description: 'managed crt-list' }),
    changes: crtListChanges,
    ...LOADED,
    action: (list) => ({ kind: 'crt-list.add', list, certificate: '', options: '', filters: [] }),
    upload: 'text',
    readable: true,
    replaced: 200,
  },
  {
    name: 'general',
    folder: ({ general }) =>
      new Folder({ path: general, title: 'file', mode: 0o644, extension: null, accepts: () => true }),
    judge: () => ({ description: 'managed but not loaded in the runtime' }),
    changes: none,
    ...LOADED,
    action: () => ({ kind: 'config.reload' }),
    upload: 'file',
    readable: true,
    replaced: 204,
  },
];

/** Files of SPOE filters, which have operations of their own. */
const SPOE: Area = {
  name: 'spoe',
  folder: ({ spoe }) =>
    new Folder({ path: spoe, title: 'SPOE file', mode: 0o644, extension: null, accepts: () => true }),
  judge: () => ({}),
  changes: none,
  ...LOADED,
  action: () => ({ kind: 'config.reload' }),
  upload: 'file',
  readable: true,
  replaced: 204,
};

export function areaNamed(name: AreaName): Area {
  return [...AREAS, SPOE].find((area) => area.name === name)!;
}

/** A map that is loaded gets its entries in one switch. */
async function mapChanges(balancer: Balancer, file: string, content: string): Promise<readonly Change[] | null> {
  const text = await balancer.ask(['show', 'map']).catch(() => '');
  if (!text.split('\n').some((line) => parsePatternSet(line)?.file === file)) return null;
  return [{ kind: 'map.replace', map: file, entries: mapEntries(content) }];
}

/** The entries of a map's file (manual, section 7.3.1, `map`): a key, blanks, and the rest of the line. */
function mapEntries(content: string): (readonly [string, string])[] {
  return content.split('\n').flatMap((line): (readonly [string, string])[] => {
    const [, key, value = ''] = /^\s*([^\s#]\S*)(?:\s+(.*?))?\s*$/.exec(line) ?? [];
    return key === undefined ? [] : [[key, value]];
  });
}

async function certificateChanges(
  balancer: Balancer,
  file: string,
  content: string,
): Promise<readonly Change[] | null> {
  // A Sluice finds what has changed when it reads the files again.
  if (balancer.product === 'sluice') return null;
  const loaded = await balancer.ask(['show', 'ssl', 'cert']).catch(() => '');
  return parseStores(loaded).files.has(file) ? [{ kind: 'cert.set', path: file, pem: content }] : null;
}

/** A HAProxy gets a new certificate into memory, so that lines of crt-lists can name it without a reload. */
async function newCertificate(balancer: Balancer, file: string, content: string): Promise<readonly Change[]> {
  if (balancer.product === 'sluice') return [];
  const loaded = await balancer.ask(['show', 'ssl', 'cert']).catch(() => null);
  if (loaded === null || parseStores(loaded).files.has(file)) return [];
  return [{ kind: 'cert.new', path: file, pem: content }];
}

async function certificateGone(balancer: Balancer, file: string): Promise<readonly Change[]> {
  if (balancer.product === 'sluice') return [];
  const loaded = await balancer.ask(['show', 'ssl', 'cert']).catch(() => '');
  return parseStores(loaded).files.has(file) ? [{ kind: 'cert.del', path: file }] : [];
}

/** The statement that names a file, `FILE:LINE`, or null. */
export function useOf(documents: Documents, file: string): string | null {
  for (const document of documents)
    for (const { words, number } of document.lines)
      if (words.some((word) => word === file || word.includes(`(${file})`) || word.includes(`(${file},`)))
        return `${document.name}:${number}`;
  return null;
}
