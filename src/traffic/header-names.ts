import type { GlobalConfig } from '../config/types.ts';
import type { Head } from './h1/head.ts';

/** What becomes of request fields whose names have other characters than letters, digits and '-' (`option http-restrict-req-hdr-names`). */
export type NamePolicy = 'preserve' | 'delete' | 'reject';

/** The policy that a proxy's options say. */
export function namePolicy(options: readonly string[]): NamePolicy {
  if (options.includes('http-restrict-req-hdr-names reject')) return 'reject';
  return options.includes('http-restrict-req-hdr-names delete') ? 'delete' : 'preserve';
}

/** Applies the policy to a request; false when the request is to be rejected. */
export function restrictNames(head: Head, policy: NamePolicy): boolean {
  for (let i = 0; i < head.count; i++) {
    const name = head.headerName(i);
    if (!/[^a-zA-Z0-9-]/.test(name)) continue;
    if (policy === 'reject') return false;
    head.removeAt(i);
  }
  return true;
}

/** Names of fields, by their lower-case form, as peers that heed case want them (`h1-case-adjust`, `h1-case-adjust-file`). */
export type NameCases = ReadonlyMap<string, string>;

/** Reads the names. `readFile`: a file's text, null when it cannot be read. Problems come back as texts for operators. */
export function nameCases(
  global: GlobalConfig,
  readFile: (path: string) => string | null,
): { cases: NameCases; problems: string[] } {
  const cases = new Map<string, string>();
  const problems: string[] = [];
  const add = (from: string, to: string) => {
    if (from.toLowerCase() !== from) problems.push(`h1-case-adjust : '${from}' must not contain upper case characters`);
    else if (to.toLowerCase() !== from)
      problems.push(`h1-case-adjust : '${from}' and '${to}' must be the same but for case`);
    else cases.set(from, to);
  };
  for (const { words } of global.other['h1-case-adjust'] ?? []) add(words[0] ?? '', words[1] ?? '');
  for (const { words } of global.other['h1-case-adjust-file'] ?? []) {
    const text = readFile(words[0] ?? '');
    if (text === null) problems.push(`h1-case-adjust-file : cannot read '${words[0] ?? ''}'`);
    for (const line of (text ?? '').split('\n')) {
      const [from, to] = line.trim().split(/\s+/);
      if (from !== undefined && from !== '' && !from.startsWith('#')) add(from, to ?? '');
    }
  }
  return { cases, problems };
}

/** Puts the names of the fields in a serialised head, bytes [start, end) of `out` without its empty line, into the case asked for. */
export function adjustCase(out: Buffer, start: number, end: number, cases: NameCases): void {
  let line = out.indexOf('\n', start, 'latin1') + 1;
  while (line > 0 && line < end) {
    const colon = out.indexOf(':', line, 'latin1');
    if (colon < 0 || colon >= end) return;
    const name = cases.get(out.latin1Slice(line, colon));
    if (name !== undefined) out.latin1Write(name, line);
    line = out.indexOf('\n', line, 'latin1') + 1;
  }
}
