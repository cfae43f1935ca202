import { basedPath } from '../../config/tls.ts';
import { parseTime } from '../../config/units.ts';
import { optionsText, parseCrtListLine } from '../../model/certificates/crt-list-line.ts';
import { bindView } from '../../model/certificates/make-views.ts';
import { opensslDate } from '../../model/certificates/openssl-text.ts';
import type { CertificateStore, StoredBind, StoredCertificate, StoredList } from '../../model/certificates/store.ts';
import type { SniEntryView } from '../../model/certificates/views.ts';
import { type Answer, dump, error, Severity } from '../answer.ts';
import { apply } from '../apply.ts';
import type { Call, Command } from '../registry.ts';

/** Folders are named with or without a slash behind. */
const withoutSlash = (path: string): string => path.replace(/\/+$/, '');

function show({ args, control }: Call): Answer {
  const { certificates } = control.model;
  const numbered = args[0] === '-n';
  const name = args[numbered ? 1 : 0];
  if (numbered && !name) return error("'show ssl crt-list -n' expects a filename or a directory");
  if (!name) return dump([...certificates.lists.keys()].sort().map((path) => `${path}\n`));
  const list = certificates.lists.get(withoutSlash(name));
  return list === undefined ? error("didn't find the specified filename") : dump(lines(list, numbered));
}

function* lines({ path, entries }: StoredList, numbered: boolean): Generator<string> {
  yield `# ${path}\n`;
  for (const { certificate, line, filters, ...entry } of entries) {
    const words = [`${certificate}${numbered ? `:${line}` : ''}`, optionsText(entry), ...filters];
    yield `${words.filter((word) => word !== '').join(' ')}\n`;
  }
}

async function add(call: Call): Promise<Answer> {
  const [word, certificate] = call.args;
  if (!word || (call.payload === null && !certificate))
    return error("'add ssl crtlist' expects a filename and a certificate name");
  const refuse = (text: string) => error(`Can't edit the crt-list: ${text}`);
  const { config, certificates } = call.control.model;
  const list = withoutSlash(word);
  if (call.payload?.includes('\n')) return refuse('only one line of payload is supported!');
  const line = parseCrtListLine(call.payload ?? certificate!, 'CLI:1', config.global.caBase);
  if (line === null) return refuse("'add ssl crtlist' should contain the certificate name in the payload");
  if (!certificates.lists.has(list)) return refuse(`crt-list '${list}' does not exist!`);
  if ('error' in line) return refuse(line.error);
  const path = basedPath(config.global.crtBase, line.certificate);
  const uses = bindsOf(certificates, list);
  const options = optionsText(line).replaceAll('\0', '');
  const answer = await apply(call, { kind: 'crt-list.add', list, certificate: path, options, filters: line.filters });
  if (call.session.transaction) return answer;
  if (answer.kind === 'message' && answer.severity <= Severity.error) return refuse(answer.text);
  return dump(`Inserting certificate '${path}' in crt-list '${list}'${'.'.repeat(uses)}\nSuccess!\n`);
}

function bindsOf({ binds }: CertificateStore, list: string): number {
  return [...binds.values()].filter(({ sources }) => sources.some((one) => 'list' in one && one.list === list)).length;
}

async function del(call: Call): Promise<Answer> {
  const [list, word] = call.args;
  if (!list || !word) return error("'del ssl crtlist' expects a filename and a certificate name");
  const refuse = (text: string) => error(`Can't delete the entry: ${text}`);
  const colon = word.indexOf(':');
  const number = colon < 0 ? null : word.slice(colon + 1);
  if (number !== null && !/^\d{1,9}$/.test(number)) return refuse(`wrong line number after colons in '${word}'!`);
  const answer = await apply(call, {
    kind: 'crt-list.del',
    list: withoutSlash(list),
    certificate: colon < 0 ? word : word.slice(0, colon),
    line: number === null || Number(number) === 0 ? null : Number(number),
  });
  if (answer.kind !== 'message' || answer.severity > Severity.error) return answer;
  return refuse(answer.text);
}

/** Which certificates `show ssl sni` is about. */
interface SniFilter {
  readonly frontend: string | null;
  /** Only those that have ended by then, ms. */
  readonly endedBy: number | null;
}

