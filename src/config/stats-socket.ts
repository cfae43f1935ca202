/** The control socket is safe by default: who can reach it can change everything. */

import { formatAddress } from './address.ts';
import type { Context } from './line.ts';
import type { Address, BindConfig } from './types.ts';

/** Set to 1, in the environment or by `setenv`, it allows what is refused below. */
const OVERRIDE = 'SLUICE_ALLOW_REMOTE_CONTROL';

/** Refuses sockets that strangers could command, warns of those that are most likely a mistake. */
export function checkStatsSockets({ config, diagnostics, env }: Context): void {
  const seen = new Map<string, BindConfig>();
  for (const socket of config.global.statsSockets) {
    const address = formatAddress(socket.address);
    const certified = socket.tls?.options.verify === 'required';
    for (const text of tlsProblems(socket)) diagnostics.alert(socket.at, `'stats socket' : ${text}`);
    if (isRemote(socket.address) && !certified && socket.level !== 'user' && env.get(OVERRIDE) !== '1') {
      diagnostics.alert(
        socket.at,
        `'stats socket' : level ${socket.level} on '${address}' can be reached by others without authentication. Use a loopback address, a unix socket, 'level user', or 'ssl ... verify required'; to allow it all the same, set ${OVERRIDE} to 1 in the environment.`,
      );
    }
    const twin = seen.get(address);
    if (twin !== undefined) {
      diagnostics.warning(
        socket.at,
        `'stats socket' : '${address}' was already given at ${twin.at.file}:${twin.at.line}; only one of the two can work.`,
      );
    }
    seen.set(address, socket);
    if (socket.address.family === 'unix' && socket.mode !== null && (socket.mode & 0o002) !== 0) {
      diagnostics.warning(
        socket.at,
        `'stats socket' : mode ${socket.mode.toString(8)} lets every user of this machine write to '${address}'; use a group and mode 660.`,
      );
    }
  }
}

/** What is missing for TLS on a control socket. */
function tlsProblems({ tls, exposeFdListeners }: BindConfig): string[] {
  if (tls === null) return [];
  const problems: string[] = [];
  if (tls.crts.length !== 1) problems.push("'ssl' needs one 'crt': a file with certificate, chain and key.");
  const { verify, caFile } = tls.options;
  if (verify !== null && verify !== 'none' && caFile === null)
    problems.push(`'verify ${verify}' needs a 'ca-file': the authorities whose certificates let clients in.`);
  if (exposeFdListeners) problems.push("'expose-fd listeners' cannot be combined with 'ssl'.");
  return problems;
}

function isRemote(address: Address): boolean {
  if (address.family === 'inet') return !address.host.startsWith('127.');
  if (address.family === 'inet6') return address.host !== '::1';
  return address.family === 'name' && address.host !== 'localhost';
}
