import { spawn } from 'node:child_process';
import { isSea } from 'node:sea';
import { addressText, parseAddress } from '../../client/address.ts';
import { hasAgent } from '../../ops/agent/lock.ts';
import { runnerStateDir } from '../../ops/targets/open-haproxy.ts';

/** Starts `sluice leases keep` in a session of its own, which outlives this command; nothing where an agent does the same. */
export function startLeaseKeeper(target: string): void {
  if (hasAgent(runnerStateDir(), addressText(parseAddress(target)))) return;
  const words = ['leases', 'keep', '--quiet', '--target', target];
  // The single executable has its flags and its program within.
  const args = isSea() ? words : [...process.execArgv, process.argv[1]!, ...words];
  // It works for the machine, not for who started it: behind sudo his target was looked at, and his name is not its own.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SUDO_')));
  spawn(process.execPath, args, { detached: true, stdio: 'ignore', cwd: '/', env }).unref();
}
