/** Edits of a `server` line as a whole: its name, its address, a new one, its end. */

import { isIP } from 'node:net';
import { strangeNameCharacter } from '../keywords/arguments.ts';
import type { EditOf, EditProblem, Planned } from './edit.ts';
import { type Files, indentedAfter, lastOf, locate, placeOf, statementsOf } from './places.ts';
import { serverReference } from './references.ts';
import { makerOf, type ServerLine, serverLine } from './server-lines.ts';
import { serverFlag, serverValue } from './server-values.ts';
import { isWritable, statementOf, withWords } from './words.ts';

/** A line after the last `server` of its section, or after its last statement. */
export function appendServer(files: Files, edit: EditOf<'server.append'>): Planned {
  const place = placeOf(files, { kind: 'backend', name: edit.backend });
  if ('text' in place) return place;
  const words = ['server', edit.server, edit.address, ...edit.words];
  const strange = strangeNameCharacter(edit.server);
  if (edit.server === '' || strange !== null)
    return {
      at: null,
      text: `'${edit.server}' cannot be the name of a server${strange ? `: character '${strange}'` : ''}`,
    };
  if (!words.every(isWritable))
    return { at: null, text: `a word of server '${edit.server}' is empty or has an end of line in it` };
  const twin = makerOf(statementsOf(files, place), edit.server);
  if (twin !== undefined) {
    const text = `backend '${edit.backend}' already has a server '${edit.server}'`;
    return { at: locate(files, place.document, twin.index), text };
  }
  const after = lastOf(files, place, ([first]) => first === 'server');
  const raw = indentedAfter(files.documents[place.document]!, place, after, statementOf(words));
  return [{ document: place.document, at: after + 1, remove: 0, insert: [raw] }];
}

/** Takes the line away; a comment on lines before it stays. */
export function removeServer(files: Files, edit: EditOf<'server.remove'>): Planned {
  const found = serverLine(files, edit);
  if ('text' in found) return found;
  const reference = serverReference(files, found.place, edit);
  if (reference !== null) return reference;
  return [{ document: found.place.document, at: found.index, remove: 1, insert: [] }];
}

export function renameServer(files: Files, edit: EditOf<'server.rename'>): Planned {
  const found = serverLine(files, edit);
  if ('text' in found || edit.name === edit.server) return 'text' in found ? found : [];
  const strange = strangeNameCharacter(edit.name);
  if (edit.name === '' || strange !== null)
    return {
      at: null,
      text: `'${edit.name}' cannot be the name of a server${strange ? `: character '${strange}'` : ''}`,
    };
  const twin = makerOf(statementsOf(files, found.place), edit.name);
  if (twin !== undefined) {
    const text = `backend '${edit.backend}' already has a server '${edit.name}'`;
    return { at: locate(files, found.place.document, twin.index), text };
  }
  return serverReference(files, found.place, edit) ?? rewritten(found, 1, edit.name);
}

/** The host, the port, or both. */
export function setAddress(files: Files, edit: EditOf<'server.address'>): Planned {
  const found = serverLine(files, edit);
  if ('text' in found) return found;
  const word = found.line.words[2]!;
  const at = locate(files, found.place.document, found.index);
  if (word.variable !== '')
    return {
      at,
      text: `the address of server '${edit.server}' comes from an environment variable ('${word.text}'): edit it by hand`,
    };
  const address = newAddress(word.text, edit);
  if (typeof address !== 'string') return { at, text: address.text };
  if (
    /^[+-]/.test(edit.port ?? '') &&
    serverFlag(files, found, 'check') !== false &&
    serverValue(files, found, 'port') === null
  )
    return {
      at,
      text: `server '${edit.server}' is checked: with a port that depends on the client's ('${edit.port}') its checks need a 'port' of their own`,
    };
  return address === word.text ? [] : rewritten(found, 2, address);
}

function rewritten({ place, index, line }: ServerLine, word: number, value: string): Planned {
  return [{ document: place.document, at: index, remove: 1, insert: [withWords(line, word, 1, [value])] }];
}

/** An address of a server, cut into what it is written of. */
export interface WrittenAddress {
  /** `ipv4@`, `tcp+ipv6@`, ... or nothing. */
  readonly prefix: string;
  /** Without brackets. */
  readonly host: string;
  /** `80`, `+100`, or null where there is none. */
  readonly port: string | null;
}

/** Cuts an address as a server line has it; null for one that has no host (`unix@`, `/path`, `fd@`, `sockpair@`, ...). */
export function splitAddress(text: string): WrittenAddress | null {
  const prefix = /^(?:(?:stream|dgram)\+)?(?:[a-z0-9]+@)?/.exec(text)![0];
  const family = prefix.replace(/^(stream|dgram)\+/, '').replace('@', '');
  if (
    !['', 'ip', 'ipv4', 'ipv6', 'tcp', 'tcp4', 'tcp6', 'udp', 'udp4', 'udp6', 'mptcp', 'mptcp4', 'mptcp6'].includes(
      family,
    )
  )
    return null;
  const rest = text.slice(prefix.length);
  if (rest === '' || rest.startsWith('/')) return null;
  const colon = rest.lastIndexOf(':');
  const whole = colon < 0 || colon < rest.lastIndexOf(']');
  const host = whole ? rest : rest.slice(0, colon);
  return { prefix, host: host.replace(/^\[(.*)\]$/, '$1'), port: whole ? null : rest.slice(colon + 1) };
}

function newAddress(written: string, edit: EditOf<'server.address'>): string | Omit<EditProblem, 'at'> {
  const parts = splitAddress(written);
  if (parts === null) return { text: `'${written}' is no address with a host and a port: edit it by hand` };
  const { host, port } = edit;
  if (host !== null && isIP(host) === 0 && !/^[A-Za-z0-9_.-]{1,255}$/.test(host))
    return { text: `'${host}' is neither an IP address nor a host name` };
  if (port !== null && !/^[+-]?\d{1,5}$/.test(port)) return { text: `'${port}' is no port` };
  const newHost = host ?? parts.host;
  const newPort = port ?? parts.port;
  if (newHost === parts.host && newPort === parts.port) return written;
  const family = isIP(newHost);
  const fixed = /4@$/.test(parts.prefix) ? 4 : /6@$/.test(parts.prefix) ? 6 : 0;
  if (family !== 0 && fixed !== 0 && family !== fixed)
    return { text: `'${parts.prefix}' takes no IPv${family} address: '${newHost}'` };
  const oldBrackets = written.includes('[') || isIP(parts.host) !== 6;
  const name = family === 6 && (oldBrackets || newPort === null) ? `[${newHost}]` : newHost;
  return parts.prefix + name + (newPort === null ? '' : `:${newPort}`);
}
