/** Keywords of `peers` sections (manual, section 3.5). */

import { parseBindLine } from '../bind.ts';
import type { PeersDraft } from '../draft.ts';
import { newServer } from '../draft-server.ts';
import type { Line } from '../line.ts';
import { readDefaultServer, readServer } from '../server.ts';
import { parseStickTable } from '../tables/stick-table.ts';
import { parseInteger } from '../units.ts';
import { reportBindOptions, reportOptions } from './ends.ts';
import type { Option } from './option.ts';
import { addTable } from './stick.ts';
import { KeywordTable, noticed, remark, works } from './table.ts';

/** Options of `server` lines, beside those of TLS, that say something of how a peer is reached. */
const PEER_OPTIONS: ReadonlySet<string> = new Set(['namespace', 'shard', 'socks4', 'source', 'tcp-md5sig']);

/** Options of `bind` lines, beside those of TLS, that say something of where peers are accepted. */
const PEER_BIND_OPTIONS: ReadonlySet<string> = new Set([
  ...['backlog', 'cc', 'defer-accept', 'id', 'interface', 'mss', 'name', 'tcp-ut', 'tfo', 'transparent'],
  ...['namespace', 'tcp-md5sig', 'v4v6', 'v6only'],
]);

/** HAProxy would send something in front of the protocol of peers. */
const FORWARDED = /^(?:send-proxy|no-send-proxy|set-proxy-v2-tlv-fmt|proxy-v2-options)/;

/** Gathers the options that are about servers of requests, to say so; refuses those that would change what is sent. */
function admitPeerOptions(): { idle: Set<string>; admit(row: Option<never>): string | null } {
  const idle = new Set<string>();
  return {
    idle,
    admit({ name, tls, status }) {
      if (FORWARDED.test(name)) return `'${name}' is not supported for peers: they know each other by their names`;
      if (status === 'works' && !tls && !PEER_OPTIONS.has(name)) idle.add(name);
      return null;
    },
  };
}

/** `peer <name> [<addr>]` and `server <name> [<addr>]`: the local one may have no address when a `bind` line gives it. */
function parsePeer(line: Line, draft: PeersDraft): void {
  const [word, name, addressText = ''] = line.words;
  const { peers, defaultServer, lines } = draft;
  const byPeerLine = word === 'peer';
  if (name === undefined) return line.alert(`'${line.word(0)}' expects <name> and <addr>[:<port>] as arguments.`);
  if (lines.some(({ server }) => server.name === name))
    return line.alert(`'${line.word(0)} ${name}' : peer already declared in section '${peers.name}'.`);
  if (byPeerLine && addressText !== '' && draft.bindAddress !== '')
    return line.alert('mixing "peer" and "bind" line is forbidden');
  const words = addressText === '' ? [name, '0.0.0.0:0'] : line.words.slice(1);
  const { idle, admit } = admitPeerOptions();
  const { global } = line.context.config;
  const { draft: server, error, report } = readServer(words, defaultServer, line.at, global, admit);
  const where = `'${line.word(0)} ${name}' : `;
  reportOptions(line, report, where, 'parsing');
  remarkIdle(line, idle);
  if (error !== null) return line.alert(`${where}${error}`);
  if (addressText !== '' && 'port' in server.address && server.address.port === 0)
    return line.alert(`${where}missing port specification in '${addressText}'`);
  if (peers.shards > 0 && server.shard > peers.shards) {
    line.warning(
      `${where}${server.shard} peer shard greater value than ${peers.shards} shards value is ignored.`,
      'parsing',
    );
    server.shard = 0;
  }
  lines.push({ server, addressText, byPeerLine });
  return undefined;
}

function remarkIdle(line: Line, options: ReadonlySet<string>): void {
  for (const option of options) remark(line, option, 'noticed', 'peers are not servers of requests.');
}

function parseDefaultServer(line: Line, { defaultServer }: PeersDraft): void {
  const { idle, admit } = admitPeerOptions();
  const report = readDefaultServer(line.words.slice(1), defaultServer, line.context.config.global, admit);
  if (reportOptions(line, report, '', 'server')) remarkIdle(line, idle);
  else line.alert(report.error!.text, 'server');
}

