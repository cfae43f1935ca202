import { entryOf, pointerOf, unfitEntry, unknownPatterns } from '../../change/rows/patterns/subject.ts';
import { bytesOf, textOfBytes } from '../../config/bytes.ts';
import type { LivePatterns } from '../../model/patterns/references.ts';
import { type Answer, dump, error, nothing, Severity } from '../answer.ts';
import { apply } from '../apply.ts';
import { matchLine } from '../patterns/match-line.ts';
import type { Call, Command } from '../registry.ts';

type Kind = 'map' | 'acl';

const NAME = { map: 'map', acl: 'ACL' } as const;

const unknown = (kind: Kind): Answer => error(unknownPatterns(kind).text);

/** Takes `@<version>` off the front: undefined when there is none, NaN when it is no number. */
function versionFirst(args: readonly string[]): readonly [version: number | undefined, rest: readonly string[]] {
  if (!args[0]?.startsWith('@')) return [undefined, args];
  return [/^@[0-9]{1,9}$/.test(args[0]) ? Number(args[0].slice(1)) : Number.NaN, args.slice(1)];
}

/** A member that is only there when there is a version. */
const inVersion = (version: number | undefined) => (version === undefined ? {} : { version });

function show(kind: Kind, { args, control }: Call): Answer {
  const { patterns } = control.model;
  const [version, [name]] = versionFirst(args);
  if (!args[0]) return dump(listing(patterns.all().filter(({ config }) => config[kind])));
  const live = patterns.find(kind, name ?? '');
  if (live === null) return unknown(kind);
  // HAProxy reads what is no number as 0, which may be the version in force.
  return Number.isNaN(version) ? error('Version number out of range.') : dump(entries(live, version));
}

function* listing(all: readonly LivePatterns[]): Generator<string> {
  yield '# id (file) description\n';
  for (const { config, store, prepared, current, next } of all) {
    const versions = [store.current, ...prepared.values()];
    const count = versions.reduce((sum, version) => sum + store.count(version), 0);
    const { id, name, description } = config;
    yield `${id} (${name}) ${description}. curr_ver=${current} next_ver=${next} entry_cnt=${count}\n`;
  }
}

function* entries({ config, store, prepared, current }: LivePatterns, version = current): Generator<string> {
  const address = version === current ? store.current : prepared.get(version);
  if (address === undefined) return;
  for (const entry of store.entries(address)) {
    const value = config.keyed ? ` ${store.value(entry)}` : '';
    yield textOfBytes(`${pointerOf(entry)} ${store.key(entry)}${value}\n`);
  }
}

function get(kind: Kind, { args, control }: Call): Answer {
  const [name, ...words] = args;
  if (!name || !words[0]) return error(`Missing ${NAME[kind]} identifier and/or key.`);
  const live = control.model.patterns.find(kind, name);
  if (live === null) return unknown(kind);
  return dump(live.config.uses.map((use) => textOfBytes(`${matchLine(kind, live, use, words[0]!)}\n`)));
}

async function addMap(call: Call): Promise<Answer> {
  const [version, [map, key, ...words]] = versionFirst(call.args);
  if (!map || (call.payload === null && (!key || words.length === 0)))
    return error(
      "'add map' expects three parameters (map identifier, key and value) or one parameter (map identifier) and a payload",
    );
  const live = call.control.model.patterns.find('map', map);
  if (live === null) return unknown('map');
  if (call.payload !== null) return addLines(call, map, live, version);
  return apply(call, { kind: 'map.add', map, key: key!, value: words.join(' '), ...inVersion(version) });
}

