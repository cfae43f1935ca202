/** `defaults`, `frontend`, `backend` and `listen` sections. */

import type { ProxyDraft, ProxyKind } from './draft.ts';
import { newProxy } from './draft-proxy.ts';
import { strangeNameCharacter } from './keywords/arguments.ts';
import { PROXY_OPTIONS, setOption } from './keywords/options.ts';
import { PROXY_KEYWORDS } from './keywords/proxy.ts';
import { applyRow, checkPrefix, type Keyword, remark } from './keywords/table.ts';
import { type Line, placeText } from './line.ts';
import type { SectionReader } from './section.ts';
import { didYouMean } from './suggest.ts';

export function openProxy(line: Line, kind: ProxyKind): SectionReader {
  const { config } = line.context;
  const name = kind === 'defaults' ? defaultsName(line) : proxyName(line, kind);
  const from = parentDefaults(line, kind, name);
  const proxy = newProxy(kind, name, line.at, from);
  if (kind === 'defaults') config.defaults.push(proxy);
  else {
    checkProxyTwin(line, proxy);
    config.proxies.push(proxy);
    config.proxiesByName.set(name, [...(config.proxiesByName.get(name) ?? []), proxy]);
  }
  return { kind, name: name === '' ? kind : name, read: (inner) => readProxyLine(inner, proxy) };
}

/** `defaults`, `defaults <name>`, `defaults [<name>] from <name>`. */
function defaultsName(line: Line): string {
  const name = line.word(1) === 'from' && line.word(2) !== '' && line.word(3) === '' ? '' : line.word(1);
  const strange = strangeNameCharacter(name);
  if (strange !== null) line.alert(`character '${strange}' is not permitted in 'defaults' name '${name}'.`);
  return name;
}

function proxyName(line: Line, kind: string): string {
  const name = line.word(1);
  if (name === '') {
    line.alert(`'${kind}' expects an <id> argument`);
    return '';
  }
  const strange = strangeNameCharacter(name);
  if (strange !== null) line.alert(`character '${strange}' is not permitted in '${kind}' name '${name}'.`);
  return name;
}

/** The defaults section to inherit from: the one named after `from`, else the last one. */
function parentDefaults(line: Line, kind: ProxyKind, name: string): ProxyDraft | null {
  const { defaults } = line.context.config;
  const rest = line.words.slice(name === '' && line.word(1) === 'from' ? 1 : 2);
  if (rest.length === 0) {
    const last = defaults[defaults.length - 1] ?? null;
    if (kind === 'defaults' || last === null) return null;
    noteUse(line, last, kind, 'implicitUse');
    return last;
  }
  if (rest[0] !== 'from' || rest[1] === undefined) {
    if (rest[0] === 'from') line.alert(`'from' expects a defaults section name after '${kind} ${name}'.`);
    else
      line.alert(
        kind === 'defaults'
          ? `'defaults' cannot handle unexpected argument '${rest[0]}'.`
          : "please use the 'bind' keyword for listening addresses.",
      );
    return null;
  }
  if (rest[2] !== undefined) line.alert(`'${kind}' cannot handle unexpected argument '${rest[2]}'.`);
  const named = defaults.filter((section) => section.config.name === rest[1]);
  if (named.length === 0) {
    line.alert(`defaults section '${rest[1]}' not found for ${kind} '${name}'.`);
    return null;
  }
  if (named.length > 1) {
    const [a, b] = [named[0]!.config.at, named[1]!.config.at];
    line.alert(
      `ambiguous defaults section name '${rest[1]}' referenced by ${kind} '${name}' exists at least at ${placeText(a)} and ${placeText(b)}.`,
    );
  }
  noteUse(line, named[0]!, kind, 'explicitUse');
  return named[0]!;
}

/** A named defaults section used both by name and because it came last is ambiguous. */
function noteUse(line: Line, section: ProxyDraft, kind: ProxyKind, use: 'implicitUse' | 'explicitUse'): void {
  const other = use === 'implicitUse' ? section.explicitUse : section.implicitUse;
  if (other) {
    line.warning(
      `defaults section '${section.config.name}' (declared at ${placeText(section.config.at)}) is explicitly referenced by another proxy and implicitly used here. To avoid any ambiguity don't mix both usage. Add a last defaults section not explicitly used or always use explicit references.`,
    );
  } else section[use] = true;
  const mistake = inheritanceMistake(section, kind);
  if (mistake !== null) line.alert(`${mistake} (defaults section at ${placeText(section.config.at)}).`, 'reader');
  else if (kind === 'frontend' || kind === 'backend') section.usedBy.add(kind);
}

