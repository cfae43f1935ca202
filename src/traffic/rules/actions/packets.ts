import { labelPackets } from '../../../net/sockets.ts';
import type { Stream } from '../../stream.ts';
import { type ActionRow, type RuleKind, Verdict } from '../types.ts';
import { compileNumber } from '../value.ts';
import { EVERYWHERE, REQUEST } from './kinds.ts';

type Label = 'mark' | 'tos';

const FRONT = EVERYWHERE.filter((kind) => kind !== 'http-after-response');

/** `set-fc-mark`, `set-fc-tos` and their older names: of packets to the client, from now on. */
function onClient(name: string, label: Label): ActionRow {
  return labelAction(name, FRONT, label, (stream, value) => {
    const { conn } = stream.client!.base;
    labelPackets(conn.fd, conn.remoteHost.includes(':'), label, value);
  });
}

/** `set-bc-mark`, `set-bc-tos`: of packets to the server, on a connection that is this stream's alone. */
function onServer(name: string, label: Label): ActionRow {
  return labelAction(name, REQUEST, label, (stream, value) => {
    stream.serverLabels = { ...stream.serverLabels, [label]: value };
  });
}

function labelAction(
  name: string,
  kinds: readonly RuleKind[],
  label: Label,
  set: (stream: Stream, value: number) => void,
): ActionRow {
  return {
    name,
    kinds,
    compile(words, env) {
      const number = compileNumber(words, env);
      if (typeof number !== 'function') return number;
      return (stream) => {
        const value = number(stream);
        if (value !== undefined) set(stream, label === 'tos' ? Number(value) & 0xff : Number(value) >>> 0);
        return Verdict.next;
      };
    },
  };
}

/** Actions that label packets (HAProxy manual, `set-fc-mark`, `set-bc-tos`, ...). */
export const packetActions: readonly ActionRow[] = [
  onClient('set-fc-mark', 'mark'),
  onClient('set-mark', 'mark'),
  onClient('set-fc-tos', 'tos'),
  onClient('set-tos', 'tos'),
  onServer('set-bc-mark', 'mark'),
  onServer('set-bc-tos', 'tos'),
];
