import { configuredPath } from '../../config/paths.ts';
import type { Config, Diagnostic } from '../../config/types.ts';
import { CertificateError } from '../../model/certificates/content.ts';
import { children, DerError, expectDer, readDer, TAG } from '../../model/certificates/der.ts';
import { derOf, pemBlocks } from '../../model/certificates/pem.ts';
import { readSource } from './sources.ts';

/** Shorter primes are taken by no library, bytes. */
const SHORTEST = 64;

/** The parameters in `ssl-dh-param-file`, PEM; null without it. The problem in HAProxy's words. */
export function readDhParams({ global }: Config): {
  readonly params: string | null;
  readonly problem: Diagnostic | null;
} {
  const path = global.tls.dhParamFile;
  if (path === null) return { params: null, problem: null };
  const at = global.at['ssl-dh-param-file'] ?? null;
  const params = paramsIn(configuredPath(path, at?.file ?? '', global.defaultPath));
  if (params !== null) return { params, problem: null };
  const text = `'ssl-dh-param-file': unable to load DH parameters from file <${path}>.`;
  return { params, problem: { severity: 'alert', at, text } };
}

function paramsIn(file: string): string | null {
  try {
    const block = pemBlocks(readSource(file).latin1Slice()).find(({ label }) => label === 'DH PARAMETERS');
    if (block === undefined) return null;
    // Prime and generator (PKCS #3).
    const [prime, generator] = children(expectDer(readDer(derOf(block.text)), TAG.sequence));
    const isLong = expectDer(prime, TAG.integer).content.length >= SHORTEST;
    return isLong && expectDer(generator, TAG.integer).content.length > 0 ? block.text : null;
  } catch (error) {
    if (error instanceof CertificateError || error instanceof DerError) return null;
    throw error;
  }
}
