/** The two ends of a proxy: where it listens, and the servers that it connects to. */

import { parseAddress } from '../address.ts';
import { parseBindLine } from '../bind.ts';
import type { ProxyDraft } from '../draft.ts';
import type { ServerDraft } from '../draft-server.ts';
import type { Line } from '../line.ts';
import { expandTemplate, readDefaultServer, readServer, templateRange } from '../server.ts';
import type { OptionReport } from './option.ts';
import { setOption } from './options.ts';
import { inSections } from './sections.ts';
import { parseSource } from './server-source.ts';
import { type Keyword, remark, works } from './table.ts';

/** Tells what an option table said about the options of `line`; false when there was a mistake. */
export function reportOptions(line: Line, report: OptionReport, prefix: string, form: 'parsing' | 'server'): boolean {
  for (const warning of report.warnings) line.warning(`${prefix}${warning}`, form);
  // Options that belong together (`ssl crt ... alpn ...`) are refused for one reason: it is said once.
  const said = new Set<string>();
  for (const { option, status, why } of report.remarks) {
    if (status === 'refused' && said.has(why)) continue;
    said.add(why);
    remark(line, option, status, why);
  }
  return report.error === null;
}

/** The same for the options of a `bind` line or one of its like; `subject`: the word behind it. */
export function reportBindOptions(line: Line, report: OptionReport, subject: string): boolean {
  const where = `'${line.word(0)} ${subject}' in section '${line.section}'`;
  if (reportOptions(line, report, `${where} : `, 'parsing')) return true;
  const { kind, text } = report.error!;
  line.alert(kind === 'unknown' ? `${where}: ${text}.`.replace(/ \?\.$/, ' ?') : `${where} : ${text}`);
  return false;
}

function parseBind(line: Line, proxy: ProxyDraft): void {
  const addresses = line.word(1);
  if (addresses === '')
    return line.alert("'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.");
  const { prefix, ...unix } = line.context.config.unixBind;
  const { binds, addressError, report } = parseBindLine(line.words.slice(1), {
    at: line.at,
    unixPrefix: prefix,
    unix,
    tls: line.context.config.global,
  });
  if (addressError !== null) return line.alert(`'bind' : ${addressError}`);
  if (!reportBindOptions(line, report, addresses)) return;
  for (const bind of binds) {
    if (bind.id !== null && proxy.bindIds.has(bind.id))
      return line.alert(
        `'bind ${addresses}' in section '${line.section}' : 'id' : custom id ${bind.id} already used in this proxy.`,
      );
    if (bind.id !== null) proxy.bindIds.add(bind.id);
    proxy.config.binds.push(bind);
  }
}

/** Adds a server that was read without mistake; its name and forced id must be new. */
function addServer(line: Line, proxy: ProxyDraft, server: ServerDraft): void {
  const { name } = proxy.config;
  if (server.id !== null) {
    const other = proxy.serverIds.get(server.id);
    if (other !== undefined) {
      const where = `${other.at.file}:${other.at.line}`;
      return line.alert(
        `'server ${name}/${server.name}' : 'id' : custom id ${server.id} already used at ${where} ('server ${other.name}').`,
        'server',
      );
    }
    proxy.serverIds.set(server.id, server);
  }
  const twin = proxy.serverNames.get(server.name);
  if (twin !== undefined) {
    return line.alert(
      `${proxy.kind === 'listen' ? 'proxy' : proxy.kind} '${name}', another server named '${server.name}' was already defined at line ${twin.at.line}, please use distinct names.`,
    );
  }
  proxy.serverNames.set(server.name, server);
  proxy.servers.push(server);
}

/** The server's mistakes and remarks; null when there was a mistake. */
function readServerLine(line: Line, proxy: ProxyDraft, words: readonly string[]): ServerDraft | null {
  const { draft, error, report } = readServer(words, proxy.defaultServer, line.at, line.context.config.global);
  const where = words.length < 2 ? '' : `'server ${proxy.config.name}/${draft.name}' : `;
  reportOptions(line, report, where, 'server');
  if (draft.shard > 0) remark(line, 'shard', 'noticed', 'it is for peers.');
  if (error === null) return draft;
  line.alert(error.startsWith('character ') ? error : `${where}${error}`, 'server');
  return null;
}

function parseServer(line: Line, proxy: ProxyDraft): void {
  const server = readServerLine(line, proxy, line.words.slice(1));
  if (server !== null) addServer(line, proxy, server);
}

function parseServerTemplate(line: Line, proxy: ProxyDraft): void {
  const [, prefix, count, ...rest] = line.words;
  if (prefix === undefined || count === undefined || rest.length === 0) {
    return line.alert("'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments.", 'server');
  }
  const range = templateRange(count);
  if (range === null) return line.alert(`Wrong server-template number or range arg '${count}'.`, 'server');
  const model = readServerLine(line, proxy, [prefix, ...rest]);
  if (model === null) return;
  for (const server of expandTemplate(model, prefix, range)) addServer(line, proxy, server);
}

function parseDefaultServer(line: Line, proxy: ProxyDraft): void {
  const report = readDefaultServer(line.words.slice(1), proxy.defaultServer, line.context.config.global);
  if (reportOptions(line, report, '', 'server')) return;
  const { text, kind } = report.error!;
  line.alert(
    kind === 'unknown'
      ? `${text}${text.endsWith('?') ? '' : '.'} Hint: no address was expected for this server.`
      : text,
    'server',
  );
}

function parseProxySource(line: Line, proxy: ProxyDraft): void {
  if (line.word(1) === '')
    return line.alert("'source' expects <addr>[:<port>], and optionally 'usesrc' <addr>, and 'interface' <name>.");
  const result = parseSource(line.words, 0);
  if ('error' in result) return line.alert(result.error);
  if (line.atMost(result.used)) proxy.config.source = result.source;
}

function parseDispatch(line: Line, proxy: ProxyDraft): void {
  const parsed = parseAddress(line.word(1), { port: 'required' });
  if ('error' in parsed) line.alert(`'dispatch' : ${parsed.error}`);
  else if (line.atMost(1)) proxy.config.dispatch = parsed.address;
}

export const END_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  works('bind', '[<address>]:<port>[,...] [<options>]', parseBind, { sections: inSections('FL') }),
  works('server', '<name> <address>[:<port>] [<options>]', parseServer, { sections: inSections('LB'), strict: true }),
  works('server-template', '<prefix> <count|range> <address>[:<port>] [<options>]', parseServerTemplate, {
    sections: inSections('LB'),
    strict: true,
  }),
  works('default-server', '<options>', parseDefaultServer, { sections: inSections('DLB'), strict: true }),
  // The old form of the option.
  works('transparent', '', (line, proxy) => void (line.atMost(0) && setOption(proxy, 'transparent', true)), {
    sections: inSections('DLB'),
  }),
  works('dispatch', '<address>:<port>', parseDispatch, { sections: inSections('LB') }),
  works('source', '<address>[:<port>] [interface <name>]', parseProxySource, { sections: inSections('DLB') }),
];
