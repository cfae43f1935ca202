import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { arch, cpus, machine, release, totalmem, type, version } from 'node:os';
import { getHeapSpaceStatistics } from 'node:v8';
import { HAPROXY_VERSION, SLUICE_VERSION } from '../../util/version.ts';
import { openFilesLimit } from '../info/values.ts';

/** An open descriptor: its number and what the system says it is. */
export interface OpenFile {
  readonly fd: number;
  readonly target: string;
}

/** The descriptors of the process, by number; none where the system does not list them. */
export function openFiles(): OpenFile[] {
  const files: OpenFile[] = [];
  for (const name of list('/proc/self/fd')) {
    try {
      files.push({ fd: Number(name), target: readlinkSync(`/proc/self/fd/${name}`) });
    } catch {
      // It was closed meanwhile.
    }
  }
  return files.sort((a, b) => a.fd - b.fd);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Shared objects mapped into the process, with the address of their first mapping. */
export function sharedObjects(): { readonly address: string; readonly path: string }[] {
  const found = new Map<string, string>();
  for (const line of read('/proc/self/maps').split('\n')) {
    const match = /^([0-9a-f]+)-[0-9a-f]+ \S+ \S+ \S+ \S+\s+(\/.*)$/.exec(line);
    if (match && !found.has(match[2]!)) found.set(match[2]!, match[1]!);
  }
  return [...found].map(([path, address]) => ({ address: `0x${address.padStart(16, '0')}`, path }));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** A space of the control thread's heap, sizes in bytes. */
export interface MemoryPool {
  readonly name: string;
  readonly allocated: number;
  readonly used: number;
}

/** The spaces of the control thread's heap, and what lies outside of it. */
export function memoryPools(): MemoryPool[] {
  const { external, arrayBuffers } = process.memoryUsage();
  return [
    ...getHeapSpaceStatistics().map((space) => ({
      name: space.space_name,
      allocated: space.space_size,
      used: space.space_used_size,
    })),
    { name: 'external', allocated: external, used: external },
    { name: 'array_buffers', allocated: arrayBuffers, used: arrayBuffers },
  ];
}

/** Facts for whoever helps with a problem, in sections. */
export function platformFacts(): readonly (readonly [
  section: string,
  facts: readonly (readonly [string, string])[],
])[] {
  const cores = cpus();
  return [
    [
      'Features',
      [
        ['version', HAPROXY_VERSION],
        ['sluice', SLUICE_VERSION],
        ['node', process.versions.node],
        ['v8', process.versions.v8],
        ['openssl', process.versions.openssl],
      ],
    ],
    [
      'Running OS',
      [
        ['OS name', type()],
        ['OS release', release()],
        ['OS version', version()],
        ['OS architecture', machine()],
      ],
    ],
    [
      'Platform',
      [
        ['CPU model', cores[0]?.model ?? 'unknown'],
        ['CPU cores', String(cores.length)],
        ['architecture', arch()],
        ['memory', `${Math.round(totalmem() / 1048576)} MB`],
      ],
    ],
    [
      'Process',
      [
        ['pid', String(process.pid)],
        ['uid', String(process.getuid?.() ?? -1)],
        ['gid', String(process.getgid?.() ?? -1)],
        ['open files limit', String(openFilesLimit())],
        ['arguments', process.argv.slice(2).join(' ')],
      ],
    ],
  ];
}
