import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Journal } from '../../../src/change/journal/journal.ts';
import { memoryJournal } from '../../../src/change/journal/memory.ts';
import { newOperationId } from '../../../src/change/operation-id.ts';
import { connect } from '../../../src/client/connect.ts';
import type { Meta } from '../../../src/ops/target.ts';
import { type HaproxyTarget, openHaproxy } from '../../../src/ops/targets/haproxy.ts';
import type { Scope } from '../../support/wait.ts';

/** Debian's, 2.6. */
export const HAPROXY = '/usr/sbin/haproxy';

/** An empty folder, removed at the end of the scope. */
export function folder(scope: Scope): string {
  const made = mkdtempSync(join(tmpdir(), 'target-'));
  scope.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** The HAProxy behind a socket as a target, closed at the end of the scope. */
export async function target(
  scope: Scope,
  address: string,
  { journal = memoryJournal(), state = folder(scope) }: { journal?: Journal; state?: string } = {},
): Promise<HaproxyTarget & { journal: Journal }> {
  const client = await connect(address, { reconnect: 500 });
  const opened = await openHaproxy({
    name: 'lb1',
    address,
    client,
    journal,
    folder: state,
    actor: { name: 'tester', uid: 0, pid: process.pid, sudoUser: null },
  });
  scope.after(() => opened.close());
  return { ...opened, journal };
}

/** What is recorded with an operation of its own. */
export function meta(title = 'a test', more: Partial<Meta> = {}): Meta {
  return { operation: newOperationId(), title, ...more };
}

/** A self-signed certificate with its key, made by openssl. */
export function pem(scope: Scope, name: string): string {
  const dir = folder(scope);
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', `/CN=${name}`];
  execFileSync('openssl', [...args, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return readFileSync(cert, 'utf8') + readFileSync(key, 'utf8');
}
