import { type LoadInput, type LoadResult, loadConfig } from '../config/load.ts';
import type { Config, Diagnostic, HealthCheckSection, ProxyConfig } from '../config/types.ts';
import type { Userlist } from '../expr/row.ts';
import { tablesOf } from '../model/tables/tables.ts';
import { compileProxy, compileUserlists, configuredFiles, type ProxySurroundings } from '../traffic/compile-proxy.ts';
import { nameCases } from '../traffic/header-names.ts';
import { globalVars } from '../traffic/proc-vars.ts';
import { readFileOrNull, recordingFiles } from '../util/files.ts';
import { loadCertificates } from './certificates/load.ts';
import { readDhParams } from './certificates/read-dh-params.ts';
import { checkRuleProblems, compileHealthCheck } from './checks/compile.ts';
import { collectDatabases, type DatabaseCollection } from './databases.ts';
import { type AddressNames, NO_NAMES, resolveNames } from './patterns/address-names.ts';
import { collectPatterns, type PatternCollection } from './patterns/collect.ts';
import { supposedTable } from './supposed-table.ts';

/**
 * Reads configuration files and compiles all that they say, as the traffic threads and the checks will: what is wrong is found
 * before anything starts. `config` is null when there was an alert; else it has the contents of all files that were needed.
 * `names`: what host names in lists of addresses stand for.
 */
export function load(input: LoadInput, names: AddressNames = NO_NAMES): LoadResult {
  const { result, files } = recordingFiles(() => compiled(input, names));
  return result.config === null ? result : { ...result, config: { ...result.config, files } };
}

/** As `load`, with the host names in lists of addresses looked up, which takes a few seconds at most. */
export async function loadWithNames(input: LoadInput): Promise<LoadResult> {
  const wanted = new Set<string>();
  const first = load(input, { find: (name) => void wanted.add(name) });
  return wanted.size === 0 ? first : load(input, await resolveNames(wanted));
}

function compiled(input: LoadInput, names: AddressNames): LoadResult {
  const result = loadConfig(input);
  const { config, diagnostics } = result;
  if (config === null) return result;
  const all: Diagnostic[] = [...diagnostics];
  const userlists = compileUserlists(config.userlists);
  all.push(...userlists.problems);
  all.push(...globalVars(config.global).problems);
  const patterns = collectPatterns(config.global.defaultPath, names);
  const databases = collectDatabases(config.global.defaultPath);
  const around = surroundings(config, userlists.lists, patterns, databases);
  for (const text of nameCases(config.global, (path) => readFileOrNull(path)?.latin1Slice() ?? null).problems)
    all.push({ severity: 'alert', at: null, text: `${text}.` });
  for (const section of config.healthChecks) all.push(...checkProblems(section, around.table));
  for (const proxy of config.proxies) {
    all.push(...compileProxy(proxy, around).problems);
    if (proxy.kind !== 'frontend')
      all.push(...(isChecked(proxy) ? checkProblems : checkRuleProblems)(proxy, around.table));
  }
  const tls = loadCertificates(config);
  all.push(...tls.problems);
  const dh = readDhParams(config);
  if (dh.problem !== null) all.push(dh.problem);
  // What they say is told where proxies have it; their patterns are for proxies that are added later.
  for (const defaults of config.defaults) compileProxy(defaults, around);
  if (all.some((d) => d.severity === 'alert')) return { ...result, config: null, diagnostics: all };
  return {
    ...result,
    config: {
      ...config,
      global: { ...config.global, tls: { ...config.global.tls, dhParams: dh.params } },
      patterns: patterns.references(),
      databases: databases.views(),
      certificates: tls.certificates,
    },
    diagnostics: all,
  };
}

/** Rings that are there without a section. */
const STANDARD_RINGS: readonly string[] = ['buf0', 'stdout', 'stderr'];

function surroundings(
  config: Config,
  userlists: ReadonlyMap<string, Userlist>,
  { patterns }: PatternCollection,
  { database }: DatabaseCollection,
): ProxySurroundings {
  const tables = new Map(tablesOf(config).map((table) => [table.name, supposedTable(table)]));
  const find = (name: string) => config.proxies.filter((proxy) => proxy.name === name);
  return {
    hasProxy: (name, side) => find(name).some((proxy) => proxy.kind === 'listen' || proxy.kind === side),
    hasServer: (backend, server) => find(backend).some((proxy) => proxy.servers.some((s) => s.name === server)),
    readFile: configuredFiles(config.global.defaultPath),
    userlist: (name) => userlists.get(name) ?? null,
    patterns,
    database,
    logProfile: (name) => config.logProfiles.find((profile) => profile.name === name) ?? null,
    table: (name) => tables.get(name) ?? null,
    tokens: config.global.tokens,
    stickCounters: config.global.tune.stickCounters,
    hasResolvers: (name) => name === 'default' || config.resolvers.some((section) => section.name === name),
    hasRing: (name) => STANDARD_RINGS.includes(name) || config.rings.some((ring) => ring.name === name),
    httpErrors: (name) => config.httpErrors.find((section) => section.name === name)?.files ?? null,
  };
}

/** Some server is checked as its backend says. */
function isChecked({ servers }: ProxyConfig): boolean {
  return servers.some(({ check }) => check !== null && check.definition === null);
}

function checkProblems(section: HealthCheckSection, table: ProxySurroundings['table']): readonly Diagnostic[] {
  const compiled = compileHealthCheck(section, table);
  return 'diagnostics' in compiled ? compiled.diagnostics : [];
}
