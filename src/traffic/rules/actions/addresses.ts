import type { EndpointView } from '../../../expr/types.ts';
import type { Stream } from '../../stream.ts';
import { type ActionRow, Verdict } from '../types.ts';
import { compileValue } from '../value.ts';
import { CLIENT_SIDE } from './kinds.ts';

type Side = 'source' | 'destination';

/** What a rule says of an address, for what follows: rules, balancing, `0.0.0.0` servers, PROXY protocol, logs. */
function override(stream: Stream, side: Side, endpoint: EndpointView): void {
  if (side === 'source') stream.sourceOverride = endpoint;
  else stream.destinationOverride = endpoint;
}

/** `set-src`, `set-dst`: another address, the port stays. */
function setHost(name: string, side: Side): ActionRow {
  return {
    name,
    kinds: CLIENT_SIDE,
    compile(words, env) {
      const value = compileValue(words, env, 'addr');
      if (typeof value !== 'function') return value;
      return (stream) => {
        const host = value(stream);
        if (typeof host === 'string') override(stream, side, { host, port: stream[side].port });
        return Verdict.next;
      };
    },
  };
}

/** `set-src-port`, `set-dst-port`: another port, the address stays; where there is none, it is `0.0.0.0`. */
function setPort(name: string, side: Side): ActionRow {
  return {
    name,
    kinds: CLIENT_SIDE,
    compile(words, env) {
      const value = compileValue(words, env, 'sint');
      if (typeof value !== 'function') return value;
      return (stream) => {
        const port = value(stream);
        if (port !== undefined)
          override(stream, side, { host: stream[side].host || '0.0.0.0', port: Number(port) & 0xffff });
        return Verdict.next;
      };
    },
  };
}

/** Actions that say where a client comes from and where it wanted to go (HAProxy manual, `set-src`, `set-dst`). */
export const addressActions: readonly ActionRow[] = [
  setHost('set-src', 'source'),
  setHost('set-dst', 'destination'),
  setPort('set-src-port', 'source'),
  setPort('set-dst-port', 'destination'),
];