function showSni({ args, control }: Call): Answer {
  const filter = sniFilter(args);
  if ('error' in filter) return error(filter.error);
  const { certificates, proxies } = control.model;
  if (filter.frontend !== null && !proxies.some((proxy) => proxy.isFrontend && proxy.name === filter.frontend))
    return error(`Didn't find the specified frontend`);
  return dump(sniLines(certificates, filter));
}

function sniFilter(args: readonly string[]): SniFilter | { readonly error: string } {
  let frontend: string | null = null;
  let ahead = 0;
  let ended = false;
  for (let i = 0; i < args.length && args[i] !== ''; i++) {
    const word = args[i];
    if (word === '-A') ended = true;
    else if (word === '-f' && args[i + 1]) frontend = args[++i]!;
    else if (word === '-t' && args[i + 1]) {
      const time = parseTime(args[++i]!, 's');
      if (typeof time !== 'number') return { error: `'-t' expects a time, not '${args[i]}'` };
      ahead = time * 1000;
    } else return { error: "Invalid parameters, 'show ssl sni' only supports '-f', '-A' or '-t' options" };
  }
  return { frontend, endedBy: ended ? Date.now() + ahead : null };
}

function* sniLines(store: CertificateStore, { frontend, endedBy }: SniFilter): Generator<string> {
  yield '# Frontend/Bind\tSNI\tNegative Filter\tType\tFilename\tNotAfter\tNotBefore\n';
  const byId = new Map([...store.certificates.values()].map((one) => [one.id, one]));
  for (const bind of store.binds.values()) {
    if (frontend !== null && bind.proxy !== frontend) continue;
    for (const { name, negative, stored } of namesOf(store, bind, byId)) {
      const { keyType, notAfter, notBefore } = stored.content!;
      if (endedBy !== null && notAfter > endedBy) continue;
      const place = `${bind.proxy}/${bind.at.file}:${bind.at.line}`;
      yield `${place}\t${name}\t${negative}\t${keyType}\t${stored.path}\t${opensslDate(notAfter)}\t${opensslDate(notBefore)}\n`;
    }
  }
}

interface SniName {
  readonly name: string;
  readonly negative: string;
  readonly stored: StoredCertificate;
}

/** Names that a line answers to: exact ones in order, then wildcards, of which the default is the widest. */
function namesOf(store: CertificateStore, bind: StoredBind, byId: ReadonlyMap<number, StoredCertificate>): SniName[] {
  const { entries, defaults } = bindView(store, bind);
  const exact: SniName[] = [];
  const wild: SniName[] = [];
  const add = (entry: SniEntryView, name: string) => {
    const stored = byId.get(entry.certificate);
    if (stored?.content == null) return;
    const isWild = name.startsWith('*');
    const against = isWild ? (entry.filters ?? []).filter((filter) => filter.startsWith('!')) : [];
    const negative = against.length === 0 ? '-' : against.map((filter) => `${filter} `).join('');
    (isWild ? wild : exact).push({ name, negative, stored });
  };
  for (const entry of entries) {
    const names = entry.filters ?? byId.get(entry.certificate)?.content?.names ?? [];
    for (const name of names) if (!name.startsWith('!')) add(entry, name);
  }
  for (const entry of defaults) if (!entry.filters?.includes('*')) add(entry, '*');
  const order = (a: SniName, b: SniName) => (a.name < b.name ? -1 : Number(a.name > b.name));
  return [...exact.sort(order), ...wild.sort(order)];
}

const row = { level: 'admin', where: 'worker' } as const;

/** crt-lists, and the names that they make listeners answer to. */
export const crtListCommands: readonly Command[] = [
  {
    ...row,
    ...{ words: 'show ssl crt-list', args: '[-n] [<list>]' },
    help: 'show the list of crt-lists or the content of a crt-list file <list>',
    run: show,
  },
  {
    ...row,
    ...{ words: 'add ssl crt-list', args: '<list> <cert> [opts]*' },
    help: 'add to crt-list file <list> a line <cert> or a payload',
    changes: true,
    run: add,
  },
  {
    ...row,
    ...{ words: 'del ssl crt-list', args: '<list> <cert[:line]>' },
    help: 'delete a line <cert> from crt-list file <list>',
    changes: true,
    run: del,
  },
  {
    ...{ level: 'user', where: 'worker' },
    ...{ words: 'show ssl sni', args: '[-f <frontend>] [-A] [-t <offset>]' },
    help: 'display the list of SNIs and their corresponding filename',
    about: '`-A`: only certificates that have ended, with `-t` those that will have ended after so long.',
    run: showSni,
  },
];
