/** Asks the installed HAProxy whether it accepts a configuration. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Document } from '../../src/config/document.ts';

const PROGRAM = '/usr/sbin/haproxy';

/** Whether there is one here. */
export const haveHaproxy: boolean = spawnSync(PROGRAM, ['-v']).status === 0;

/** What HAProxy says of a configuration; empty when it accepts it. `env`: NAME=value lines. */
export function haproxyRefusal(documents: readonly Document[], env = ''): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-haproxy-'));
  try {
    const files = documents.map((document) => join(folder, document.name));
    for (const [i, document] of documents.entries()) writeFileSync(files[i]!, document.print());
    const more = env.split('\n').filter(Boolean);
    const result = spawnSync(PROGRAM, ['-c', '-L', 'here', ...files.flatMap((file) => ['-f', file])], {
      encoding: 'utf8',
      env: { ...process.env, ...Object.fromEntries(more.map((line) => line.split(/=(.*)/s).slice(0, 2))) },
    });
    return result.status === 0 ? '' : result.stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
