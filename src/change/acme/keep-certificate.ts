import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isPrivateKey, pemBlocks } from '../../model/certificates/pem.ts';

/**
 * Writes a certificate and its key to their file, or to one each, so that at any time the old or the new content is there. Nobody but the
 * owner can read it. Resolves to why that could not be done, or null.
 */
export async function keepCertificate(pem: string, file: string, keyFile: string | null): Promise<string | null> {
  const blocks = pemBlocks(pem);
  const textOf = (wanted: boolean) =>
    blocks
      .filter((block) => isPrivateKey(block) === wanted)
      .map(({ text }) => text)
      .join('');
  try {
    // A certificate without its key would keep the next start from coming up: the key comes first.
    if (keyFile !== null) await replace(keyFile, textOf(true));
    await replace(file, keyFile === null ? pem : textOf(false));
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

async function replace(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
