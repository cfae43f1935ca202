import { chmodSync, lchownSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Owner } from './database.ts';
import { folderStore, type KeptStore } from './kept-store.ts';

/** The journal's files in a state folder. */
export function journalPath(stateDir: string): string {
  return join(stateDir, 'journal.db');
}

/**
 * Makes the state folder if need be, for its owner alone (0700), and gives it and what is in it to `owner`, the user that the process
 * becomes. Must run with the rights to do so. Throws the file system's error, or an Error when something else has that name.
 */
export function prepareStateDir(stateDir: string, owner: Owner): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const { uid } = lstatSync(stateDir);
  const self = process.geteuid!();
  if (self !== 0 && self !== uid) return;
  chmodSync(stateDir, 0o700);
  if (owner === null || self !== 0) return;
  for (const folder of [stateDir, secretsPath(stateDir)]) {
    if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) continue;
    for (const name of ['', ...readdirSync(folder)]) {
      // Not what a link points to: that may be anybody's.
      lchownSync(join(folder, name), owner.uid, owner.gid);
    }
  }
}

/** Where keys are kept that the journal only refers to. */
export function secretsIn(stateDir: string, owner: Owner): KeptStore {
  return folderStore(secretsPath(stateDir), owner);
}

function secretsPath(stateDir: string): string {
  return join(stateDir, 'secrets');
}

/**
 * Where state is kept unless told: `$STATE_DIRECTORY` (systemd.exec(5)), `/var/lib/sluice` for root, else `sluice` in the user's
 * folder for state (XDG Base Directory).
 */
export function defaultStateDir(): string {
  const given = process.env['STATE_DIRECTORY']?.split(':')[0];
  if (given) return given;
  if (process.geteuid!() === 0) return '/var/lib/sluice';
  return join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local/state'), 'sluice');
}
