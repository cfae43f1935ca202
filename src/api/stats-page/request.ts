/**
 * What a request to the statistics page asks for, told behind the page's URI by words after `;` and by the parameter
 * `scope`, in the query or in front of it.
 */
export interface PageRequest {
  readonly form: 'html' | 'csv' | 'typed' | 'json' | 'json-schema';
  /** Without servers that are down, or in maintenance. */
  readonly up: boolean;
  readonly noMaint: boolean;
  readonly noRefresh: boolean;
  /** Part of the names of the proxies to show, '' for all. */
  readonly scope: string;
  /** What became of an action (`st=`), '' without one. */
  readonly status: string;
}

/** Longest scope that counts, as in HAProxy. */
const SCOPE_MAX = 20;
const FORMS = ['csv', 'typed', 'json-schema', 'json'] as const;

/** Reads a request target that starts with `pageUri`. */
export function parsePageRequest(uri: string, pageUri: string): PageRequest {
  const rest = uri.slice(pageUri.length);
  const words = rest
    .split(';')
    .slice(1)
    .map((word) => /^[^?&]*/.exec(word)![0]);
  const status = words.find((word) => word.startsWith('st='))?.slice(3) ?? '';
  return {
    form: FORMS.find((form) => words.includes(form)) ?? 'html',
    up: words.includes('up'),
    noMaint: words.includes('no-maint'),
    noRefresh: words.includes('norefresh'),
    scope: scopeOf(rest),
    status,
  };
}

function scopeOf(rest: string): string {
  const pair = rest.split(/[?&;]/).find((part) => part.startsWith('scope='));
  return pair === undefined ? '' : formDecode(pair.slice(6)).slice(0, SCOPE_MAX);
}

/** The text of a form's value; broken escapes stay as they are. */
export function formDecode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

/** A link to the page with other words, keeping those that are not changed. */
export function pageLink(pageUri: string, request: PageRequest, change: Partial<PageRequest>): string {
  const { form, up, noMaint, noRefresh, scope, status } = { ...request, status: '', form: 'html', ...change };
  let link = pageUri;
  if (form !== 'html') link += `;${form}`;
  if (status !== '') link += `;st=${status}`;
  if (up) link += ';up';
  if (noMaint) link += ';no-maint';
  if (noRefresh) link += ';norefresh';
  return scope === '' ? link : `${link}?scope=${encodeURIComponent(scope)}`;
}
