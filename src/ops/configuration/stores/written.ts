import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf } from '../../../config/edit/source.ts';
import { runnerStateDir } from '../../targets/open-haproxy.ts';
import type { StoreEdit } from './drafts.ts';

/** Files that are remembered, the newest. */
const MOST = 1000;

/** Whether a file is as it was written here last: nobody else has changed it, although the load balancer has not read it anew. */
export function isOwnWriting(file: string, bytes: Buffer | null): boolean {
  return bytes !== null && remembered()[file] === hashOf(bytes);
}

/** Remembers what was written. Where that cannot be, a second writing of the same file is refused until the load balancer has read it. */
export function rememberWriting(edits: readonly StoreEdit[]): void {
  const all = new Map(Object.entries(remembered()));
  for (const { file, bytes } of edits) {
    all.delete(file);
    if (bytes !== null) all.set(file, hashOf(bytes));
  }
  try {
    mkdirSync(runnerStateDir(), { recursive: true, mode: 0o700 });
    const draft = `${path()}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(Object.fromEntries([...all].slice(-MOST))), { mode: 0o600 });
    renameSync(draft, path());
  } catch {
    // It is told when it matters.
  }
}

function path(): string {
  return join(runnerStateDir(), 'saved.json');
}

function remembered(): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(path(), 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
