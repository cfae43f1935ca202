import { type RuntimeAddress, runtimeCommand } from '../runtime/client.ts';
import { OperationError } from './errors.ts';
import type { Target } from './target.ts';
import { sluiceTarget } from './targets/sluice.ts';

/** Connects to the load balancer that is meant. Throws OperationError `unreachable`, or a RuntimeClientError. */
export async function openTarget(given: string | null): Promise<Target> {
  const name = given ?? process.env['SLUICE_TARGET'] ?? null;
  if (name === null)
    throw new OperationError(
      'unreachable',
      'which load balancer is meant is not said; name its socket with --target or SLUICE_TARGET',
    );
  const address = addressOf(name);
  const ask = (words: readonly string[], payload?: string) => runtimeCommand(address, words, payload ?? null);
  const version = (await ask(['show', 'version'])).text.trim();
  return sluiceTarget(name, version, ask, async () => undefined);
}

function addressOf(name: string): RuntimeAddress {
  const [, host, port] = /^tcp:(.+):(\d+)$/.exec(name) ?? [];
  return host === undefined ? { path: name.replace(/^unix:/, '') } : { host, port: Number(port) };
}
