import { readFileSync } from 'node:fs';
import { DataPlane, DataPlaneError } from '../../dataplane-client/index.ts';
import { OperationError } from '../errors.ts';
import type { ServiceLogin } from '../service-address.ts';

/** A client for it. What the file of targets does not say is in SLUICE_API_USER, SLUICE_API_PASSWORD (or _FILE) and SLUICE_API_CA. Throws OperationError. */
export function openService(word: string, { user, passwordFile, ca }: ServiceLogin = {}): DataPlane {
  const address = word.replace(/^api:/, '');
  if (/^\w+:\/\/[^/@]*:[^/@]*@/.test(address))
    throw new OperationError(
      'usage',
      'a password does not belong into an address: set SLUICE_API_PASSWORD or SLUICE_API_PASSWORD_FILE',
    );
  const { SLUICE_API_USER, SLUICE_API_PASSWORD, SLUICE_API_PASSWORD_FILE, SLUICE_API_CA } = process.env;
  const file = passwordFile ?? SLUICE_API_PASSWORD_FILE;
  const password = file === undefined ? SLUICE_API_PASSWORD : content(file).split(/\r?\n/)[0];
  const authorities = ca ?? SLUICE_API_CA;
  const name = user ?? SLUICE_API_USER;
  try {
    return new DataPlane(address, {
      ...(name === undefined ? {} : { user: name }),
      ...(password === undefined ? {} : { password }),
      ...(authorities === undefined ? {} : { tls: { ca: content(authorities) } }),
    });
  } catch (error) {
    if (error instanceof DataPlaneError) throw new OperationError('usage', error.message);
    throw error;
  }
}

function content(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new OperationError('failed', `it cannot be read (${(error as NodeJS.ErrnoException).code}): ${path}`);
  }
}
