import { lstatSync } from 'node:fs';
import { addressText, parseAddress } from '../client/address.ts';
import { connect, type RuntimeClient, RuntimeClientError } from '../client/index.ts';
import { sudoUser } from '../util/sudo.ts';
import { connectTarget } from './connect-target.ts';
import { OperationError } from './errors.ts';
import { isServiceAddress, serviceText } from './service-address.ts';
import { isTrustedPlace, sudoTarget } from './sudo-targets.ts';
import type { Target } from './target.ts';
import { sluiceTarget } from './targets/sluice.ts';
import { type NamedTarget, targetsNamed } from './targets/targets-file.ts';

/** Where packages and examples put the socket. */
const USUAL = [
  '/run/sluice/admin.sock',
  '/run/haproxy/admin.sock',
  '/run/haproxy.sock',
  '/run/haproxy/haproxy.sock',
  '/var/lib/haproxy/stats',
  '/tmp/haproxy.sock',
  '/tmp/sluice.sock',
];

/**
 * Connects to the load balancer that is meant: by its name in the file of targets or its socket, by SLUICE_TARGET, else the only one that
 * answers at a usual place; behind sudo, one that root has listed. Throws OperationError `unreachable` or `denied`, or a RuntimeClientError.
 */
export async function openTarget(given: string | null): Promise<Target> {
  const user = sudoUser();
  const wanted = user === null ? (given ?? process.env['SLUICE_TARGET'] ?? null) : sudoTarget(given, user);
  if (wanted === null) return openUsual();
  const named = isAddress(wanted) ? null : nameOf(wanted);
  const address = named?.address ?? wanted;
  if (isServiceAddress(address)) return openServiceTarget(address, named);
  return targetOf(address, await connectTarget(address), named);
}

/** The one load balancer that is meant by a name. */
function nameOf(name: string): NamedTarget {
  const [found, ...others] = targetsNamed(name);
  if (others.length === 0) return found!;
  throw new OperationError(
    'usage',
    `'${name}' is a group of ${others.length + 1} load balancers, and one is wanted here`,
  );
}

/** The load balancers that are meant by sockets, names and groups of the file of targets: names or addresses, each once, in their order. */
export function targetsMeant(words: readonly string[]): readonly string[] {
  const meant = words.flatMap((word) =>
    isAddress(word)
      ? [{ name: word, address: word }]
      : targetsNamed(word).map(({ name, address }) => ({ name, address })),
  );
  const byAddress = new Map<string, string>();
  for (const { name, address } of meant) {
    const text = isServiceAddress(address) ? serviceText(address) : addressText(parseAddress(address));
    if (!byAddress.has(text)) byAddress.set(text, name);
  }
  return [...byAddress.values()];
}

function isAddress(word: string): boolean {
  return /[/:]/.test(word);
}

async function openServiceTarget(address: string, named: NamedTarget | null): Promise<Target> {
  const [{ dataPlaneTarget }, { openService }] = await Promise.all([
    import('./targets/data-plane.ts'),
    import('./targets/open-service.ts'),
  ]);
  const api = openService(address, named ?? {});
  const target = await dataPlaneTarget(named?.name ?? serviceText(address), api);
  return Object.assign(target, { minUsable: named?.minUsable ?? null });
}

async function targetOf(address: string, client: RuntimeClient, named: NamedTarget | null): Promise<Target> {
  const told = { minUsable: named?.minUsable ?? null, configured: named ?? {} };
  if (client.product === 'sluice') return Object.assign(sluiceTarget(named?.name ?? address, client), told);
  // Each product loads what it needs.
  const { openHaproxyTarget } = await import('./targets/open-haproxy.ts');
  // However it was written or named: what is recorded of it is found again.
  const text = addressText(parseAddress(address));
  return Object.assign(await openHaproxyTarget(text, text, client), told);
}

async function openUsual(): Promise<Target> {
  const there = USUAL.filter((path) => isTrustedPlace(path) && isSocket(path));
  const tried = await Promise.allSettled(there.map((path) => connect(path)));
  const open = tried.flatMap((result, i) =>
    result.status === 'fulfilled' ? [{ path: there[i]!, client: result.value }] : [],
  );
  if (open.length === 1) return targetOf(open[0]!.path, open[0]!.client, null);
  for (const { client } of open) client.close();
  throw new OperationError(
    'unreachable',
    `${whyNotOne(
      there,
      tried,
      open.map(({ path }) => path),
    )}; name one with --target or SLUICE_TARGET`,
  );
}

function whyNotOne(
  there: readonly string[],
  tried: readonly PromiseSettledResult<unknown>[],
  open: readonly string[],
): string {
  if (open.length > 1) return `several load balancers answer: ${open.join(', ')}`;
  const reasons = tried.flatMap((result) => (result.status === 'rejected' ? [reasonOf(result.reason)] : []));
  if (there.length > 0) return `no load balancer answers: ${reasons.join('; ')}`;
  return `no socket is at a usual place (${USUAL.join(', ')})`;
}

function reasonOf(error: unknown): string {
  return error instanceof RuntimeClientError ? error.message : String(error);
}

function isSocket(path: string): boolean {
  try {
    return lstatSync(path).isSocket();
  } catch {
    return false;
  }
}
