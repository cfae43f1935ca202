import type { Address, Config, Diagnostic, ForwardTargetConfig } from '../../config/types.ts';
import { abstractName, libcProblem } from '../../util/libc.ts';
import { lookupHost } from '../../util/lookup.ts';

type NamedAddress = Extract<Address, { readonly family: 'name' }>;

/** Host names of log targets and log servers (`hostKey`) with the addresses that they had when the configuration was read. */
export type HostAddresses = ReadonlyMap<string, string>;

/** Key of a host name in `HostAddresses`: `ipv6@` may ask for another address than `ipv4@`. */
export function hostKey(address: NamedAddress): string {
  return `${address.prefer}@${address.host}`;
}

/** Path of a unix socket as the system calls take it: abstract names start with NUL. */
export function socketPath(address: Extract<Address, { readonly path: string }>): string {
  if (address.family === 'unix') return address.path;
  return abstractName(address.short ? 'abnsz' : 'abns', address.path);
}

/** What must be known and right before a configuration's logs can work. */
export interface PreparedLogs {
  readonly addresses: HostAddresses;
  /** In HAProxy's words; with an alert the configuration cannot be used, with a warning some lines will be lost. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Resolves the host names of log targets and ring servers by the system's resolver, and checks that named rings exist. */
export async function prepareLogs(config: Config, lookup: typeof lookupHost = lookupHost): Promise<PreparedLogs> {
  const addresses = new Map<string, string>();
  const diagnostics: Diagnostic[] = unixWarning(config);
  const resolve = async (address: Address): Promise<boolean> => {
    if (address.family !== 'name' || addresses.has(hostKey(address))) return true;
    const found = await lookup(address.host, address.prefer);
    if (found !== null) addresses.set(hostKey(address), found);
    return found !== null;
  };
  for (const { target, owner } of allTargets(config)) {
    const address = target.target;
    if (address.family === 'stdout' || address.family === 'stderr') continue;
    if (!(await resolve(address))) {
      diagnostics.push({ severity: 'alert', at: target.at, text: `log : invalid address: ${unresolved(address)}` });
    }
    const problem = targetProblem(config, address);
    if (problem !== null) {
      const where = `declared in ${owner === null ? '' : `proxy section '${owner}' in `}file '${target.at.file}' at line ${target.at.line}`;
      const text = `${owner === null ? 'global ' : ''}log server ${where} ${problem}.`;
      diagnostics.push({ severity: 'alert', at: null, text });
    }
  }
  for (const ring of config.rings) {
    for (const { address, at, name, tls } of ring.servers) {
      const alert = (text: string) => {
        diagnostics.push({ severity: 'alert', at, form: 'server', text: `'server ${ring.name}/${name}' : ${text}` });
      };
      if (!(await resolve(address))) alert(`invalid address: ${unresolved(address)}`);
      if (address.family === 'fd' || address.family === 'ring')
        alert(`'${address.family}@' is no address of a log server.`);
      if (tls?.on === true) alert("'ssl' is not supported for the servers of a ring.");
    }
  }
  return { addresses, diagnostics };
}

function* allTargets(
  config: Config,
): Generator<{ readonly target: ForwardTargetConfig; readonly owner: string | null }> {
  for (const target of config.global.logs) yield { target, owner: null };
  for (const proxy of config.proxies) {
    // Those taken over by `log global` have been told about.
    for (const target of proxy.logs) if (!config.global.logs.includes(target)) yield { target, owner: proxy.name };
  }
  for (const section of config.logForwards) for (const target of section.logs) yield { target, owner: section.name };
}

function unresolved(address: Address): string {
  if (address.family !== 'name') return '';
  return `'${address.host}' in '${address.host}${address.port === 0 ? '' : `:${address.port}`}'`;
}

function targetProblem(config: Config, address: Address): string | null {
  if (address.family === 'ring') {
    if (address.name === 'stdout' || address.name === 'stderr') return `uses incompatible ring '${address.name}'`;
    const known =
      address.name === 'buf0' || address.name === 'dpapi' || config.rings.some(({ name }) => name === address.name);
    return known ? null : `uses unknown ring named '${address.name}'`;
  }
  return null;
}

/** Lines to unix sockets are lost where the C library cannot be called: told once, for the first such target. */
function unixWarning(config: Config): Diagnostic[] {
  const problem = libcProblem();
  if (problem === null) return [];
  for (const { target } of allTargets(config)) {
    const { family } = target.target;
    if (family !== 'unix' && family !== 'abns') continue;
    return [{ severity: 'warning', at: target.at, text: `log lines are not sent to unix sockets: ${problem}.` }];
  }
  return [];
}
