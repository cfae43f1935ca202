import { readFileSync } from 'node:fs';
import { addressText, parseAddress } from '../client/address.ts';
import { connect, type RuntimeClient, type TlsOptions } from '../client/index.ts';
import { OperationError } from './errors.ts';
import { isServiceAddress } from './service-address.ts';
import { type NamedTarget, namedTargets } from './targets/targets-file.ts';

/**
 * Connects to the Runtime API at an address, by TLS where the file of targets says so of it. Rejects with a RuntimeClientError, or an
 * OperationError `failed` when a file cannot be read.
 */
export async function connectTarget(address: string): Promise<RuntimeClient> {
  const endpoint = parseAddress(address);
  // Nobody puts TLS between processes of one machine.
  if ('path' in endpoint) return connect(address);
  const text = addressText(endpoint);
  const named = namedTargets().find(
    (target) => target.tls && !isServiceAddress(target.address) && addressText(parseAddress(target.address)) === text,
  );
  return connect(address, named === undefined ? {} : { tls: tlsOptions(named) });
}

function tlsOptions({ ca, cert, key, servername }: NamedTarget): TlsOptions {
  return {
    ...(ca === undefined ? {} : { ca: content(ca) }),
    ...(cert === undefined ? {} : { cert: content(cert) }),
    ...(key === undefined ? {} : { key: content(key) }),
    ...(servername === undefined ? {} : { servername }),
  };
}

function content(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new OperationError('failed', `it cannot be read (${(error as NodeJS.ErrnoException).code}): ${path}`);
  }
}
