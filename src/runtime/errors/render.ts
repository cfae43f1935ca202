import type { CapturedError } from '../../model/messages.ts';
import { dateText } from '../time.ts';

/** States of HAProxy's HTTP/1 parser in order: their numbers are printed. */
const STATES =
  `MSG_RQBEFORE MSG_RQBEFORE_CR MSG_RQMETH MSG_RQMETH_SP MSG_RQURI MSG_RQURI_SP MSG_RQVER MSG_RQLINE_END MSG_RPBEFORE
  MSG_RPBEFORE_CR MSG_RPVER MSG_RPVER_SP MSG_RPCODE MSG_RPCODE_SP MSG_RPREASON MSG_RPLINE_END MSG_HDR_FIRST MSG_HDR_NAME MSG_HDR_COL
  MSG_HDR_L1_SP MSG_HDR_L1_LF MSG_HDR_L1_LWS MSG_HDR_VAL MSG_HDR_L2_LF MSG_HDR_L2_LWS MSG_LAST_LF MSG_CHUNK_SIZE MSG_DATA
  MSG_CHUNK_CRLF MSG_TRAILERS MSG_DONE MSG_TUNNEL`.split(/\s+/);

/** A captured message as `show errors` tells it. `bufsize`: `tune.bufsize`. */
export function errorText(error: CapturedError, bufsize: number): string {
  const length = error.bytes.length;
  const server = error.server === null ? 'server <NONE> (#-1)' : `server ${error.server} (#${error.serverId})`;
  const backend = error.backend === null ? 'backend <NONE> (#-1)' : `backend ${error.backend} (#${error.backendId})`;
  const other = error.side === 'request' ? backend : `frontend ${error.frontend} (#${error.frontendId})`;
  return [
    ' ',
    `[${dateText(error.date)}] ${error.side === 'request' ? 'frontend' : 'backend'} ${error.proxy} (#${error.proxyId}): invalid ${error.side}`,
    `  ${other}, ${server}, event #${error.eventId}, src ${error.source}`,
    `  buffer starts at 0 (including 0 out), ${Math.max(0, bufsize - length)} free,`,
    `  len ${length}, wraps at ${bufsize - 40}, error at position ${error.position}`,
    '  H1 connection flags 0x00000000, H1 stream flags 0x00000000',
    `  H1 msg state ${error.parserState}(${STATES.indexOf(error.parserState)}), H1 msg flags 0x00000000`,
    '  H1 chunk len 0 bytes, H1 body len 0 bytes :',
    '  ',
    dumpBytes(error.bytes),
  ].join('\n');
}

/** Width of a dumped line, offset included. */
const WIDTH = 79;
const NAMED: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 27: '\\e', 92: '\\\\' };

/** Bytes as text with offsets: a line for each line of input, long ones continued behind `+`. */
function dumpBytes(bytes: Uint8Array): string {
  let text = '';
  let line = '';
  let isStart = true;
  for (let i = 0; i < bytes.length; i++) {
    if (line === '') line = `  ${String(i).padStart(5, '0')}${isStart ? ' ' : '+'} `;
    const byte = bytes[i]!;
    line +=
      NAMED[byte] ??
      (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`);
    isStart = byte === 10;
    if (!isStart && i + 1 < bytes.length && line.length + widthOf(bytes[i + 1]!) <= WIDTH) continue;
    text += `${line}\n`;
    line = '';
  }
  return text;
}

/** Columns that a byte takes. */
function widthOf(byte: number): number {
  return NAMED[byte]?.length ?? (byte >= 32 && byte < 127 ? 1 : 4);
}
