/** `server`, `server-template` and `default-server` lines, and the same words given to `add server`. */

import { parseAddress } from './address.ts';
import type { Draft } from './draft.ts';
import { copyServer, finishServer, newServer, type ServerDraft, serverDraftOf } from './draft-server.ts';
import { strangeNameCharacter } from './keywords/arguments.ts';
import { applyOptions, type Option, type OptionReport } from './keywords/option.ts';
import { SERVER_OPTIONS } from './keywords/server.ts';
import { completeServerTls } from './keywords/server-tls.ts';
import { checksOverTls, serverTlsProblem } from './server-tls.ts';
import type { Address, GlobalConfig, HealthCheckConfig, HealthCheckSection, Location, ServerConfig } from './types.ts';

/** What a line of words made of a server; `error` has HAProxy's words, without the place and without `'server b/s' : `. */
export interface ServerResult {
  readonly draft: ServerDraft;
  readonly error: string | null;
  readonly report: OptionReport;
}

const NO_REPORT: OptionReport = { error: null, remarks: [], warnings: [] };

/** Servers may have an offset instead of a port (`+100`: the client's destination port plus 100) or none. */
function parseServerAddress(text: string): Address | { readonly error: string } {
  const parsed = parseAddress(text, { offset: true });
  if ('error' in parsed) return parsed;
  if (parsed.address.family === 'fd' || parsed.address.family === 'ring')
    return { error: `address family not supported: '${text}'` };
  if (parsed.type === 'datagram') return { error: `'${text}' : datagram protocol not supported for servers` };
  return parsed.address;
}

/** What servers take from the global section: folders of certificates, and settings of TLS for all. */
export type ServerBasis = Pick<GlobalConfig, 'crtBase' | 'caBase' | 'tls'>;

function useFolders({ tls }: ServerDraft, { crtBase, caBase }: ServerBasis): void {
  tls.crtBase = crtBase;
  tls.caBase = caBase;
}

/** `<name> <addr>[:port] [options]` on top of `defaults`. */
export function readServer(
  words: readonly string[],
  defaults: ServerDraft,
  at: Location,
  global: ServerBasis,
  admit: (row: Option<ServerDraft>) => string | null = () => null,
): ServerResult {
  const draft: ServerDraft = { ...copyServer(defaults), at, name: words[0] ?? '', id: null };
  useFolders(draft, global);
  const fail = (error: string): ServerResult => ({ draft, error, report: NO_REPORT });
  if (words.length < 2) return fail("'server' expects <name> and <addr>[:<port>] as arguments.");
  const strange = strangeNameCharacter(draft.name);
  if (strange !== null) return fail(`character '${strange}' is not permitted in server name '${draft.name}'.`);
  const address = parseServerAddress(words[1]!);
  if ('error' in address) return fail(address.error);
  draft.address = address;
  const report = applyOptions(SERVER_OPTIONS, words, 2, draft, admit);
  return { draft, error: optionError(report) ?? checkServer(draft), report };
}

/** A mistake in an option, as a sentence. */
function optionError({ error }: OptionReport): string | null {
  if (error === null) return null;
  return /[.?]$/.test(error.text) || error.kind === 'refused' ? error.text : `${error.text}.`;
}

/** Mistakes that only all options together show. */
function checkServer(server: ServerDraft): string | null {
  if (server.track !== null && (server.checkEnabled || server.agentEnabled))
    return 'unable to enable checks and tracking at the same time!';
  if (server.agentEnabled && server.agent.port === 0 && server.check.port === 0) {
    return `server ${server.name} does not have agent port. Agent check has been disabled.`;
  }
  return null;
}

/** `default-server <options>`: changes `draft`. */
export function readDefaultServer(
  words: readonly string[],
  draft: ServerDraft,
  global: ServerBasis,
  admit: (row: Option<ServerDraft>) => string | null = () => null,
): OptionReport {
  useFolders(draft, global);
  draft.onDefaultServer = true;
  return applyOptions(SERVER_OPTIONS, words, 0, draft, (row) =>
    row.notDefault ? `'${row.name}' option is not accepted in default-server sections` : admit(row),
  );
}

/** The numbers of `server-template <prefix> <count|from-to> ...`, or null. */
export function templateRange(text: string): { from: number; to: number } | null {
  const match = /^(\d{1,7})(?:-(\d{1,7}))?$/.exec(text);
  if (match === null) return null;
  const range =
    match[2] === undefined ? { from: 1, to: Number(match[1]) } : { from: Number(match[1]), to: Number(match[2]) };
  return range.to < range.from || range.to < 1 || range.to - range.from >= MAX_TEMPLATE ? null : range;
}

/** Servers that one template may make. */
const MAX_TEMPLATE = 100_000;

/** The servers of a template: copies of `draft` named prefix + number; only the first keeps a forced id. */
export function expandTemplate(draft: ServerDraft, prefix: string, range: { from: number; to: number }): ServerDraft[] {
  const servers: ServerDraft[] = [];
  for (let n = range.from; n <= range.to; n++) {
    const id = draft.id === null ? null : draft.id + (n - range.from);
    servers.push({ ...copyServer(draft), name: `${prefix}${n}`, id, template: prefix });
  }
  return servers;
}

/**
 * A server for `add server <backend>/<name> <addr> [options]`: `words` begin with the name. Returns its configuration,
 * or the text to answer with.
 */
export function parseServerLine(
  words: readonly string[],
  options: {
    readonly defaults?: ServerConfig;
    readonly at: Location;
    readonly global: ServerBasis;
    /** The backend's health check, and those that have a name. */
    readonly healthCheck: HealthCheckConfig;
    readonly healthChecks: readonly HealthCheckSection[];
  },
): ServerConfig | { readonly error: string } {
  const defaults = options.defaults === undefined ? newServer(options.at) : serverDraftOf(options.defaults);
  const { draft, error, report } = readServer(words, defaults, options.at, options.global, (row) =>
    row.notDynamic ? `'${row.name}' option is not accepted for dynamic server` : null,
  );
  if (error !== null) return { error };
  const refused = report.remarks.find((remark) => remark.status === 'refused');
  if (refused !== undefined) return { error: `'${refused.option}' is not supported. ${refused.why}` };
  const { healthcheck } = draft;
  const definition = options.healthChecks.find(({ name }) => name === healthcheck) ?? null;
  if (healthcheck !== null && definition === null)
    return { error: `unable to find required healthcheck '${healthcheck}'` };
  draft.check.definition = definition as Draft<HealthCheckSection> | null;
  const overTls = checksOverTls(definition?.healthCheck ?? options.healthCheck);
  draft.tls.mentioned ||= overTls;
  completeServerTls(draft.tls, options.global);
  const problem = serverTlsProblem(draft, options.global, overTls);
  return problem === null ? finishServer(draft) : { error: problem };
}
