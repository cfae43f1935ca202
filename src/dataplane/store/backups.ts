import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Documents } from '../edit/sections.ts';
import type { Backups } from './files.ts';

/** Keeps the first file as it was at a version: `haproxy.cfg.7`. The oldest beyond the number that is kept go. */
export async function keepBackup(documents: Documents, backups: Backups, version: number): Promise<void> {
  const file = documents[0]!.name;
  await writeFile(backupPath(file, backups, version), documents[0]!.print(), { mode: 0o600 });
  const folder = backups.folder ?? dirname(file);
  const prefix = `${basename(file)}.`;
  const kept = (await readdir(folder))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => b - a);
  for (const old of kept.slice(backups.count)) await rm(backupPath(file, backups, old), { force: true });
}

/** The text of a version that was kept, or null. */
export async function backupText(file: string, backups: Backups, version: number): Promise<string | null> {
  return readFile(backupPath(file, backups, version), 'utf8').catch(() => null);
}

function backupPath(file: string, { folder }: Backups, version: number): string {
  return join(folder ?? dirname(file), `${basename(file)}.${version}`);
}
