import { readdirSync, readFileSync } from 'node:fs';
import { CertificateError } from '../../model/certificates/content.ts';
import { type CrtListLine, parseCrtListLine } from '../../model/certificates/crt-list-line.ts';
import { digestOf, statOrNull, systemReason } from './sources.ts';

/** Characters on one line, at most. */
const LONGEST = 65_535;

/** A crt-list as its file has it. */
export interface ReadCrtList {
  readonly lines: readonly (CrtListLine & { readonly line: number })[];
  readonly count: number;
  readonly digest: string;
}

/** Reads a crt-list file. `caBase` goes before names of CA and CRL files. Throws CertificateError. */
export function readCrtList(path: string, file: string, caBase: string | null): ReadCrtList {
  const text = readText(path, file);
  const all = text.split('\n');
  const last = all.pop()!;
  if (last !== '')
    throw new CertificateError(
      `parsing [${path}:${all.length + 1}]: Missing LF on last line, file might have been truncated at position ${last.length + 1}`,
    );
  const lines: (CrtListLine & { line: number })[] = [];
  for (const [i, line] of all.entries()) {
    const place = `${path}:${i + 1}`;
    if (line.length > LONGEST)
      throw new CertificateError(`parsing [${place}]: line too long, limit is ${LONGEST} characters`);
    const stray = line.indexOf('\0');
    if (stray >= 0) throw new CertificateError(`parsing [${place}]: Stray NUL character at position ${stray + 1}`);
    if (line.startsWith('#')) continue;
    const parsed = parseCrtListLine(line, place, caBase);
    if (parsed === null) continue;
    if ('error' in parsed) throw new CertificateError(parsed.error);
    lines.push({ ...parsed, line: i + 1 });
  }
  return { lines, count: all.length, digest: digestOf(text) };
}

function readText(path: string, file: string): string {
  try {
    return readFileSync(file).latin1Slice();
  } catch (error) {
    throw new CertificateError(`cannot open file '${path}' : ${systemReason(error)}`);
  }
}

/** The certificates of a folder, in order of their names: all files but hidden ones and those that belong beside a certificate. */
export function certificatesInFolder(path: string, folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw new CertificateError(`unable to scan directory '${path}' : ${systemReason(error)}`);
  }
  return names
    .filter((name) => !name.startsWith('.') && !/\.(issuer|ocsp|sctl|key)$/.test(name))
    .filter((name) => statOrNull(`${folder}/${name}`)?.isFile())
    .sort()
    .map((name) => `${path}/${name}`);
}
