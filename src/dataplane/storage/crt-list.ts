/** Lines of a stored crt-list, and how a running HAProxy gets others without a reload. */

import { readFile } from 'node:fs/promises';
import type { Change } from '../../change/change.ts';
import { type CrtListEntry, parseCrtList, parseStores } from '../../client/parse/certificates.ts';
import type { Balancer } from '../balancer/balancer.ts';

/** A line of a crt-list as the API has it. */
export interface StoredEntry {
  readonly file: string;
  readonly ssl_bind_config?: string;
  readonly sni_filter?: readonly string[];
  /** From 1. */
  readonly line_number: number;
}

/** `cert.pem [alpn h2] *.example.com !www.example.com` (manual, section 5.1, "crt-list"). */
export function storedEntries(text: string): StoredEntry[] {
  return text.split('\n').flatMap((line, i): StoredEntry[] => {
    const found = /^\s*([^\s#]\S*)(?:\s+\[([^\]]*)\])?(.*)$/.exec(line);
    if (found === null) return [];
    const filters = found[3]!.trim().split(/\s+/).filter(Boolean);
    return [
      {
        file: found[1]!,
        ...(found[2] === undefined ? {} : { ssl_bind_config: found[2] }),
        ...(filters.length === 0 ? {} : { sni_filter: filters }),
        line_number: i + 1,
      },
    ];
  });
}

/** Lines that are changed live at most; more are a matter of a reload. */
const MOST_LIVE = 200;

/**
 * The Changes that give a running HAProxy another content of a crt-list: lines taken out, and lines added at the end, with their
 * certificates where it does not have them. null: it does not have the list, or the order is another one, or too much is.
 */
export async function crtListChanges(
  balancer: Balancer,
  file: string,
  content: string,
): Promise<readonly Change[] | null> {
  // A Sluice finds what has changed when it reads the files again.
  if (balancer.product === 'sluice') return null;
  const ask = (...words: string[]) => balancer.ask(['show', 'ssl', ...words]).catch(() => '');
  if (!(await ask('crt-list')).split('\n').includes(file)) return null;
  const gone: CrtListEntry[] = [];
  const wanted = storedEntries(content);
  let kept = 0;
  for (const entry of parseCrtList(await ask('crt-list', '-n', file)))
    if (kept < wanted.length && isSame(entry, wanted[kept]!)) kept++;
    else gone.push(entry);
  const added = wanted.slice(kept);
  if (gone.length + added.length > MOST_LIVE) return null;
  const certificates = await newCertificates(added, await ask('cert'));
  if (certificates === null) return null;
  return [
    ...certificates,
    ...added.map(
      (entry): Change => ({
        ...{ kind: 'crt-list.add', list: file, certificate: entry.file, filters: entry.sni_filter ?? [] },
        options: entry.ssl_bind_config === undefined ? '' : `[${entry.ssl_bind_config}]`,
      }),
    ),
    ...gone.map(({ file: certificate, line }): Change => ({ kind: 'crt-list.del', list: file, certificate, line })),
  ];
}

function isSame(
  entry: CrtListEntry,
  { file, ssl_bind_config: options, sni_filter: filters = [] }: StoredEntry,
): boolean {
  const words = (text: string | null | undefined) => (text ?? '').trim().split(/\s+/).join(' ');
  return (
    entry.file === file &&
    words(entry.options) === words(options) &&
    entry.filters.join(' ').toLowerCase() === filters.join(' ').toLowerCase()
  );
}

/** The certificates that the process does not have yet; null when one cannot be read. */
async function newCertificates(entries: readonly StoredEntry[], loaded: string): Promise<Change[] | null> {
  const known = parseStores(loaded).files;
  const paths = new Set(entries.map(({ file }) => file).filter((file) => !known.has(file)));
  const changes: Change[] = [];
  for (const path of paths) {
    const pem = await readFile(path, 'utf8').catch(() => null);
    if (pem === null) return null;
    changes.push({ kind: 'cert.new', path, pem });
  }
  return changes;
}