/** `bind <address> [<options>]` and `default-bind <options>`: what they say adds up to one socket. */
function parsePeersBind(line: Line, draft: PeersDraft): void {
  const word = line.word(0);
  const hasAddress = word === 'bind';
  if (hasAddress && line.word(1) === '') return line.alert("'bind' expects {<path>|[addr1]:port1[-end1]} as argument.");
  const options = line.words.slice(hasAddress ? 2 : 1);
  const { binds, addressError, report } = parseBindLine([hasAddress ? line.word(1) : '127.0.0.1:1', ...options], {
    at: line.at,
    tls: line.context.config.global,
    admit: ({ name, tls, status }) =>
      status === 'works' && !tls && !PEER_BIND_OPTIONS.has(name)
        ? `'${name}' is not supported here: it is for 'bind' lines of proxies`
        : null,
  });
  if (addressError !== null) return line.alert(`'bind' : ${addressError}`);
  if (!reportBindOptions(line, report, line.word(1))) return;
  if (hasAddress) {
    const { address } = binds[0]!;
    if (!('port' in address) && address.family !== 'fd')
      return line.alert(`'bind ${line.word(1)}' : peers listen on an IP address and port.`);
    if (draft.lines.some(({ byPeerLine, addressText }) => byPeerLine && addressText !== ''))
      return line.alert('mixing "peer" and "bind" line is forbidden');
    if (draft.bindAddress !== '' || binds.length > 1)
      return line.alert('One listener per "peers" section is authorized.');
    draft.bindAddress = line.word(1);
  }
  draft.bindAt = line.at;
  draft.bindOptions.push(...options);
  return undefined;
}

/** `shards <number>`: how many shards keys are spread over. */
function parseShards(line: Line, { peers, lines }: PeersDraft): void {
  const shards = parseInteger(line.word(1));
  if (line.word(1) === '') return line.alert("'shards' : missing value.");
  if (shards === null || shards <= 0)
    return line.alert(`'shards' : invalid value '${line.word(1)}', must be a number greater than 0.`);
  if (!line.atMost(1)) return;
  const beyond = lines.find(({ server }) => server.shard > shards);
  if (beyond !== undefined)
    return line.alert(
      `'shards' : peer '${beyond.server.name}' is of shard ${beyond.server.shard}, and ${shards} are declared.`,
    );
  peers.shards = shards;
}

/** `table <name> <settings>`: a table that other sections use as `<section>/<name>`. */
function parsePeersTable(line: Line, { peers }: PeersDraft): void {
  const table = parseStickTable(line, 2, `${peers.name}/${line.word(1)}`, peers.name);
  if (table !== null) addTable(line, table, () => peers.tables.push(table));
}

export const PEERS_KEYWORDS = new KeywordTable<PeersDraft>([
  works<PeersDraft>('peer', '<name> [<address>[:<port>]] [<options>]', parsePeer),
  works<PeersDraft>('server', '<name> [<address>[:<port>]] [<options>]', parsePeer),
  works<PeersDraft>('bind', '<address>:<port> [<options>]', parsePeersBind),
  works<PeersDraft>('default-bind', '<options>', parsePeersBind),
  works<PeersDraft>('default-server', '<options>', parseDefaultServer),
  works<PeersDraft>('disabled', '', (line, { peers }) => {
    if (line.atMost(0)) peers.disabled = true;
  }),
  works<PeersDraft>('enabled', '', (line, { peers }) => {
    if (line.atMost(0)) peers.disabled = false;
  }),
  works<PeersDraft>('shards', '<number>', parseShards),
  works<PeersDraft>('table', '<name> <settings>', parsePeersTable),
  ...noticed<PeersDraft>('connections of peers are not logged.', ['log <target> <facility> [...]']),
]);

export function newPeers(name: string, at: Line['at']): PeersDraft {
  return {
    peers: { name, at, disabled: false, bind: null, shards: 0, peers: [], tables: [] },
    defaultServer: newServer(at),
    lines: [],
    bindAddress: '',
    bindOptions: [],
    bindAt: null,
  };
}
