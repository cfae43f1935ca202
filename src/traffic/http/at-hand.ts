import type { BodyExtent } from '../../expr/types.ts';
import { Body } from '../h1/body.ts';

/*
 * What is at hand of a body that has not been passed on: bytes [pos, end), with framing.
 */

const probe = new Body();

/** The payload, as latin1 text. */
export function payloadOf(body: Body, buf: Buffer, start: number, end: number): string {
  probe.copyFrom(body);
  let text = '';
  for (let pos = start; pos < end && !probe.done && !probe.failed; ) {
    const next = probe.feedData(buf, pos, end);
    text += buf.latin1Slice(probe.dataStart, probe.dataEnd);
    pos = next;
  }
  return text;
}

/** What there is beside the payload. */
export function extentOf(body: Body, buf: Buffer, start: number, end: number): BodyExtent {
  probe.copyFrom(body);
  const before = probe.counted;
  let payload = 0;
  for (let pos = start; pos < end && !probe.done && !probe.failed; ) {
    pos = probe.feedData(buf, pos, end);
    payload += probe.dataEnd - probe.dataStart;
  }
  return { behind: probe.done ? probe.counted - before - payload : 0, coming: probe.announced };
}
