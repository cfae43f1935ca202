import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { configuredPath } from '../../config/paths.ts';
import type { AcmeConfig, GlobalConfig } from '../../config/types.ts';
import { AcmeError } from '../../control/acme/error.ts';
import { signatureOf } from '../../control/acme/jws.ts';
import { isReadByOthers } from '../../control/certificates/sources.ts';

/** Keys of accounts by file: read once, while the process may. */
export type AccountKeys = Map<string, KeyObject | AcmeError>;

/** Reads the keys of all sections that are not known; makes those whose files are not there. Gives the files that everybody can read. */
export function readAccountKeys(
  sections: readonly AcmeConfig[],
  { defaultPath }: Pick<GlobalConfig, 'defaultPath'>,
  known: AccountKeys,
): string[] {
  const exposed = new Set<string>();
  for (const section of sections) {
    const before = known.get(section.accountKey);
    if (before !== undefined && !(before instanceof AcmeError)) continue;
    const file = configuredPath(section.accountKey, section.at.file, defaultPath);
    known.set(section.accountKey, keyOf(section, file));
    if (isReadByOthers(file)) exposed.add(file);
  }
  return [...exposed];
}

function keyOf(section: AcmeConfig, file: string): KeyObject | AcmeError {
  try {
    return readKey(file);
  } catch (error) {
    if (error instanceof AcmeError) return error;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      return new AcmeError(`the key of the account cannot be read: ${(error as Error).message}`);
  }
  const { keyType, bits, curve } = section;
  const { privateKey } =
    keyType === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: bits })
      : generateKeyPairSync('ec', { namedCurve: curve });
  try {
    writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    // An account whose key is lost cannot be used again.
    return new AcmeError(`the key of the account cannot be made: ${(error as Error).message}`);
  }
  return privateKey;
}

function readKey(file: string): KeyObject {
  const text = readFileSync(file);
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch {
    throw new AcmeError(`not a private key in PEM: '${file}'`);
  }
  if (signatureOf(key) === null) throw new AcmeError(`a key of a kind that ACME does not know: '${file}'`);
  return key;
}
