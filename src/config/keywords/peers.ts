/** Keywords of `peers` sections (manual, section 3.5). */

import { parseBindLine } from '../bind.ts';
import type { Draft } from '../draft.ts';
import { newServer, type ServerDraft } from '../draft-server.ts';
import type { Line } from '../line.ts';
import { readDefaultServer, readServer } from '../server.ts';
import { parseStickTable } from '../tables/stick-table.ts';
import type { PeersConfig } from '../types.ts';
import { reportOptions } from './ends.ts';
import { addTable } from './stick.ts';
import { KeywordTable, noticed, refused, works } from './table.ts';

/** A peers section, and the settings its peers start from. */
export interface PeersDraft {
  readonly peers: Draft<PeersConfig>;
  readonly defaultServer: ServerDraft;
}

/** Peers listen and are reached over IP; `server` lines may name a Unix socket of a remote one. */
const NO_TLS = 'Peers are not reached over TLS by this version: put the connection into a tunnel.';
const NO_SHARD = 'Every peer is taught all entries.';

/** `peer <name> [<addr>]` and `server <name> [<addr>]`: the local one may have no address when a `bind` line gives it. */
function parsePeer(line: Line, { peers, defaultServer }: PeersDraft): void {
  const [word, name, address] = line.words;
  if (name === undefined) return line.alert(`'${line.word(0)}' expects <name> and <addr>[:<port>] as arguments.`);
  if (peers.peers.some((peer) => peer.name === name))
    return line.alert(`'${line.word(0)} ${name}' : peer already declared in section '${peers.name}'.`);
  if (address === undefined) {
    peers.peers.push({ name, address: null, byPeerLine: word === 'peer', at: line.at });
    return;
  }
  if (word === 'peer' && peers.binds.length > 0) return line.alert('mixing "peer" and "bind" line is forbidden');
  for (const [option, why] of [
    ['ssl', NO_TLS],
    ['shard', NO_SHARD],
  ] as const)
    if (line.words.includes(option, 3)) return line.alert(`'${option}' is not supported. ${why}`);
  const { draft, error, report } = readServer(line.words.slice(1), defaultServer, line.at, line.context.config.global);
  reportOptions(line, report, `'${line.word(0)} ${name}' : `, 'parsing');
  if (error !== null) return line.alert(`'${line.word(0)} ${name}' : ${error}`);
  if ('port' in draft.address && draft.address.port === 0)
    return line.alert(`'${line.word(0)} ${name}' : missing port specification in '${address}'`);
  peers.peers.push({ name, address: draft.address, byPeerLine: word === 'peer', at: line.at });
  return undefined;
}

function parsePeersBind(line: Line, { peers }: PeersDraft): void {
  if (line.word(1) === '') return line.alert("'bind' expects {<path>|[addr1]:port1[-end1]} as argument.");
  const { binds, addressError, report } = parseBindLine(line.words.slice(1), { at: line.at, tls: null });
  if (addressError !== null) return line.alert(`'bind' : ${addressError}`);
  if (!reportOptions(line, report, `'bind ${line.word(1)}' : `, 'parsing'))
    return line.alert(`'bind ${line.word(1)}' : ${report.error!.text}`);
  if (binds[0]!.tls !== null) return line.alert(`'ssl' is not supported. ${NO_TLS}`);
  if (!('port' in binds[0]!.address))
    return line.alert(`'bind ${line.word(1)}' : peers listen on an IP address and port.`);
  if (peers.peers.some(({ byPeerLine }) => byPeerLine)) return line.alert('mixing "peer" and "bind" line is forbidden');
  if (peers.binds.length + binds.length > 1) return line.alert('One listener per "peers" section is authorized.');
  peers.binds.push(...binds);
  return undefined;
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
  works<PeersDraft>('default-server', '<options>', (line, draft) => {
    const report = readDefaultServer(line.words.slice(1), draft.defaultServer, line.context.config.global);
    if (!reportOptions(line, report, '', 'server')) line.alert(report.error!.text, 'server');
  }),
  works<PeersDraft>('disabled', '', (line, { peers }) => {
    if (line.atMost(0)) peers.disabled = true;
  }),
  works<PeersDraft>('enabled', '', (line, { peers }) => {
    if (line.atMost(0)) peers.disabled = false;
  }),
  works<PeersDraft>('table', '<name> <settings>', parsePeersTable),
  ...noticed<PeersDraft>('connections of peers are not logged.', ['log <target> <facility> [...]']),
  ...refused<PeersDraft>('Write the options into the bind line.', ['default-bind <options>']),
  ...refused<PeersDraft>(NO_SHARD, ['shards <number>']),
]);

export function newPeers(name: string, at: Line['at']): PeersDraft {
  return { peers: { name, at, disabled: false, binds: [], peers: [], tables: [] }, defaultServer: newServer(at) };
}
