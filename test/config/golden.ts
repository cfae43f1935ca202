/** Golden cases: a title, then parts that begin with `=== `. */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface Part {
  readonly head: string;
  readonly text: string;
}

export interface GoldenCase {
  readonly file: string;
  readonly name: string;
  readonly title: string;
  readonly parts: readonly Part[];
  /** The text of the part with that head, or an empty string. */
  part(head: string): string;
}

/** The cases of a folder. */
export function goldenCases(folder: string): GoldenCase[] {
  return globSync(join(folder, '*.case')).sort().map(readGoldenCase);
}

export function readGoldenCase(file: string): GoldenCase {
  const [title = '', ...pieces] = readFileSync(file, 'utf8').split(/^=== /m);
  const parts = pieces.map((piece) => {
    const end = piece.indexOf('\n');
    return { head: piece.slice(0, end).trim(), text: piece.slice(end + 1) };
  });
  const part = (head: string) => parts.find((one) => one.head === head)?.text ?? '';
  return { file, name: basename(file), title: title.trim(), parts, part };
}

/**
 * Files of a case: `=== PREFIX NAME.cfg` with the text below, `... crlf` for ends of lines of that kind, or `... from FILE` for one
 * that is elsewhere (relative to the case). Null when such a file is not on this machine.
 */
export function filesOfCase(
  golden: GoldenCase,
  prefix = '',
): { readonly name: string; readonly text: string }[] | null {
  const files: { name: string; text: string }[] = [];
  for (const { head, text } of golden.parts) {
    const [, name, crlf, from] = new RegExp(`^${prefix}(\\S+\\.cfg)( crlf)?(?: from (\\S+))?$`).exec(head) ?? [];
    if (name === undefined) continue;
    const path = from === undefined ? null : from.startsWith('/') ? from : join(dirname(golden.file), from);
    if (path !== null && !existsSync(path)) return null;
    const whole = path === null ? text : readFileSync(path, 'utf8');
    files.push({ name, text: crlf === undefined ? whole : whole.replaceAll('\n', '\r\n') });
  }
  return files;
}

/** The text of a case with `text` as the part `head`. */
export function withPart(golden: GoldenCase, head: string, text: string): string {
  const all = [...golden.parts.filter((one) => one.head !== head), { head, text }];
  return `${golden.title}\n${all.map((one) => `=== ${one.head}\n${one.text}`).join('')}`;
}
