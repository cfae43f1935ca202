import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { operationsWork } from './real.ts';

const program = '/usr/sbin/haproxy';

if (existsSync(program)) {
  // Where the journal of what is done to HAProxys is kept.
  const folder = mkdtempSync(join(tmpdir(), 'sluice-state-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  process.env['STATE_DIRECTORY'] = folder;
  operationsWork('HAProxy', { program });
}
