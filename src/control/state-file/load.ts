import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { GlobalConfig } from '../../config/types.ts';
import type { Model } from '../../model/model.ts';
import type { Proxy } from '../../model/proxy.ts';
import type { Server } from '../../model/server.ts';
import { leadingNumber } from '../../model/state-columns.ts';
import { errnoText } from '../../util/libc.ts';
import { parseStateFile, type StateLine } from './parse.ts';

/** Something to tell about a state file: on the terminal, and with `proxy` in its log too. */
export interface Remark {
  readonly severity: 'NOTICE' | 'WARNING';
  readonly text: string;
  readonly proxy?: Proxy;
}

/** What the state files have of the servers of a model. */
export interface SavedStates {
  readonly lines: ReadonlyMap<Server, StateLine>;
  readonly remarks: readonly Remark[];
}

/** Files are read at once: a line has 100 to 200 bytes, so that this is enough for a hundred thousand servers. */
const FILE_MAX = 64 << 20;

/**
 * Reads the state files that a configuration names (`server-state-file`, `load-server-state-from-file`), and finds the line of each
 * server. What cannot be read is told, and the start goes on without it.
 */
export function readSavedStates({ config: { global }, proxies }: Model): SavedStates {
  const remarks: Remark[] = [];
  const lines = new Map<Server, StateLine>();
  const file = global.serverStateFile;
  const shared = file === null ? null : read(pathOf(global, file), GLOBAL_WORDS, remarks);
  const byName = new Map<string, StateLine>();
  // Of lines for the same server the first one counts.
  for (const line of shared ?? []) setNew(byName, `${line.be_name} ${line.srv_name}`, line);
  for (const proxy of proxies) {
    const { serverStateFile: from, serverStateFileName } = proxy.config;
    if (!proxy.isBackend || proxy.state === 'disabled' || proxy.servers.length === 0 || from === 'none') continue;
    if (from === 'local') {
      readLocal(proxy, pathOf(global, serverStateFileName ?? proxy.name), lines, remarks);
      continue;
    }
    for (const server of proxy.servers) {
      const line = byName.get(`${proxy.name} ${server.name}`);
      if (line !== undefined) lines.set(server, line);
    }
  }
  return { lines, remarks };
}

function setNew<K, V>(map: Map<K, V>, key: K, value: V): void {
  if (!map.has(key)) map.set(key, value);
}

function pathOf({ serverStateBase: base }: GlobalConfig, name: string): string {
  return base === null || name.startsWith('/') ? name : join(base, name);
}

/** The file of one backend: lines of another one are left out, where a name or an id differs that is told. */
function readLocal(proxy: Proxy, path: string, lines: Map<Server, StateLine>, remarks: Remark[]): void {
  const byName = new Map<string, StateLine>();
  for (const line of read(path, localWords(proxy), remarks) ?? [])
    if (isOf(proxy, line, remarks)) setNew(byName, line.srv_name!, line);
  for (const server of proxy.servers) {
    const line = byName.get(server.name);
    if (line === undefined) continue;
    lines.set(server, line);
    byName.delete(server.name);
  }
  for (const name of byName.keys())
    remarks.push(logged(proxy, `can't find server '${name}' in backend '${proxy.name}'`));
}

/** Whether a line of a backend's own file is about that backend: by its name. That just one of name and id is right is told. */
function isOf(proxy: Proxy, line: StateLine, remarks: Remark[]): boolean {
  const sameId = leadingNumber(line.be_id!) === proxy.id;
  const sameName = line.be_name === proxy.name;
  if (sameId && sameName) return true;
  if (!sameId && !sameName) return false;
  const [what, saved, now] = sameName ? ['ID', line.be_id, proxy.id] : ['name', line.be_name, proxy.name];
  remarks.push(
    logged(proxy, `backend ${what} mismatch: from server state file: '${saved}', from running config '${now}'`),
  );
  return sameName;
}

function logged(proxy: Proxy, text: string): Remark {
  return { severity: 'WARNING', text, proxy };
}

/** How HAProxy tells of a file. */
interface Words {
  /** In front of all that is said. */
  readonly before: string;
  readonly file: string;
  /** At the end of what is said of a file that cannot be opened. */
  readonly end: string;
}

const GLOBAL_WORDS: Words = { before: 'config: ', file: 'global server state file', end: '' };
const localWords = ({ name }: Proxy): Words => ({ before: `Proxy '${name}': `, file: 'server state file', end: '.' });

/** The lines of a file, or null when there is none that can be used: that is told. */
function read(path: string, words: Words, remarks: Remark[]): readonly StateLine[] | null {
  const say = (severity: Remark['severity'], text: string): null => {
    remarks.push({ severity, text: words.before + text });
    return null;
  };
  let text: string;
  try {
    const about = statSync(path);
    if (!about.isFile()) return say('WARNING', `Can't open ${words.file} '${path}': not a regular file${words.end}`);
    if (about.size > FILE_MAX) return say('WARNING', `${words.file} '${path}' is larger than ${FILE_MAX >> 20} MB.`);
    text = readFileSync(path, 'latin1');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const severity = code === 'ENOENT' ? 'NOTICE' : 'WARNING';
    return say(severity, `Can't open ${words.file} '${path}': ${errnoText(code)}${words.end}`);
  }
  const file = parseStateFile(text);
  if ('lines' in file) return file.lines;
  if ('corruptedLine' in file)
    return say('WARNING', `corrupted ${words.file} '${path}' at line ${file.corruptedLine}.`);
  if (file.problem === 'empty') return say('NOTICE', `Empty ${words.file} '${path}'.`);
  return say('WARNING', `Can't get version of the ${words.file} '${path}'.`);
}
