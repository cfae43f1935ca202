import { readFileSync, readlinkSync } from 'node:fs';
import type { ProcessFacts } from './discover.ts';

/** What /proc tells of a process of this machine; null when there is no such process (proc(5)). */
export function processFacts(pid: number): ProcessFacts | null {
  const path = (name: string) => `/proc/${pid}/${name}`;
  const status = attempt(() => readFileSync(path('status'), 'utf8'));
  if (status === '') return null;
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  return {
    pid,
    parent: Number(field('PPid')),
    argv: attempt(() => readFileSync(path('cmdline'), 'utf8'))
      .split('\0')
      .slice(0, -1),
    exe: attempt(() => readlinkSync(path('exe'))),
    cwd: attempt(() => readlinkSync(path('cwd'))) || '/',
    cgroup: /^0::(.*)$/m.exec(attempt(() => readFileSync(path('cgroup'), 'utf8')))?.[1] ?? '',
    namespacePids: field('NSpid')
      .split(/\s+/)
      .filter((word) => word !== '')
      .map(Number),
  };
}

/** What is read, '' when it is not there or may not be read. */
function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