/** Lines of a key and a value: those before the first that is wrong are added. */
async function addLines(call: Call, map: string, live: LivePatterns, version: number | undefined): Promise<Answer> {
  const entries: [string, string][] = [];
  let wrong: string | null = null;
  for (const line of call.payload!.split('\n')) {
    const [, key = '', value = ''] = /^[ \t]*([^ \t\r]*)[ \t]*(.*?)\r?$/.exec(line)!;
    if (key === '') continue;
    wrong = value === '' ? `Missing value for key '${textOfBytes(key)}'.` : null;
    const trouble = wrong === null ? unfitEntry(live, [[key, value]]) : null;
    wrong ??= trouble === null ? null : `${trouble}.`;
    if (wrong !== null) break;
    entries.push([key, value]);
  }
  if (entries.length === 0) return wrong === null ? error('the payload has no entry.') : error(wrong);
  const answer = await apply(call, { kind: 'map.add-all', map, entries, ...inVersion(version) });
  return wrong === null ? answer : error(wrong);
}

function addAcl(call: Call): Answer | Promise<Answer> {
  const [version, [acl, pattern]] = versionFirst(call.args);
  if (!acl || !pattern) return error("'add acl' expects two parameters: ACL identifier and pattern.");
  return apply(call, { kind: 'acl.add', acl, pattern, ...inVersion(version) });
}

