import { readFile, stat } from 'node:fs/promises';

const MOST_BYTES = 1 << 20;

/** The PEM file of that path on this machine, with its key when that stands beside it (`.key`); null when there is none to be read. */
export async function readOwnPem(path: string): Promise<string | null> {
  if (!path.startsWith('/')) return null;
  const text = await read(path);
  if (text === null || text.includes('PRIVATE KEY-----')) return text;
  const key = (await read(`${path}.key`)) ?? (await read(path.replace(/\.[^./]+$/, '.key')));
  return key === null ? text : `${text}\n${key}`;
}

async function read(path: string): Promise<string | null> {
  try {
    const about = await stat(path);
    return about.isFile() && about.size <= MOST_BYTES ? await readFile(path, 'utf8') : null;
  } catch {
    return null;
  }
}
