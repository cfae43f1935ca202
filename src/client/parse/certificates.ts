/** The list of `show ssl cert`, `ca-file` or `crl-file`. */
export interface Stores {
  /** The store that a transaction is open for, without its `*`; null without one. */
  readonly transaction: string | null;
  /** File name -> number of certificates in it (CA files only, else null). */
  readonly files: ReadonlyMap<string, number | null>;
}

/** Reads such a list. */
export function parseStores(text: string): Stores {
  let transaction: string | null = null;
  const files = new Map<string, number | null>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# ')) continue;
    const [, name, count] = /^(.*?)(?: - (\d+) certificate\(s\))?$/.exec(line)!;
    if (name!.startsWith('*')) transaction = name!.slice(1);
    else files.set(name!.replace(/^\\\*/, '*'), count === undefined ? null : Number(count));
  }
  return { transaction, files };
}

/** Facts of `show ssl cert <file>`: HAProxy's names (`Serial`, `notAfter`, `Subject`, ...) -> text. */
export type CertificateFacts = Readonly<Record<string, string>>;

/** Reads `Name: value` lines; where a name comes again (chains), the first one counts. */
export function parseFacts(text: string): CertificateFacts {
  const facts: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) facts[line.slice(0, colon).trim()] ??= line.slice(colon + 1).trim();
  }
  return facts;
}

/** An entry of a crt-list. */
export interface CrtListEntry {
  readonly file: string;
  /** Line number, for `del ssl crt-list`. */
  readonly line: number | null;
  /** What stands in brackets, as text. */
  readonly options: string | null;
  /** SNI filters. */
  readonly filters: readonly string[];
}

/** Reads `show ssl crt-list -n <file>`. */
export function parseCrtList(text: string): CrtListEntry[] {
  return text.split('\n').flatMap((text) => {
    if (text === '' || text.startsWith('# ')) return [];
    const match = /^(.*?)(?::(\d+))?(?: \[(.*?)\])?((?: [^[ ]+)*) ?$/s.exec(text)!;
    return {
      file: match[1]!,
      line: match[2] === undefined ? null : Number(match[2]),
      options: match[3]?.trim() ?? null,
      filters: match[4]!.split(' ').filter((filter) => filter !== ''),
    };
  });
}

/** A file of TLS ticket keys. */
export interface TicketKeys {
  readonly id: string;
  readonly file: string;
  /** In base64, the oldest first; empty in the list of files. */
  readonly keys: readonly string[];
}

/** Reads `show tls-keys`, with or without keys. */
export function parseTicketKeys(text: string): TicketKeys[] {
  const files: { id: string; file: string; keys: string[] }[] = [];
  for (const line of text.split('\n')) {
    const file = /^(?:# )?(\d+) \((.*)\)$/.exec(line);
    const key = /^\d+\.\d+ (\S+)$/.exec(line);
    if (file !== null) files.push({ id: file[1]!, file: file[2]!, keys: [] });
    else if (key !== null) files.at(-1)?.keys.push(key[1]!);
  }
  return files;
}