/** The key that words name: itself, or that of the entry with a pointer. */
function keyFor(call: Call, kind: Kind, name: string, word: string): { readonly key: string; readonly entry?: string } {
  if (!/^#(0x)?[0-9a-f]{1,13}$/i.test(word)) return { key: word };
  const pointer = `0x${word.replace(/^#(0x)?/i, '').toLowerCase()}`;
  const live = call.control.model.patterns.find(kind, name);
  const entry = live === null ? 0 : entryOf(live, pointer);
  return { key: entry === 0 ? word : live!.store.key(entry), entry: pointer };
}

function set(call: Call): Answer | Promise<Answer> {
  const [map, word, ...words] = call.args;
  if (!map || !word || words.length === 0)
    return call.args[0] && call.control.model.patterns.find('map', call.args[0]) === null
      ? unknown('map')
      : error("'set map' expects three parameters: map identifier, key and value.");
  return apply(call, { kind: 'map.set', map, value: words.join(' '), ...keyFor(call, 'map', map, word) });
}

/** All entries of a key go, each by a Change of its own; the first one last, so that no other one is found meanwhile. */
async function del(kind: Kind, call: Call): Promise<Answer> {
  const [name, word] = call.args;
  const live = name ? call.control.model.patterns.find(kind, name) : null;
  if (name && live === null) return unknown(kind);
  if (!name || live === null || !word)
    return error(`This command expects two parameters: ${NAME[kind]} identifier and key.`);
  const { key, ...entry } = keyFor(call, kind, name, word);
  const more = 'entry' in entry ? 0 : [...live.store.withKey(live.store.current, bytesOf(key))].length - 1;
  const gone = (which: { readonly last?: true } | { readonly entry?: string }) =>
    apply(
      call,
      kind === 'map'
        ? { kind: 'map.del', map: name, key, ...which }
        : { kind: 'acl.del', acl: name, pattern: key, ...which },
    );
  for (let i = 0; i < more; i++) {
    const answer = await gone({ last: true });
    if (answer.kind === 'message' && answer.severity <= Severity.error) return answer;
  }
  return gone(entry);
}

function clear(kind: Kind, call: Call): Answer | Promise<Answer> {
  const [version, [name]] = versionFirst(call.args);
  if (!name) return error(`Missing ${NAME[kind]} identifier.`);
  const live = call.control.model.patterns.find(kind, name);
  if (live === null) return unknown(kind);
  // HAProxy's manual says that they go; since 3.4 it leaves the entries of a version that waits.
  if (version !== undefined && version !== live.current)
    return live.prepared.has(version) ? nothing : error('Version number out of range.');
  return apply(call, kind === 'map' ? { kind: 'map.clear', map: name } : { kind: 'acl.clear', acl: name });
}

function prepare(kind: Kind, call: Call): Answer | Promise<Answer> {
  const [name = ''] = call.args;
  return apply(call, kind === 'map' ? { kind: 'map.prepare', map: name } : { kind: 'acl.prepare', acl: name });
}

function commit(kind: Kind, call: Call): Answer | Promise<Answer> {
  const [version, [name = '']] = versionFirst(call.args);
  if (version === undefined) return error('Missing version number.');
  if (name === '') return error(`Missing ${NAME[kind]} identifier.`);
  return apply(
    call,
    kind === 'map' ? { kind: 'map.commit', map: name, version } : { kind: 'acl.commit', acl: name, version },
  );
}

function commandsOf(kind: Kind): Command[] {
  const name = `<${kind}>`;
  const thing = NAME[kind];
  const row = { level: 'admin', where: 'worker' } as const;
  const entry = kind === 'map' ? 'entry' : 'pattern';
  return [
    {
      ...row,
      ...{ words: `show ${kind}`, args: `[@<ver>] ${name}` },
      help: `report available ${thing}s or dump ${kind === 'map' ? 'a map' : 'an ACL'}'s contents`,
      run: (call) => show(kind, call),
    },
    {
      ...row,
      ...{ words: `get ${kind}`, args: `${name} <${kind === 'map' ? 'key' : 'value'}>` },
      help: `report the patterns matching a sample for ${kind === 'map' ? 'a map' : 'an ACL'}`,
      run: (call) => get(kind, call),
    },
    {
      ...row,
      ...{ words: `add ${kind}`, args: `[@<ver>] ${name} ${kind === 'map' ? '<key> <val>' : '<pattern>'}` },
      help: `add ${kind === 'map' ? 'a map' : 'an ACL'} ${entry}`,
      about: kind === 'map' ? 'With a payload of lines `key value`, all of them in one Change.' : '',
      changes: true,
      run: (call) => (kind === 'map' ? addMap(call) : addAcl(call)),
    },
    ...(kind === 'map'
      ? [
          {
            ...row,
            ...{ words: 'set map', args: '<map> [<key>|#<ref>] <value>' },
            help: "modify a map's entry",
            changes: true as const,
            run: set,
          },
        ]
      : []),
    {
      ...row,
      ...{ words: `del ${kind}`, args: `${name} [<key>|#<ref>]` },
      help: `delete ${kind === 'map' ? 'map' : 'ACL'} entries matching <key>`,
      about: 'All entries of a key; with a reference (`#0x...`) that one.',
      changes: true,
      run: (call) => del(kind, call),
    },
    {
      ...row,
      ...{ words: `clear ${kind}`, args: `[@<ver>] ${name}` },
      help: `clear the contents of this ${thing}`,
      changes: true,
      run: (call) => clear(kind, call),
    },
    {
      ...row,
      ...{ words: `prepare ${kind}`, args: name },
      help: `prepare a new version for atomic ${thing} replacement`,
      changes: true,
      run: (call) => prepare(kind, call),
    },
    {
      ...row,
      ...{ words: `commit ${kind}`, args: `@<ver> ${name}` },
      help: `commit the ${thing} at this version`,
      changes: true,
      run: (call) => commit(kind, call),
    },
  ];
}

/** Keys and values are bytes from here on, as traffic has them. */
function inBytes(command: Command): Command {
  return {
    ...command,
    run: (call) => command.run({ ...call, args: argsInBytes(call.args), payload: payloadInBytes(call) }),
  };
}

/** All but the name of the map or ACL, which is the first word or stands behind a version. */
function argsInBytes(args: readonly string[]): readonly string[] {
  const name = args[0]?.startsWith('@') ? 1 : 0;
  return args.map((word, i) => (i === name ? word : bytesOf(word)));
}

function payloadInBytes({ payload }: Call): string | null {
  return payload === null ? null : bytesOf(payload);
}

/** Maps and ACLs. */
export const patternCommands: readonly Command[] = [...commandsOf('map'), ...commandsOf('acl')].map(inBytes);
