/** Kinds of objects that metrics are about, as the parameter `scope` names them. */
const SCOPES = ['global', 'frontend', 'listener', 'backend', 'server', 'sticktable', 'resolver'] as const;
export type Scope = (typeof SCOPES)[number];

/** What a scrape asks for. */
export interface ExportQuery {
  readonly scopes: ReadonlySet<Scope>;
  /** Names to export; null for all but the excluded ones. */
  readonly included: ReadonlySet<string> | null;
  readonly excluded: ReadonlySet<string>;
  /** Leaves out servers in maintenance. */
  readonly noMaint: boolean;
  /** The counters of protocols and TLS too. */
  readonly extraCounters: boolean;
  /** Descriptions of sections as labels. */
  readonly descLabels: boolean;
}

/**
 * Reads the query of a scrape, parameters in their order: an empty `scope` takes back those before it, `*` stands for
 * all. Unknown parameters mean nothing; null when a scope does not exist or an escape is broken.
 */
export function parseQuery(uri: string): ExportQuery | null {
  const mark = uri.indexOf('?');
  let scopes: Set<Scope> | null = null;
  const included = new Set<string>();
  const excluded = new Set<string>();
  const flags = new Set<string>();
  const pairs =
    mark < 0
      ? []
      : uri
          .slice(mark + 1)
          .replace(/#.*/, '')
          .split('&');
  for (const pair of pairs) {
    const [name, value] = decodePair(pair);
    if (name === null || value === null) return null;
    if (name === 'scope') {
      if (value === '') scopes = new Set();
      else if (value === '*') scopes = new Set(SCOPES);
      else if ((SCOPES as readonly string[]).includes(value)) {
        scopes = scopes ?? new Set();
        scopes.add(value as Scope);
      } else return null;
    } else if (name === 'metrics') {
      for (const metric of value.split(',')) {
        if (metric.startsWith('-')) excluded.add(metric.slice(1));
        else if (metric !== '') included.add(metric);
      }
    } else flags.add(name);
  }
  return {
    scopes: scopes ?? new Set(SCOPES),
    included: included.size === 0 ? null : included,
    excluded,
    noMaint: flags.has('no-maint'),
    extraCounters: flags.has('extra-counters'),
    descLabels: flags.has('desc-labels'),
  };
}

function decodePair(pair: string): [string | null, string | null] {
  const equal = pair.indexOf('=');
  return equal < 0 ? [decode(pair), ''] : [decode(pair.slice(0, equal)), decode(pair.slice(equal + 1))];
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Whether a metric is asked for by its name. */
export function isWanted(query: ExportQuery, name: string): boolean {
  return !query.excluded.has(name) && (query.included === null || query.included.has(name));
}
