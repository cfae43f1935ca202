/** Loads configuration files: the one way from text to `Config`. */

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { markedText } from './bytes.ts';
import type { Facts } from './conditions.ts';
import { Diagnostics } from './diagnostics.ts';
import { type Document, parseDocument } from './document.ts';
import { finishConfig, newConfigDraft } from './draft.ts';
import { DEFAULT_FACTS } from './facts.ts';
import { configurationFiles } from './files.ts';
import { finish } from './finish.ts';
import type { Context, Remark } from './line.ts';
import { readDocument } from './reader.ts';
import type { Config, Diagnostic, Location } from './types.ts';

export interface LoadInput {
  /** Files and folders as given with `-f`, in order; of a folder its `*.cfg` in lexical order. */
  readonly paths?: readonly string[];
  /** Texts that are no files, after the files: for tests and previews. */
  readonly texts?: readonly { readonly name: string; readonly text: string }[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What conditions ask about; without it the build's own. */
  readonly facts?: Omit<Facts, 'environment'>;
  /** Reads on after 50 alerts: for the report, which has to know about every line. */
  readonly exhaustive?: boolean;
  /** From the command line (`-L`): takes precedence over `localpeer`. */
  readonly localpeer?: string;
}

export interface LoadResult {
  /** null when an alert was raised. */
  readonly config: Config | null;
  readonly diagnostics: readonly Diagnostic[];
  readonly documents: readonly Document[];
  /** Keywords that have no effect or are refused, for the report. */
  readonly remarks: readonly Remark[];
  /** Lines left out by a condition. */
  readonly skipped: readonly Location[];
}

/** HAProxy gives up on a file after as many alerts. */
const MAX_ALERTS = 50;

/** A file larger than this is no configuration. */
const MAX_FILE = 64 << 20;

/** Reads everything and checks it; never throws for what is in the files. */
export function loadConfig(input: LoadInput): LoadResult {
  const diagnostics = new Diagnostics();
  const documents = [
    ...readFiles(input.paths ?? [], diagnostics),
    ...(input.texts ?? []).map(({ name, text }) => parseDocument(name, text)),
  ];
  const env = startEnvironment(input, documents);
  const context: Context = {
    diagnostics,
    facts: { ...(input.facts ?? DEFAULT_FACTS), environment: (name) => env.get(name) },
    env,
    startEnv: new Map(env),
    config: newConfigDraft(),
    remarks: [],
    localpeerForced: input.localpeer !== undefined,
    maxAlerts: input.exhaustive === true ? Number.POSITIVE_INFINITY : MAX_ALERTS,
    skipped: [],
  };
  if (input.localpeer !== undefined) context.config.global.localpeer = input.localpeer;
  for (const document of documents) readDocument(document, context);
  finish(context, diagnostics.alerts > 0);
  if (context.config.zeroWarning && diagnostics.list.some(({ severity }) => severity === 'warning')) {
    diagnostics.alert(null, "Some warnings were found and 'zero-warning' is set. Aborting.");
  }
  if (diagnostics.alerts > 0) diagnostics.alert(null, 'Fatal errors found in configuration.');
  const config = diagnostics.alerts > 0 ? null : finishConfig(context.config, env);
  return { config, diagnostics: diagnostics.list, documents, remarks: context.remarks, skipped: context.skipped };
}

/** The environment with what HAProxy adds to it before the files are read. */
function startEnvironment(input: LoadInput, documents: readonly Document[]): Map<string, string> {
  const env = new Map<string, string>();
  for (const [name, value] of Object.entries(input.env)) if (value !== undefined) env.set(name, value);
  const { version } = input.facts ?? DEFAULT_FACTS;
  env.set('HAPROXY_CFGFILES', documents.map((document) => document.name).join(';'));
  env.set('HAPROXY_VERSION', version);
  env.set('HAPROXY_BRANCH', version.split('.').slice(0, 2).join('.').split('-')[0]!);
  for (const [name, format] of Object.entries(LOG_FORMATS)) env.set(name, format);
  env.set('HAPROXY_LOCALPEER', input.localpeer ?? hostname());
  return env;
}

/** The built-in log formats, to be extended in `log-format` (manual, section 8.2). */
const LOG_FORMATS: Readonly<Record<string, string>> = {
  HAPROXY_TCP_LOG_FMT: '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq',
  HAPROXY_TCP_CLF_LOG_FMT:
    '%{+Q}o %{-Q}ci - - [%T] "TCP " 000 %B "" "" %cp %ms %ft %b %s %Th %Tw %Tc %Tt %U %ts-- %ac %fc %bc %sc %rc %sq %bq "" "" ',
  HAPROXY_HTTP_LOG_FMT:
    '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r',
  HAPROXY_HTTP_CLF_LOG_FMT:
    '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl',
  HAPROXY_HTTPS_LOG_FMT:
    '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc',
};

function readFiles(paths: readonly string[], diagnostics: Diagnostics): Document[] {
  const documents: Document[] = [];
  for (const path of paths) {
    for (const file of expandPath(path, diagnostics)) {
      const text = readText(file, diagnostics);
      if (text !== null) documents.push(parseDocument(file, text));
    }
  }
  return documents;
}

/** The files that a path stands for; none, with an alert, when that cannot be told. */
function expandPath(path: string, diagnostics: Diagnostics): string[] {
  try {
    return configurationFiles(path);
  } catch (error) {
    diagnostics.alert(null, `Cannot open configuration file/directory ${path} : ${reason(error)}`);
    return [];
  }
}

function readText(file: string, diagnostics: Diagnostics): string | null {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > MAX_FILE) {
      diagnostics.alert(null, `Could not open configuration file ${file} : larger than ${MAX_FILE} bytes`);
      return null;
    }
    return markedText(bytes);
  } catch (error) {
    diagnostics.alert(null, `Could not open configuration file ${file} : ${reason(error)}`);
    return null;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
};

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return REASONS[code] ?? (error as Error).message;
}
