import { spawn } from 'node:child_process';
import { isSea } from 'node:sea';

/** Starts `sluice leases keep` in a session of its own, which outlives this command. */
export function startLeaseKeeper(target: string): void {
  const words = ['leases', 'keep', '--quiet', '--target', target];
  // The single executable has its flags and its program within.
  const args = isSea() ? words : [...process.execArgv, process.argv[1]!, ...words];
  spawn(process.execPath, args, { detached: true, stdio: 'ignore', cwd: '/' }).unref();
}
