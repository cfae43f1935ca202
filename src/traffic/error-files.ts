import type { Diagnostic, ErrorPageConfig, Location, ProxyConfig, WordsAt } from '../config/types.ts';
import type { ExprError } from '../expr/sample.ts';
import type { ProxySurroundings } from './compile-proxy.ts';
import { errorStatuses, type LocalResponse } from './error-pages.ts';
import { Head } from './h1/head.ts';
import { parseResponse } from './h1/parse.ts';
import type { ErrorAnswer } from './rules/reply.ts';

/** The pages that a proxy's `errorfile`, `errorloc`, `errorfiles` and `http-error` lines define; the last one for a status wins. */
export function loadErrorPages(
  config: ProxyConfig,
  around: ProxySurroundings,
  compile: CompileAnswer,
  problems: Diagnostic[],
): ReadonlyMap<number, LocalResponse> {
  const pages = new Map<number, LocalResponse>();
  for (const page of config.errorPages) {
    for (const [status, response] of pagesOf(page, around, compile, problems)) {
      if (response === 'default') pages.delete(status);
      else pages.set(status, response);
    }
  }
  return pages;
}

/** A status and its page; 'default': what other lines have said of it does not hold any more. */
type PageOf = readonly [status: number, page: LocalResponse | 'default'];

function pagesOf(
  page: ErrorPageConfig,
  around: ProxySurroundings,
  compile: CompileAnswer,
  problems: Diagnostic[],
): PageOf[] {
  switch (page.kind) {
    case 'redirect':
      return [[page.status, { ...redirectTo(page.code, page.url), logged: page.status }]];
    case 'file': {
      const response = loadPage(page.file, page.at, around, problems);
      return response === null ? [] : [[page.status, { ...response, logged: page.status }]];
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
        return response === null ? [] : [[status, { ...response, logged: status }] as const];
      });
    }
    default:
      return rulePage(page, compile, problems);
  }
}

function redirectTo(code: number, url: string): LocalResponse {
  return {
    status: code,
    reason: null,
    headers: [
      ['cache-control', 'no-cache'],
      ['content-length', '0'],
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
    if (name === 'content-length') headers.push([name, String(body.length)]);
    else if (name !== '') headers.push([name, head.headerValue(i)]);
  }
  if (head.contentLength < 0) headers.push(['content-length', String(body.length)]);
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
    if (!('error' in page)) pages.set(status, { ...page, logged: status });
  }
  return pages;
}

/** Compiles the answer that an `http-error` line describes as rules do. */
export type CompileAnswer = (line: WordsAt) => ErrorAnswer | ExprError;

/** `http-error status <code> ...`: an answer like those of rules. */
function rulePage(
  page: Extract<ErrorPageConfig, { kind: 'rule' }>,
  compile: CompileAnswer,
  problems: Diagnostic[],
): PageOf[] {
  const alert = (text: string) => {
    problems.push({ severity: 'alert', at: page.at, text: `'http-error' : ${text}.` });
    return [];
  };
  const status = Number(page.words[page.words.indexOf('status') + 1]);
  if (!errorStatuses.includes(status)) return alert(`status code ${status} not handled`);
  const make = compile(page);
  if (make === 'default') return [[status, make]];
  if (make === 'unchanged') return [];
  if ('error' in make) return alert(make.error);
  return [[status, { status, reason: null, headers: [], body: '', make }]];
}
