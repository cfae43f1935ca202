import type { Diagnostic, ErrorPageConfig, Location, ProxyConfig } from '../config/types.ts';
import type { ExprError } from '../expr/sample.ts';
import type { ProxySurroundings } from './compile-proxy.ts';
import { errorStatuses, type LocalResponse } from './error-pages.ts';
import { Head } from './h1/head.ts';
import { parseResponse } from './h1/parse.ts';

/** The pages that a proxy's `errorfile`, `errorloc`, `errorfiles` and `http-error` lines define; the last one for a status wins. */
export function loadErrorPages(
  config: ProxyConfig,
  around: ProxySurroundings,
  problems: Diagnostic[],
): ReadonlyMap<number, LocalResponse> {
  const pages = new Map<number, LocalResponse>();
  for (const page of config.errorPages) {
    for (const [status, response] of pagesOf(page, around, problems)) pages.set(status, response);
  }
  return pages;
}

function pagesOf(
  page: ErrorPageConfig,
  around: ProxySurroundings,
  problems: Diagnostic[],
): (readonly [number, LocalResponse])[] {
  switch (page.kind) {
    case 'redirect':
      return [[page.status, redirectTo(page.code, page.url)]];
    case 'file': {
      const response = loadPage(page.file, page.at, around, problems);
      return response === null ? [] : [[page.status, response]];
    }
    case 'section': {
      const files = around.httpErrors(page.section);
      if (files === null) {
        problems.push({
          severity: 'alert',
          at: page.at,
          text: `unable to find the http-errors section '${page.section}'.`,
        });
        return [];
      }
      const wanted = files.filter(({ status }) => page.statuses.length === 0 || page.statuses.includes(status));
      return wanted.flatMap(({ status, file }) => {
        const response = loadPage(file, page.at, around, problems);
        return response === null ? [] : [[status, response] as const];
      });
    }
    default:
      return rulePage(page, around, problems);
  }
}

function redirectTo(code: number, url: string): LocalResponse {
  return {
    status: code,
    reason: null,
    headers: [
      ['content-length', '0'],
      ['cache-control', 'no-cache'],
      ['location', url],
    ],
    body: '',
  };
}

/** `errorfile`: a whole HTTP message. */
function loadPage(
  file: string,
  at: Location,
  around: ProxySurroundings,
  problems: Diagnostic[],
  from?: string,
): LocalResponse | null {
  const page = readPage(file, around.readFile(file, from));
  if (!('error' in page)) return page;
  problems.push({ severity: 'alert', at, text: `'errorfile' : ${page.error}.` });
  return null;
}

/** The page that a file has, `content` null when it cannot be read. `/dev/null` stands for an answer without anything. */
export function readPage(file: string, content: Buffer | null): LocalResponse | ExprError {
  if (content === null) return { error: `failed to open file '${file}'` };
  if (content.length === 0) return { status: 0, reason: null, headers: [], body: '' };
  const head = new Head();
  const end = parseResponse(head, content, 0, content.length, 101);
  if (end <= 0) return { error: `unable to convert message in HTX: file '${file}' is not a complete HTTP response` };
  const body = content.subarray(end);
  const headers: [string, string][] = [];
  for (let i = 0; i < head.count; i++) {
    const name = head.headerName(i);
    if (name !== '' && name !== 'content-length') headers.push([name, head.headerValue(i)]);
  }
  headers.push(['content-length', String(body.length)]);
  return { status: head.status, version: head.version, reason: head.reason, headers, body: Buffer.from(body) };
}

/** The pages of an `http-errors` section (`files` null: there is none) by status; files that cannot be used are alerts of the section. */
export function sectionPages(
  files: ReturnType<ProxySurroundings['httpErrors']>,
  readFile: ProxySurroundings['readFile'],
): ReadonlyMap<number, LocalResponse> | null {
  if (files === null) return null;
  const pages = new Map<number, LocalResponse>();
  for (const { status, file } of files) {
    const page = readPage(file, readFile(file));
    if (!('error' in page)) pages.set(status, page);
  }
  return pages;
}

/** `http-error status <code> content-type <type> string|file <text>`. */
function rulePage(
  page: Extract<ErrorPageConfig, { kind: 'rule' }>,
  around: ProxySurroundings,
  problems: Diagnostic[],
): (readonly [number, LocalResponse])[] {
  const alert = (text: string) => {
    problems.push({ severity: 'alert', at: page.at, text: `'http-error' : ${text}.` });
    return [];
  };
  const { words } = page;
  let status = 0;
  let type: string | null = null;
  let body: string | Buffer = '';
  const headers: [string, string][] = [];
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1];
    if (value === undefined) return alert(`'${words[i]}' expects an argument`);
    switch (words[i]) {
      case 'status':
        status = Number(value);
        break;
      case 'content-type':
        type = value;
        break;
      case 'string':
        body = value;
        break;
      case 'file': {
        const content = around.readFile(value, page.at.file);
        if (content === null) return alert(`unable to read file '${value}'`);
        body = content;
        break;
      }
      case 'errorfile':
        return mapped(status, loadPage(value, page.at, around, problems, page.at.file));
      case 'hdr':
        headers.push([value.toLowerCase(), words[i + 2] ?? '']);
        i++;
        break;
      default:
        return alert(`unknown argument '${words[i]}'`);
    }
  }
  if (!errorStatuses.includes(status)) return alert(`status code ${status} not handled`);
  if (body.length > 0 && type === null) return alert('content-type expected when a payload is set');
  headers.push(['content-length', String(body.length)]);
  if (type !== null) headers.push(['content-type', type]);
  return [[status, { status, reason: null, headers, body }]];
}

function mapped(status: number, response: LocalResponse | null): (readonly [number, LocalResponse])[] {
  return response === null ? [] : [[status, response]];
}
