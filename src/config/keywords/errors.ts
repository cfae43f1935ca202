/** `errorfile`, `errorloc*`, `errorfiles`, `http-error`: pages sent instead of the built-in ones. */

import { accessSync, constants } from 'node:fs';
import type { ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import { configuredPath } from '../paths.ts';
import { parseInteger } from '../units.ts';
import { inSections } from './sections.ts';
import { type Keyword, works } from './table.ts';

/** Statuses that HAProxy may answer by itself, and whose page may be replaced. */
const ERROR_STATUSES: readonly number[] = [
  200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500, 501, 502, 503, 504,
];

/** The status at word `index`, or null with an alert. */
function statusArgument(line: Line, index: number): number | null {
  const text = line.word(index);
  const status = parseInteger(text);
  if (status !== null && ERROR_STATUSES.includes(status)) return status;
  line.alert(`${line.word(0)} : status code '${text}' not handled.`);
  return null;
}

/** `<status> <file>` of `errorfile`, in a proxy or in an http-errors section; the file is read at start, here only looked for. */
export function parseErrorFile(line: Line): { status: number; file: string } | null {
  const written = line.word(2);
  if (written === '') {
    line.alert('errorfile : expects <status_code> and <file> as arguments.');
    return null;
  }
  const status = statusArgument(line, 1);
  if (status === null) return null;
  const file = configuredPath(written, line.at.file, line.context.config.global.defaultPath);
  if (!isReadable(file)) {
    line.alert(`errorfile : error opening file '${file}'.`);
    return null;
  }
  return line.atMost(2) ? { status, file } : null;
}

function isReadable(file: string): boolean {
  if (file.includes('\0')) return false;
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function errorFile(line: Line, proxy: ProxyDraft): void {
  const page = parseErrorFile(line);
  if (page !== null) proxy.config.errorPages.push({ kind: 'file', ...page, at: line.at });
}

function errorLocation(line: Line, proxy: ProxyDraft): void {
  const url = line.word(2);
  if (url === '') return line.alert(`${line.word(0)} : expects <status_code> and <url> as arguments.`);
  const status = statusArgument(line, 1);
  const code = line.word(0) === 'errorloc303' ? 303 : 302;
  if (status !== null && line.atMost(2))
    proxy.config.errorPages.push({ kind: 'redirect', status, code, url, at: line.at });
}

function errorFiles(line: Line, proxy: ProxyDraft): void {
  const section = line.word(1);
  if (section === '') return line.alert('errorfiles : expects <name> as argument.');
  const statuses: number[] = [];
  for (let i = 2; i < line.words.length; i++) {
    const status = statusArgument(line, i);
    if (status === null) return;
    statuses.push(status);
  }
  proxy.config.errorPages.push({ kind: 'section', statuses, section, at: line.at });
}

function httpError(line: Line, proxy: ProxyDraft): void {
  if (line.word(1) !== 'status') return line.alert("http-error : expects 'status' followed by a status code.");
  if (statusArgument(line, 2) !== null)
    proxy.config.errorPages.push({ kind: 'rule', words: line.words.slice(1), at: line.at });
}

const EVERYWHERE = { sections: inSections('DFLB') };

export const ERROR_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  works<ProxyDraft>('errorfile', '<code> <file>', errorFile, EVERYWHERE),
  works<ProxyDraft>('errorfiles', '<section> [<code> ...]', errorFiles, EVERYWHERE),
  works<ProxyDraft>('errorloc', '<code> <url>', errorLocation, EVERYWHERE),
  works<ProxyDraft>('errorloc302', '<code> <url>', errorLocation, EVERYWHERE),
  works<ProxyDraft>('errorloc303', '<code> <url>', errorLocation, EVERYWHERE),
  works<ProxyDraft>('http-error', 'status <code> [content-type <type>] [...]', httpError, EVERYWHERE),
];