/** Rules of a defaults section must make sense for every proxy that takes them over. */
function inheritanceMistake(section: ProxyDraft, kind: ProxyKind): string | null {
  const { rules } = section.config;
  if (Object.values(rules).every((list) => list.length === 0)) return null;
  const owner = 'cannot inherit from a defaults section defining';
  if (kind === 'defaults') return `a defaults section ${owner} TCP/HTTP rules`;
  if (kind === 'listen') return `a listen section ${owner} TCP/HTTP rules`;
  if (section.usedBy.has(kind === 'frontend' ? 'backend' : 'frontend')) {
    return 'frontends and backends cannot inherit from the same defaults section if it defines TCP/HTTP rules';
  }
  const early = rules['tcp-request'].some((rule) => rule.words[0] === 'connection' || rule.words[0] === 'session');
  if (kind === 'backend' && early) {
    return `a backend section ${owner} 'tcp-request connection' or 'tcp-request session' rules`;
  }
  if (kind === 'frontend' && rules['tcp-response'].length > 0)
    return `a frontend section ${owner} 'tcp-response content' rules`;
  return null;
}

/** A frontend and a backend may share a name; no two sides of the same kind may. */
function checkProxyTwin(line: Line, proxy: ProxyDraft): void {
  const { name } = proxy.config;
  const namesakes = line.context.config.proxiesByName.get(name) ?? [];
  const twin = namesakes.find((other) => overlaps(other.kind, proxy.kind));
  if (twin === undefined || name === '') return;
  const label = (kind: ProxyKind) => (kind === 'listen' ? 'proxy' : kind);
  line.alert(
    `${label(proxy.kind)} '${name}' has the same name as ${label(twin.kind)} '${twin.config.name}' declared at ${placeText(twin.config.at)}.`,
    'reader',
  );
}

function overlaps(a: ProxyKind, b: ProxyKind): boolean {
  return a === b || a === 'listen' || b === 'listen';
}

function readProxyLine(line: Line, proxy: ProxyDraft): void {
  if (line.word(0) === 'option') return readOption(line, proxy);
  const row = PROXY_KEYWORDS.find(line.words);
  if (row === undefined) {
    line.alert(
      `unknown keyword '${line.word(0)}' in '${proxy.kind}' section${didYouMean(line.word(0), ['option', ...PROXY_KEYWORDS.firstWords(proxy.kind)])}`,
    );
    return;
  }
  if (checkPrefix(line, row.negatable === true) && mayStandHere(line, proxy, row, row.name)) applyRow(row, line, proxy);
}

function readOption(line: Line, proxy: ProxyDraft): void {
  const name = line.word(1);
  if (name === '') return line.alert("'option' expects an option name.", 'reader');
  const row = PROXY_OPTIONS.get(name);
  if (row === undefined) {
    const near = didYouMean(name, PROXY_OPTIONS.firstWords());
    return line.alert(`unknown option '${name}'${near === '' ? '.' : near}`);
  }
  if (line.prefix !== '' && !row.negatable)
    return line.alert(`negation/default is not supported for option '${name}'.`, 'reader');
  if (!mayStandHere(line, proxy, row, name)) return;
  if (row.status === 'works') row.parse!(line, proxy);
  else if (row.status === 'refused' && line.prefix !== '') setOption(proxy, name, false);
  else remark(line, `option ${name}`, row.status, row.why ?? '');
  return undefined;
}

/**
 * Whether `row` may be used in this kind of section: an alert in `defaults`, else a warning (the line has no effect),
 * or an alert where the row is strict.
 */
function mayStandHere(line: Line, proxy: ProxyDraft, row: Keyword<ProxyDraft>, label: string): boolean {
  if (row.named && proxy.kind === 'defaults' && !proxy.named) {
    line.alert(`'${label}' not allowed in anonymous 'defaults' section.`);
    return false;
  }
  if (row.sections === undefined || row.sections.includes(proxy.kind)) return true;
  if (proxy.kind === 'defaults') {
    const form = row.strict ? 'server' : label === 'id' || label === 'description' ? 'reader' : 'parsing';
    line.alert(`'${label}' not allowed in 'defaults' section.`, form);
    return false;
  }
  const lacks = proxy.kind === 'frontend' ? 'backend' : 'frontend';
  const owner = `because ${proxy.kind} '${proxy.config.name}' has no ${lacks} capability`;
  if (row.strict) line.alert(`'${label}' not allowed ${owner}.`);
  else if (label.startsWith('timeout ')) {
    line.warning(`'${label}' will be ignored ${owner}`);
    // Tarpits of a frontend that says nothing of their own take it all the same, as in HAProxy.
    return label === 'timeout connect' && proxy.kind === 'frontend';
  } else line.warning(`'${label}' ignored ${owner}.${row.hint === undefined ? '' : ` ${row.hint}`}`);
  return false;
}
