/** A stream, from `show sess`. */
export interface SessionRow {
  /** `0x...`, for `shutdown session` and `show sess <id>`. */
  readonly id: string;
  readonly proto: string;
  readonly src: string;
  readonly fe: string;
  /** `<NONE>` before a backend is chosen. */
  readonly be: string;
  /** `<none>` before a server is chosen. */
  readonly srv: string;
  readonly age: string;
  /** All words of the line, what is in brackets (`rq[...]`) as text. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Reads a line of `show sess`; null for other lines. */
export function parseSession(line: string): SessionRow | null {
  const match = /^(0x[0-9a-f]+): (.*)$/is.exec(line);
  if (match === null) return null;
  const fields: Record<string, string> = {};
  for (const [, name, bracket, value] of match[2]!.matchAll(/(\w+)(?:=?\[([^\]]*)\]|=(\S*))/g))
    fields[name!] ??= bracket ?? value ?? '';
  const { proto = '', src = '', fe = '', be = '', srv = '', age = '' } = fields;
  return { id: match[1]!, proto, src, fe, be, srv, age, fields };
}
