/** What connections tell of themselves: errors, streams, the kernel's figures (HAProxy manual, section 7.3.3). */

import type { TcpInfo } from '../../util/libc.ts';
import type { Arg } from '../args.ts';
import { CONNECTION_ERRORS } from '../connection-errors.ts';
import type { FetchRow, Source } from '../row.ts';
import type { Evaluate, ExprError, ValueType } from '../sample.ts';
import type { ExprContext, SampleValue, TransportFacts } from '../types.ts';

type Side = 'fc' | 'bc';

const transportOf = {
  fc: (ctx: ExprContext) => ctx.clientConnection?.transport,
  bc: (ctx: ExprContext) => ctx.serverTransport,
} as const;

const plain = (name: string, type: ValueType, source: Source, read: Evaluate): FetchRow => ({
  ...{ name, args: '', type, source },
  compile: () => read,
});

const fact = (side: Side, name: string, source: Source, read: (of: TransportFacts) => SampleValue | undefined) =>
  plain(name, 'sint', source, (ctx) => {
    const transport = transportOf[side](ctx);
    return transport == null ? undefined : read(transport);
  });

/** A figure of the kernel; times may be asked for in `ms` (by itself) or `us`. */
function figure(side: Side, key: keyof TcpInfo): FetchRow {
  const isTime = key === 'rtt' || key === 'rttvar';
  return {
    ...{ name: `${side}_${key}`, args: '[string]', type: 'sint', source: 'clientAddress' },
    compile([unit]: readonly Arg[]): Evaluate | ExprError {
      if (unit !== undefined && unit !== '' && !(isTime && (unit === 'ms' || unit === 'us')))
        return { error: "TCP_INFO time unit is either 'ms' or 'us'" };
      const divisor = isTime && unit !== 'us' ? 1000 : 1;
      return (ctx) => {
        const value = transportOf[side](ctx)?.tcpInfo()?.[key];
        return value === undefined ? undefined : Math.floor(value / divisor);
      };
    },
  };
}

const errorRows = (side: Side, source: Source, read: (ctx: ExprContext) => number | undefined): FetchRow[] => [
  plain(`${side}_err`, 'sint', source, read),
  plain(`${side}_err_name`, 'str', source, (ctx) => CONNECTION_ERRORS[read(ctx) ?? -1]?.[0]),
  plain(`${side}_err_str`, 'str', source, (ctx) => CONNECTION_ERRORS[read(ctx) ?? -1]?.[1]),
];

/** Types of PROXY protocol TLVs by name (its specification, section 2.2). */
const TLV_TYPES: Readonly<Record<string, number>> = {
  ALPN: 0x01,
  AUTHORITY: 0x02,
  CRC32C: 0x03,
  NOOP: 0x04,
  UNIQUE_ID: 0x05,
  SSL: 0x20,
  SSL_VERSION: 0x21,
  SSL_CN: 0x22,
  SSL_CIPHER: 0x23,
  SSL_SIG_ALG: 0x24,
  SSL_KEY_ALG: 0x25,
  NETNS: 0x30,
};

function compileTlv([arg]: readonly Arg[]): Evaluate | ExprError {
  const text = arg as string;
  const type = TLV_TYPES[text.toUpperCase()] ?? (/^(?:0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : -1);
  if (type < 0 || type > 0xff) return { error: `unknown TLV type '${text}'` };
  return (ctx) => ctx.clientConnection?.tlv?.(type);
}

/** Text for whoever looks for mistakes in this program. */
function debugText(side: 'fs' | 'bs', source: Source): FetchRow {
  return {
    ...{ name: `${side}.debug_str`, args: '[integer]', type: 'str', source },
    compile: () => (ctx) => {
      const transport = transportOf[side === 'fs' ? 'fc' : 'bc'](ctx);
      if (transport == null) return undefined;
      const { streamId, streams, aborted, resetCode } = transport;
      return `${side} id=${streamId} streams=${streams} aborted=${Number(aborted)} rst=${resetCode}`;
    },
  };
}

/** The same facts of the stream on each side's connection. */
const streamRows = (side: 'fs' | 'bs', of: Side, source: Source): FetchRow[] => [
  fact(of, `${side}.aborted`, source, ({ aborted }) => Number(aborted)),
  fact(of, `${side}.rst_code`, source, ({ resetCode }) => (resetCode < 0 ? undefined : resetCode)),
  debugText(side, source),
];

export const transportFetches: readonly FetchRow[] = [
  ...errorRows('fc', 'clientAddress', (ctx) => ctx.clientConnection?.error ?? 0),
  ...errorRows('bc', 'serverConnection', (ctx) => (ctx.unread || ctx.server == null ? undefined : ctx.serverError)),
  ...(['rtt', 'rttvar', 'unacked', 'sacked', 'lost', 'retrans', 'fackets', 'reordering'] as const).map((key) =>
    figure('fc', key),
  ),
  plain('fc_saved_syn', 'bin', 'clientAddress', (ctx) => transportOf.fc(ctx)?.savedSyn()),
  figure('bc', 'rtt'),
  figure('bc', 'rttvar'),
  fact('fc', 'fc_glitches', 'clientAddress', ({ glitches }) => glitches),
  fact('bc', 'bc_glitches', 'serverConnection', ({ glitches }) => glitches),
  fact('fc', 'fc_nb_streams', 'clientAddress', ({ streams }) => streams),
  fact('bc', 'bc_nb_streams', 'serverConnection', ({ streams }) => streams),
  fact('fc', 'fc_settings_streams_limit', 'clientConnection', ({ streamsLimit }) => streamsLimit),
  fact('bc', 'bc_settings_streams_limit', 'serverConnection', ({ streamsLimit }) => streamsLimit),
  plain('fs.id', 'str', 'clientConnection', (ctx) => transportOf.fc(ctx)?.streamId.toString()),
  fact('bc', 'bs.id', 'serverConnection', ({ streamId }) => streamId),
  ...streamRows('fs', 'fc', 'clientConnection'),
  ...streamRows('bs', 'bc', 'serverConnection'),
  plain('bc_reused', 'bool', 'serverConnection', (ctx) => (ctx.unread ? undefined : ctx.serverReused === true)),
  { ...{ name: 'fc_pp_tlv', args: 'string', type: 'str', source: 'clientConnection' }, compile: compileTlv },
  plain('fc_pp_authority', 'str', 'clientAddress', (ctx) => ctx.clientConnection?.tlv?.(TLV_TYPES['AUTHORITY']!)),
  plain('fc_pp_unique_id', 'str', 'clientAddress', (ctx) => ctx.clientConnection?.tlv?.(TLV_TYPES['UNIQUE_ID']!)),
];
