import { readPem } from '../../model/certificates/content.ts';
import { certIdOfContent } from '../../model/certificates/ocsp.ts';
import { readOwnPem } from './cert-file.ts';
import type { Live } from './live.ts';

/** Files that are looked at: each is read. */
const MOST = 1000;

/** The certificate that an OCSP response is for, by its id (hex), among the files of HAProxy's certificates on this machine; null: it is none of them. */
export async function certificateOfResponse(id: string, live: Live): Promise<string | null> {
  const lines = (await live.ask('show', 'ssl', 'cert')).text.split('\n');
  for (const path of lines.filter((line) => line.startsWith('/')).slice(0, MOST)) {
    const pem = await readOwnPem(path);
    if (pem !== null && idOfPem(pem, path) === id) return path;
  }
  return null;
}

function idOfPem(pem: string, path: string): string | null {
  try {
    return certIdOfContent(readPem(pem, path))?.toString('hex') ?? null;
  } catch {
    return null;
  }
}
