import { lstat } from 'node:fs/promises';

/** What stands in a folder for transactions is believed: it must not be somebody else's. Rejects with an Error for operators. */
export async function checkOwner(folder: string): Promise<void> {
  const found = await lstat(folder).catch(() => null);
  if (found === null) return;
  const own = found.isDirectory() && found.uid === process.getuid!() && (found.mode & 0o022) === 0;
  if (!own)
    throw new Error(`${folder} is for transactions, and others can write to it, or it is not this user's folder`);
}
